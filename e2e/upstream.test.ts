import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { clientNamed, userNamed } from '../examples/acme/demo-file.ts';
import { runCredence } from '../examples/acme/server-process.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import { findChromium } from '../scripts/chromium.ts';
import {
  type Acme,
  type Answer,
  claimsOf,
  exportAudit,
  onEnd,
  postForm,
  secretOf,
  startAcme,
  suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';

// A company signs its people in by its own identity provider, a process of its own; Credence takes their groups and decides.

const strong = 'urn:company:two-factor';

describe('sign-in by a real second OpenID provider, in a real browser', () => {
  const scope = suiteScope(after);
  const told: string[] = [];
  let acme: Acme;
  let company: ChildProcess;
  let companyIssuer: string;
  let client: Server;
  let callback: string;
  let browser: Browser;

  before(async () => {
    client = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      if (request.method === 'POST') told.push(new URLSearchParams(body).get('logout_token') ?? '');
      response.end('back at the client');
    }).listen(0, '127.0.0.1');
    await once(client, 'listening');
    onEnd(scope, async () => {
      client.closeAllConnections();
      client.close();
    });
    const clientUrl = `http://127.0.0.1:${(client.address() as AddressInfo).port}`;
    callback = `${clientUrl}/callback`;

    const [port, idpPort, rasPort, adminPort] = await freePorts(4);
    // The same site as Credence, so that its cookies go along with the form that signs out there.
    companyIssuer = `http://localhost:${port}`;
    const home = await temporaryHome(scope);
    const secret = randomBytes(24).toString('base64url');
    await writeFile(join(home, 'company.secret'), secret, { mode: 0o600 });
    await writeFile(join(home, 'credence.yaml'), toConfig(companyIssuer), { mode: 0o600 });
    await writeFile(join(home, 'access.yaml'), await toAccess(clientUrl), { mode: 0o600 });
    await copyFile(
      fileURLToPath(new URL('../examples/acme/resource.yaml', import.meta.url)),
      join(home, 'resource.yaml'),
    );
    company = await startCompany(port ?? 0, `http://localhost:${idpPort}`, secret);
    onEnd(scope, async () => void company.kill());
    const ports = [`--idp-port=${idpPort}`, `--ras-port=${rasPort}`, `--admin-port=${adminPort}`];
    acme = await startAcme(scope, { home, extraFlags: ports });
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
    onEnd(scope, () => browser.close());
  });

  const withBrowser = async (work: (page: Page, context: BrowserContext) => Promise<void>) => {
    const context = await browser.newContext();
    try {
      await work(await context.newPage(), context);
    } finally {
      await context.close();
    }
  };
  /** To the client's redirect address; `through` does what a person does at the pages. */
  const signIn = async (page: Page, through: (page: Page) => Promise<void>, more: Record<string, string> = {}) => {
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'claude-code',
      redirect_uri: callback,
      scope: 'openid',
      state: 's',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    });
    await page.goto(`${acme.demo.idp.issuer}/auth?${query}`);
    await through(page);
    await page.waitForURL(/\/callback\?/, { timeout: 10_000 }).catch(async () => {
      const words = await page.locator('body').innerText();
      throw new Error(`stuck at ${page.url().split('?')[0]}: ${words}\n${acme.server.output()}`);
    });
    const code = new URL(page.url()).searchParams.get('code') ?? '';
    const { idp } = clientNamed(acme.demo, 'claude-code');
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier };
    return tokenOf(await postForm(`${acme.demo.idp.issuer}/token`, { ...form, ...secretOf(idp) }), 'id_token');
  };
  const byAddress = (name: string) => async (page: Page) => {
    await page.getByLabel('Work email').fill(`${name.toLowerCase()}@acme.example`);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: `Sign in as ${name}` }).click();
  };
  /** The company knows the browser still. */
  const byButton = (page: Page) => page.getByRole('button', { name: 'Continue with Company' }).click();
  const exchange = (idToken: string, more: Record<string, string> = {}): Promise<Answer> => {
    const { idp } = clientNamed(acme.demo, 'claude-code');
    const server = acme.demo.servers.find(({ name }) => name === 'everything');
    return postForm(`${acme.demo.idp.issuer}/token`, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      subject_token: idToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: acme.demo.ras.issuer,
      resource: server?.resource ?? '',
      ...secretOf(idp),
      ...more,
    });
  };
  const signOut = async (page: Page) => {
    await page.goto(`${acme.demo.idp.issuer}/session/end`);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  };

  test('the groups there decide what the ID-JAG carries: engineering gets tools, marketing nothing', async () => {
    await withBrowser(async (page) => {
      const idToken = await signIn(page, byAddress('Gina'));
      const idJag = claimsOf(tokenOf(await exchange(idToken)));
      assert.equal(idJag.scope, 'tools:run');
      assert.deepEqual([idJag.acr, idJag.amr], ['urn:company:password', ['pwd']]);
      assert.equal(idJag.sub, claimsOf(idToken).sub);
    });
    await withBrowser(async (page) => {
      const idToken = await signIn(page, byAddress('Mario'));
      assert.deepEqual((await exchange(idToken)).body.error, 'access_denied');
    });
    const groups = await runCredence(['group', 'list', '--source', 'upstream:company', '--json', '--home', acme.home]);
    const ids = groups.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).id as string);
    assert.ok(ids.includes('company/engineering') && ids.includes('company/marketing'), groups.stdout);
  });

  test('step-up: refused, asked for at the company, and granted with what the company says', async () => {
    await withBrowser(async (page) => {
      const weak = await signIn(page, byAddress('Gina'));
      const refused = await exchange(weak, { scope: 'env:read' });
      assert.equal(refused.body.error, 'insufficient_user_authentication');
      assert.equal(refused.body.acr_values, strong);
      const needs = { acr_values: String(refused.body.acr_values), max_age: String(refused.body.max_age) };
      const through = async (at: Page) => {
        await at.getByRole('button', { name: 'Continue with Company' }).click();
        await at.getByRole('button', { name: 'Sign in with the phone as Gina' }).click();
      };
      const idJag = claimsOf(tokenOf(await exchange(await signIn(page, through, needs), { scope: 'env:read' })));
      assert.deepEqual([idJag.scope, idJag.acr, idJag.amr], ['env:read', strong, ['pwd', 'otp', 'mfa']]);
    });
  });

  test('signing out here ends it here at once, tells the client, and leads to signing out there', async () => {
    await withBrowser(async (page) => {
      const idToken = await signIn(page, byAddress('Gina'));
      told.length = 0;
      await signOut(page);
      await page.getByRole('heading', { name: 'You are signed out here' }).waitFor();
      assert.equal((await exchange(idToken)).body.error, 'invalid_grant');
      assert.deepEqual(
        told.map((token) => claimsOf(token).sid),
        [claimsOf(idToken).sid],
      );
      await page.getByRole('button', { name: 'Sign out of Company too' }).click();
      await page.getByRole('button', { name: /yes/i }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      assert.ok(page.url().startsWith(acme.demo.idp.issuer));
      await page.goto(`${companyIssuer}/session/end`);
      // The company has forgotten the browser: the next sign-in asks there again.
      await signIn(page, byAddress('Gina'));
    });
  });

  test('a person who leaves the company is out here at once', async () => {
    await withBrowser(async (page) => {
      const idToken = await signIn(page, byAddress('Gina'));
      assert.equal((await exchange(idToken)).status, 200);
      told.length = 0;
      assert.equal((await fetch(`${companyIssuer}/leave/gina`, { method: 'POST' })).status, 200);
      assert.equal((await exchange(idToken)).body.error, 'invalid_grant');
      assert.ok(told.some((token) => claimsOf(token).sid === claimsOf(idToken).sid));
    });
  });

  test('sessions are listed and ended by command', async () => {
    await withBrowser(async (page) => {
      const idToken = await signIn(page, byAddress('Gina'));
      const person = ['--person', 'gina@acme.example', '--home', acme.home];
      const list = await runCredence(['session', 'list', '--json', ...person]);
      const [session] = list.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
      assert.deepEqual([session.upstream, session.personId], ['company', claimsOf(idToken).sub]);
      assert.match(
        (await runCredence(['session', 'list', ...person])).stdout,
        /gina@acme\.example .* company .* claude-code/,
      );
      const unclear = await runCredence(['session', 'end', '--home', acme.home]);
      assert.deepEqual([unclear.code, /--all: one of them/.test(unclear.stderr)], [2, true]);
      assert.match((await runCredence(['session', 'end', session.uid, '--home', acme.home])).stdout, /1 session ended/);
      assert.equal((await exchange(idToken)).body.error, 'invalid_grant');
      assert.equal((await runCredence(['session', 'end', session.uid, '--home', acme.home])).code, 2);

      const again = await signIn(page, byButton);
      assert.match((await runCredence(['session', 'end', ...person])).stdout, /session(s)? ended/);
      assert.equal((await exchange(again)).body.error, 'invalid_grant');
    });
  });

  test('an identity is linked to a local person by command, and unlinked', async () => {
    const at = ['--home', acme.home];
    const linked = await runCredence(['identity', 'link', 'bob@acme.example', 'company', 'robert', ...at]);
    assert.equal(linked.code, 0, linked.stderr);
    assert.match((await runCredence(['identity', 'list', 'bob@acme.example', ...at])).stdout, /company .* robert/);
    const taken = await runCredence(['identity', 'link', 'alice@acme.example', 'company', 'robert', ...at]);
    assert.deepEqual([taken.code, /linked to a person already/.test(taken.stderr)], [2, true]);
    const owned = await runCredence(['identity', 'link', 'gina@acme.example', 'company', 'x', ...at]);
    assert.match(owned.stderr, /belongs to upstream:company/);
    const unknown = await runCredence(['identity', 'link', 'bob@acme.example', 'okta', 'x', ...at]);
    assert.match(unknown.stderr, /Configured under sign_in\.upstream: company/);
    assert.equal((await runCredence(['identity', 'unlink', 'bob@acme.example', 'company', ...at])).code, 0);
    assert.equal((await runCredence(['identity', 'unlink', 'bob@acme.example', 'company', ...at])).code, 2);
  });

  test('an outage at the company is a page with a reference; a password of this server still works; nothing secret is on the record', async () => {
    company.kill();
    await once(company, 'exit');
    await new Promise((resolve) => setTimeout(resolve, 10_500)); // as long as it counts as alive
    await withBrowser(async (page) => {
      const { email, password } = userNamed(acme.demo, 'alice');
      const through = async (at: Page) => {
        await byButton(at);
        await at.getByRole('heading', { name: 'Company does not answer.' }).waitFor();
        const reference = await at.locator('.reference code').innerText();
        const lines = await exportAudit(acme.home);
        assert.equal(lines.find(({ id }) => id === reference)?.reason, 'upstream_unreachable');
        await at.getByRole('link', { name: 'Try again, or sign in another way' }).click();
        await at.getByRole('button', { name: 'Use a password of this server' }).click();
        await at.getByLabel('Work email').fill(email);
        await at.getByLabel('Password').fill(password);
        await at.keyboard.press('Enter');
      };
      const idToken = await signIn(page, through);
      assert.equal((await exchange(idToken)).status, 200);
    });
    const record = JSON.stringify(await exportAudit(acme.home));
    // A JWT, not three letters: salts and hashes are random base64url.
    assert.doesNotMatch(record, /eyJ[\w-]+\.|acme\.example"|client_secret/);
    assert.match(record, /"kind":"directory"/);
    assert.doesNotMatch(acme.server.output(), /eyJ[\w-]+\./);
  });
});

function toConfig(issuer: string): string {
  return `organisation: Acme
sign_in:
  upstream:
    company: { name: Company, issuer: "${issuer}", client_id: credence, client_secret_file: company.secret, domains: [acme.example] }
`;
}

/** The demonstration's document, with rules for the groups of the company. */
async function toAccess(clientUrl: string): Promise<string> {
  const text = await readFile(new URL('../examples/acme/access.yaml', import.meta.url), 'utf8');
  return `${text.replace('  claude-code:\n', `  claude-code:\n    backchannel_logout_uri: ${clientUrl}/logout\n`)}
  - id: company-engineering
    allow: all
    on: [everything, files, memory]
    to: [group:company/engineering]
  - id: environment-needs-two-factors
    require: { acr: "${strong}", max_age: 3600 }
    for: [env:read]
    on: everything
sign_in: { acr: ["${strong}"], amr: [pwd, otp, mfa] }
`;
}

async function startCompany(port: number, credence: string, secret: string): Promise<ChildProcess> {
  const main = fileURLToPath(new URL('./company-idp.ts', import.meta.url));
  const child = spawn(process.execPath, [main, String(port), credence, secret], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.stdout.resume();
  return child;
}
