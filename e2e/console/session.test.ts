import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { runCredence } from '../../examples/acme/server-process.ts';
import { suiteScope } from '../harness.ts';
import { type ConsoleWorld, checkComplaints, checkLooks, fillSignIn, signIn, startConsole, watch } from './harness.ts';

describe('signing in at the console', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  async function stranger(): Promise<Page> {
    const context = await world.browser.newContext();
    watch(context, world.url);
    return context.newPage();
  }

  test('whoever is not signed in is told so, signs in, and is back at the same address', async () => {
    const page = await stranger();
    await page.goto(`${world.url}/parts?q=a%20b`);
    await page.getByRole('heading', { level: 1, name: 'You are not signed in.' }).waitFor();
    await checkLooks(page, 'signed-out');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await fillSignIn(page, world.acme.demo, 'dana');
    await page.getByRole('heading', { level: 1, name: 'Parts and states' }).waitFor();
    assert.equal(page.url(), `${world.url}/parts?q=a%20b`);
    await page.context().close();
  });

  test('a session that has ended is made up for in a window beside the page: what was typed stays', async () => {
    const page = await stranger();
    await signIn(page, world.acme, 'dana', '/parts');
    await page.getByLabel('Note for the record').fill('half a sentence');
    const ended = await runCredence(['session', 'end', '--person', 'dana@acme.example', '--home', world.acme.home]);
    assert.equal(ended.code, 0, ended.stderr);

    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('alice');
    const dialog = page.getByRole('dialog', { name: 'Your session has ended.' });
    await dialog.waitFor();
    const [window] = await Promise.all([
      page.waitForEvent('popup'),
      dialog.getByRole('button', { name: 'Sign in again' }).click(),
    ]);
    const closed = window.waitForEvent('close');
    await fillSignIn(window, world.acme.demo, 'dana');
    await closed;
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('option', { name: /alice@acme\.example/ }).waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await page.getByLabel('Note for the record').inputValue(), 'half a sentence');
    checkComplaints(page);
    await page.context().close();
  });

  test('whoever leaves is asked, then the page is empty until they sign in again, and what they typed is there', async () => {
    const page = await stranger();
    await signIn(page, world.acme, 'dana');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    await page.clock.install();
    await page.goto(`${world.url}/parts`);
    await page.getByLabel('Note for the record').fill('half a sentence');
    await page.clock.fastForward('14:10');
    await page.getByRole('dialog', { name: 'Are you still there?' }).waitFor();
    await page.clock.fastForward('01:00');
    const dialog = page.getByRole('dialog', { name: 'Your session has ended.' });
    await dialog.waitFor();
    const note = page.getByLabel('Note for the record');
    assert.equal(await note.isVisible(), false);
    const [window] = await Promise.all([
      page.waitForEvent('popup'),
      dialog.getByRole('button', { name: 'Sign in again' }).click(),
    ]);
    const closed = window.waitForEvent('close');
    await window.getByRole('button', { name: 'Continue as Dana' }).click();
    await closed;
    await dialog.waitFor({ state: 'detached' });
    await note.waitFor();
    assert.equal(await note.inputValue(), 'half a sentence');
    checkComplaints(page);
    await page.context().close();
  });

  test('a page that was left shows nothing of what lay over it, and no window opens it without a sign-in', async () => {
    const page = await stranger();
    await signIn(page, world.acme, 'dana');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    await page.clock.install();
    await page.goto(`${world.url}/parts`);
    await page.getByLabel('Note for the record').fill('half a sentence');
    await page.keyboard.press('Control+k');
    const search = page.getByRole('combobox');
    await search.fill('alice');
    const found = page.getByRole('option', { name: /alice@acme\.example/ });
    await found.waitFor();
    await page.clock.fastForward('15:10');
    const dialog = page.getByRole('dialog', { name: 'Your session has ended.' });
    await dialog.waitFor();
    assert.ok(await dialog.getByRole('button', { name: 'Sign in again' }).isVisible());
    await found.waitFor({ state: 'hidden' });
    assert.equal(await page.locator('[role=combobox]').isVisible(), false);
    assert.equal(await page.locator('nav').first().isVisible(), false);
    assert.ok((await page.locator('[role=option]').count()) > 0, 'it is there, and not seen');

    const ended = await runCredence(['session', 'end', '--person', 'dana@acme.example', '--home', world.acme.home]);
    assert.equal(ended.code, 0, ended.stderr);
    const passer = await page.context().newPage();
    await passer.addInitScript('window.close = () => undefined');
    await passer.goto(`${world.url}/signed-in`);
    await page.getByRole('heading', { level: 1, name: 'You are not signed in.' }).waitFor();
    assert.equal(await page.locator('text=alice@acme.example').count(), 0);
    checkComplaints(page);
    await page.context().close();
  });

  test('somebody else who signs in beside a page that was left does not get what was on it', async () => {
    const page = await stranger();
    await signIn(page, world.acme, 'dana');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    await page.clock.install();
    await page.goto(`${world.url}/parts`);
    await page.getByLabel('Note for the record').fill('half a sentence');
    await page.clock.fastForward('15:10');
    await page.getByRole('dialog', { name: 'Your session has ended.' }).waitFor();
    const granted = await runCredence(['admin', 'grant', 'alice@acme.example', 'auditor', '--home', world.acme.home]);
    assert.equal(granted.code, 0, granted.stderr);
    const [theirs] = await world.browser.newContext().then(async (context) => {
      await signIn(await context.newPage(), world.acme, 'alice');
      await context.pages()[0]?.getByRole('navigation', { name: 'Pages' }).waitFor();
      return [await context.storageState(), await context.close()];
    });
    await page.context().clearCookies();
    await page.context().addCookies(theirs?.cookies ?? []);
    const passer = await page.context().newPage();
    await passer.addInitScript('window.close = () => undefined');
    await passer.goto(`${world.url}/signed-in`);
    await page.getByRole('heading', { level: 1, name: 'Parts and states' }).waitFor();
    assert.equal(await page.getByLabel('Note for the record').inputValue(), '');
    checkComplaints(page);
    await page.context().close();
  });

  test('signing out ends the session at the server too', async () => {
    const page = await stranger();
    await signIn(page, world.acme, 'dana');
    await page.getByRole('button', { name: 'Your account and settings' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { level: 1, name: 'You are signed out of the console.' }).waitFor();
    await page.goto(world.url);
    await page.getByRole('heading', { level: 1, name: 'You are not signed in.' }).waitFor();
    await page.context().close();
  });

  test('a role sees the pages that it may see, and is told why not at the address of another', async () => {
    const granted = await runCredence(['admin', 'grant', 'bob@acme.example', 'help-desk', '--home', world.acme.home]);
    assert.equal(granted.code, 0, granted.stderr);
    const page = await world.open('bob', '/access');
    await page.getByText('Your role, Help desk, does not see this page.').waitFor();
    await page.getByRole('heading', { level: 1, name: 'Access' }).waitFor();
    assert.equal(await page.getByRole('navigation').getByRole('link', { name: 'Access' }).count(), 0);
    await checkLooks(page, 'may-not');
    await page.close();
  });

  test('the keyboard alone: find, rows, another page', async () => {
    const page = await world.open('dana', '/parts');
    await page.getByRole('heading', { level: 1, name: 'Parts and states' }).waitFor();
    await page.keyboard.press('/');
    assert.equal(await page.evaluate('document.activeElement.type'), 'search');
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('scope:2', { exact: true }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.waitForURL(`${world.url}/`);
    checkComplaints(page);
    await page.close();
  });

  test('only pages get the page, and under a policy that allows nothing inline', async () => {
    const ask = (path: string, accept: string) => fetch(`${world.url}${path}`, { headers: { accept } });
    const page = await ask('/people/u_1', 'text/html');
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.equal(page.status, 200);
    assert.match(
      policy,
      /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; /,
    );
    assert.match(policy, /frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'$/);
    assert.ok(!policy.includes('unsafe'));
    assert.equal((await ask('/people/u_1', 'application/json')).status, 404);
    assert.equal((await ask('/assets/..%2f..%2fpackage.json', '*/*')).status, 400);
    assert.equal((await ask('/assets/missing.js', 'text/html')).status, 404);
    const [script] = /\/assets\/index-[\w-]+\.js/.exec(await page.text()) ?? [];
    const asset = await ask(script ?? '', '*/*');
    assert.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(asset.headers.get('content-encoding'), 'gzip');
  });
});

test('the first load of the console is at most 240 KB, zipped', () => {
  const folder = join(import.meta.dirname, '../../packages/server/console');
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  const loaded = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
  assert.ok(loaded.length >= 2 && readdirSync(join(folder, 'assets')).length > 3);
  const zipped = ['/index.html', ...loaded].reduce(
    (sum, path) => sum + gzipSync(readFileSync(join(folder, path))).length,
    0,
  );
  assert.ok(zipped <= 240 * 1024, `${zipped} bytes`);
});
