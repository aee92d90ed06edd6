import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Agent } from '../examples/acme/agent.ts';
import { serverNamed, userNamed } from '../examples/acme/demo-file.ts';
import { runCredence } from '../examples/acme/server-process.ts';
import { totpCode } from '../packages/server/src/directory/totp.ts';
import { makePkce } from '../packages/server/src/idp/sign-in/test-world.ts';
import { findChromium } from '../scripts/chromium.ts';
import {
  type Acme,
  type Answer,
  agentOf,
  claimsOf,
  exportAudit,
  postForm,
  secretOf,
  startAcme,
  suiteScope,
} from './harness.ts';
import { addAuthenticator } from './virtual-authenticator.ts';

// IDP-24 from end to end: a high-risk scope is refused to a password, and the words of the refusal, put to the sign-in in a
// real browser, earn it.

describe('step-up', () => {
  const scope = suiteScope(after);
  let acme: Acme;
  let browser: Browser;
  let client: Server;
  let callback: string;
  let agent: Agent;

  before(async () => {
    client = createServer((_, response) => response.end('back at the client')).listen(0, '127.0.0.1');
    await new Promise((resolve) => client.once('listening', resolve));
    callback = `http://127.0.0.1:${(client.address() as AddressInfo).port}/callback`;
    acme = await startAcme(scope);
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
    agent = await agentOf(acme.demo, 'alice');
  });
  after(async () => {
    await browser.close();
    client.closeAllConnections();
    client.close();
  });

  const exchange = (idToken: string): Promise<Answer> =>
    postForm(`${acme.demo.idp.issuer}/token`, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      subject_token: idToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: acme.demo.ras.issuer,
      resource: serverNamed(acme.demo, 'everything').resource,
      scope: 'tools:run env:read',
      ...secretOf(agent.idp),
    });

  /** Signs in again as a client does that was told to, the person at the pages. */
  async function signInAgain(page: Page, told: Answer['body'], atThePages: () => Promise<void>): Promise<string> {
    const { verifier, challenge } = makePkce();
    const state = randomBytes(8).toString('hex');
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: agent.idp.client_id,
      redirect_uri: callback,
      scope: 'openid',
      state,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...(typeof told.acr_values === 'string' && { acr_values: told.acr_values }),
      ...(typeof told.max_age === 'number' && { max_age: String(told.max_age) }),
    });
    await page.goto(`${acme.demo.idp.issuer}/auth?${query}`);
    await atThePages();
    await page.waitForURL(/\/callback\?/);
    const answered = new URL(page.url()).searchParams;
    assert.equal(answered.get('state'), state);
    const code = answered.get('code');
    assert.ok(code, `${answered}`);
    const { body } = await postForm(`${acme.demo.idp.issuer}/token`, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback,
      code_verifier: verifier,
      ...secretOf(agent.idp),
    });
    return String(body.id_token);
  }
  const fillPassword = async (page: Page) => {
    const { email, password } = userNamed(acme.demo, 'alice');
    await page.getByLabel('Work email').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
  };

  test('password: told which sign-in; app by enrolment code: gets the scope; passkey: gets it too', async () => {
    const refused = await exchange(agent.idToken);
    assert.equal(refused.status, 400);
    assert.equal(refused.body.error, 'insufficient_user_authentication');
    assert.equal(refused.body.acr_values, 'http://schemas.openid.net/pape/policies/2007/06/multi-factor');

    const { email } = userNamed(acme.demo, 'alice');
    const invited = await runCredence(['person', 'factors', 'invite', email, '--json', '--home', acme.home]);
    const { code } = JSON.parse(invited.stdout) as { code: string };

    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await addAuthenticator(page);
      const withApp = await signInAgain(page, refused.body, async () => {
        await fillPassword(page);
        await page.getByLabel('Enrolment code').fill(code);
        await page.keyboard.press('Enter');
        const key = (await page.locator('.secret code').textContent()) ?? '';
        const now = Math.floor(Date.now() / 30_000);
        await page.getByLabel('Six-digit code').fill(totpCode(fromBase32(key), now));
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'I have kept them' }).click();
      });
      assert.deepEqual(claimsOf(withApp).amr, ['pwd', 'otp', 'mfa']);
      const granted = await exchange(withApp);
      assert.deepEqual([granted.status, granted.body.scope], [200, 'tools:run env:read']);
      assert.deepEqual(claimsOf(String(granted.body.access_token)).amr, ['pwd', 'otp', 'mfa']);

      // The session is as strong now, and lets her look after her factors: a passkey is added.
      await page.goto(`${acme.demo.idp.issuer}/security`);
      await page.getByRole('button', { name: 'Make a passkey' }).click();
      await page.getByRole('heading', { name: 'Make a passkey' }).waitFor();
      await page.getByRole('button', { name: 'Make a passkey' }).click();
      await page.getByRole('status').waitFor();

      await context.clearCookies();
      const withPasskey = await signInAgain(page, refused.body, async () => {
        await page.getByRole('button', { name: 'Use a passkey' }).click();
        await page.getByRole('button', { name: 'Use your passkey' }).click();
      });
      const claims = claimsOf(withPasskey);
      assert.equal(claims.acr, 'phr');
      assert.ok(!(claims.amr as string[]).includes('pwd'));
      assert.equal((await exchange(withPasskey)).body.scope, 'tools:run env:read');
    } finally {
      await context.close();
    }

    const record = await exportAudit(acme.home);
    const factors = record.filter(({ kind }) => kind === 'factor').map(({ detail }) => String(detail));
    assert.equal(factors.length, 3);
    assert.match(factors[0] ?? '', /^enrolment code made, by command as /);
    assert.deepEqual(factors.slice(1), ['factor enrolled: first, by enrolment code', 'factor enrolled: another']);
    assert.ok(!JSON.stringify(record).includes(code));
    const ways = record.filter(({ kind }) => kind === 'sign_in').map(({ detail }) => String(detail));
    for (const way of [/^password and authenticator app\b/, /^passkey\b/]) {
      assert.ok(
        ways.some((said) => way.test(said)),
        `${way} in ${ways}`,
      );
    }
  });

  test('reset: the sessions end, and the password alone lets in again, to what needs no more', async () => {
    const { email } = userNamed(acme.demo, 'alice');
    const reset = await runCredence(['person', 'factors', 'reset', email, '--json', '--home', acme.home]);
    assert.deepEqual(JSON.parse(reset.stdout), { removed: 2 });
    const before = await exchange(agent.idToken);
    assert.deepEqual([before.status, before.body.error], [400, 'invalid_grant'], 'her sessions have ended');
    const again = await agentOf(acme.demo, 'alice');
    assert.equal((await exchange(again.idToken)).body.error, 'insufficient_user_authentication');
  });
});

function fromBase32(text: string): Buffer {
  const bits = [...text.replace(/[^A-Z2-7]/g, '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
