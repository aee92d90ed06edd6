import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { suiteScope } from '../harness.ts';
import { type ConsoleWorld, checkComplaints, signIn, startConsole, watch } from './harness.ts';

// What goes wrong while somebody works: a button pressed twice, Back in the middle, an answer that fails, comes late or never.

describe('what goes wrong at the console', () => {
  const scope = suiteScope(after);
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsole(scope);
  });

  /** A browser of its own, in which somebody can be signed out again. */
  async function ownBrowser(path: string): Promise<Page> {
    const context = await world.browser.newContext();
    watch(context, world.url);
    const page = await context.newPage();
    await signIn(page, world.acme, 'dana', path);
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    return page;
  }

  async function signOutAt(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Your account and settings' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
  }

  test('nobody is told that they are signed out when they are not', async () => {
    const page = await ownBrowser('/parts');
    await page.route('**/api/v1/me/session', (route) => route.abort());
    await signOutAt(page);
    await page.getByText('You are still signed in').waitFor();
    assert.equal(new URL(page.url()).pathname, '/parts');
    await page.unrouteAll();
    await signOutAt(page);
    await page.getByRole('heading', { level: 1, name: 'You are signed out of the console.' }).waitFor();
    checkComplaints(page);
    await page.context().close();
  });

  test('whoever signs out in one window leaves nothing on the screen in another', async () => {
    const page = await ownBrowser('/people');
    await page.getByText('bob@acme.example').waitFor();
    const other = await page.context().newPage();
    await other.goto(`${world.url}/parts`);
    await signOutAt(other);
    await other.getByRole('heading', { level: 1, name: 'You are signed out of the console.' }).waitFor();
    await page.getByRole('dialog', { name: 'Your session has ended.' }).waitFor();
    await page.getByText('bob@acme.example').waitFor({ state: 'hidden' });
    checkComplaints(page);
    await page.context().close();
  });
});
