import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { userNamed } from '../examples/acme/demo-file.ts';
import { runCredence } from '../examples/acme/server-process.ts';
import { findChromium } from '../scripts/chromium.ts';
import { type Acme, exportAudit, onEnd, startAcme, suiteScope } from './harness.ts';

// The admin listener of a running server: an administrator in a real browser, and a program with a token.

interface Init {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

describe('the admin listener', () => {
  const scope = suiteScope(after);
  let acme: Acme;
  let browser: Browser;

  before(async () => {
    acme = await startAcme(scope);
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
    onEnd(scope, () => browser.close());
  });

  const admin = () => acme.demo.admin.url;
  const credence = (...args: string[]) => runCredence([...args, '--home', acme.home]);

  async function signIn(page: Page, firstName: string): Promise<void> {
    const { email, password } = userNamed(acme.demo, firstName);
    await page.goto(`${admin()}/sign-in`);
    await page.getByLabel('Work email').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
  }
  const call = (page: Page, path: string, init: Init = {}) =>
    page.evaluate(
      async ([url, given]) => {
        const response = await fetch(url, given);
        const text = await response.text();
        return { status: response.status, body: text === '' ? null : JSON.parse(text) };
      },
      [`${admin()}/api/v1${path}`, init] as const,
    );
  const post = (body: object): Init => ({
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', 'credence-console': '1' },
  });

  test('dana signs in at the IdP, and her browser has a session that no script can read and no other page can use', async () => {
    const context = await browser.newContext({ bypassCSP: true }); // for the requests that this test makes
    const page = await context.newPage();
    await signIn(page, 'dana');
    await page.waitForURL(`${admin()}/`);
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    const me = await call(page, '/me');
    assert.deepEqual([me.status, me.body.role, me.body.credential, me.body.demo], [200, 'owner', 'session', true]);
    assert.equal(await page.evaluate('document.cookie'), '');

    const made = await call(page, '/tokens', post({ name: 'from the browser', scopes: ['read:audit'], days: 1 }));
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const form = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
    assert.equal((await call(page, '/tokens', form)).status, 403);

    // Another port of this host: the same site, so the cookie goes along, and yet it is not ours.
    const stranger = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>hello'));
    stranger.listen(0, 'localhost');
    await new Promise((resolve) => stranger.once('listening', resolve));
    onEnd(scope, async () => void stranger.close());
    const evil = await context.newPage();
    await evil.goto(`http://localhost:${(stranger.address() as AddressInfo).port}/`);
    const outcome = await evil.evaluate(async (url) => {
      const answers = await Promise.allSettled([
        fetch(`${url}/api/v1/me`, { credentials: 'include' }),
        fetch(`${url}/api/v1/tokens`, { method: 'POST', credentials: 'include', mode: 'no-cors', body: '{}' }),
      ]);
      return answers.map((each) => (each.status === 'rejected' ? 'kept out' : each.value.type));
    }, admin());
    assert.deepEqual(outcome, ['kept out', 'kept out']);
    const records = await exportAudit(acme.home);
    assert.ok(records.filter(({ reason }) => reason === 'admin_foreign_page').length >= 2);

    const ended = await credence('session', 'end', '--person', 'dana@acme.example');
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal((await call(page, '/me')).status, 401);
    await context.close();
  });

  test('alice, who does not administer, is told so', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await signIn(page, 'alice');
    await page.getByText('You do not administer here.').waitFor();
    assert.ok((await context.cookies(admin())).every(({ name }) => name !== 'credence_admin'));
    await context.close();
  });

  test('a program uses a token that a command made, until a command revokes it', async () => {
    const made = await credence(
      ...['api-token', 'create', '--for', 'dana@acme.example', '--name', 'reader', '--days', '30', '--json'],
      ...['--scope', 'read:people', 'read:audit'],
    );
    assert.equal(made.code, 0, made.stderr);
    const { id, token } = JSON.parse(made.stdout);
    const ask = () => fetch(`${admin()}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    const me = (await (await ask()).json()) as { email: string; permissions: string[] };
    assert.deepEqual([me.email, me.permissions], ['dana@acme.example', ['read:people', 'read:audit']]);
    const listed = await credence('api-token', 'list');
    assert.ok(listed.stdout.includes(id) && !listed.stdout.includes(token));
    assert.equal((await credence('api-token', 'revoke', id)).code, 0);
    assert.equal((await ask()).status, 401);
    assert.equal((await credence('api-token', 'revoke', id)).code, 2);
    const records = JSON.stringify(await exportAudit(acme.home));
    assert.ok(!records.includes(token), 'a token is on no record');
  });

  test('a token is refused to whom it cannot belong, and what it cannot have', async () => {
    const create = (...args: string[]) => credence('api-token', 'create', '--name', 'x', ...args);
    for (const [words, ...args] of [
      ['does not administer', '--for', 'bob@acme.example', '--scope', 'read:audit', '--days', '1'],
      ['cannot have resume', '--for', 'dana@acme.example', '--scope', 'resume', '--days', '1'],
      ['1 to 366 days', '--for', 'dana@acme.example', '--scope', 'read:audit', '--days', '367'],
    ] as const) {
      const { code, stderr } = await create(...args);
      assert.equal(code, 2);
      assert.ok(stderr.includes(words), stderr);
    }
  });
});
