import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ask } from '../packages/server/src/idp/sign-in/test-client.ts';
import { alice, openTestWorld, password, type TestWorld } from '../packages/server/src/idp/sign-in/test-world.ts';
import { findChromium } from '../scripts/chromium.ts';
import { checkLook, looks, type State } from './page-look.ts';

// The pages a person meets at sign-in, in a real browser.

describe('the pages of the sign-in', () => {
  let world: TestWorld;
  let browser: Browser;
  let client: Server;
  let callback: string;

  before(async () => {
    client = createServer((_, response) => response.end('back at the client')).listen(0, '127.0.0.1');
    await new Promise((resolve) => client.once('listening', resolve));
    callback = `http://127.0.0.1:${(client.address() as AddressInfo).port}/callback`;
    world = await openTestWorld();
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
  });
  after(async () => {
    await browser.close();
    client.closeAllConnections();
    client.close();
    await world.close();
  });

  const login = (page: Page) => page.goto(ask(world, 'claude-code', callback).url);
  const signIn = async (page: Page) => {
    await login(page);
    await page.getByLabel('Work email').fill(alice.email);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/callback\?code=/);
  };
  const states: Record<string, State> = {
    login: { heading: 'Sign in to Acme', open: login },
    wrong: {
      heading: 'Sign in to Acme',
      open: async (page) => {
        await login(page);
        await page.getByLabel('Work email').fill(alice.email);
        await page.getByLabel('Password').fill('guess');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByRole('alert').waitFor();
      },
    },
    confirm: {
      heading: 'Continue as alice to Claude Code?',
      open: async (page) => {
        await signIn(page);
        await login(page);
      },
    },
    refused: {
      heading: 'Claude Code wants the answer at an address that is not registered for it.',
      open: (page) => page.goto(ask(world, 'claude-code', 'http://localhost:51234/elsewhere').url),
    },
    expired: {
      heading: 'This page is no longer good.',
      open: (page) => page.goto(`${world.issuer}/interaction/long-gone`),
    },
    'sign-out': {
      heading: 'Sign out of Acme?',
      open: async (page) => {
        await signIn(page);
        await page.goto(`${world.issuer}/session/end?client_id=claude-code`);
      },
    },
    'signed-out': {
      heading: 'You are signed out',
      open: async (page) => {
        await signIn(page);
        await page.goto(`${world.issuer}/session/end`);
        await page.getByRole('button', { name: 'Sign out' }).click();
      },
    },
    hostile: {
      heading: 'Sign in to Acme',
      open: (page) => page.goto(ask(world, 'hostile', callback).url),
    },
  };

  for (const [name, state] of Object.entries(states)) {
    for (const look of looks) {
      test(`${name}, ${look.name}: looks right to axe, fits, and runs nothing`, async () => {
        await checkLook(browser, name, { ...state, open: (page) => runsNothing(page, state.open) }, look);
      });
    }
  }

  test('with the keyboard alone: from the address to the client, the policy letting the redirect through', async () => {
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await login(page);
      await page.locator('#email:focus').waitFor();
      await page.keyboard.type(alice.email);
      await page.keyboard.press('Tab');
      await page.keyboard.type(password);
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/callback\?code=/);
    } finally {
      await context.close();
    }
  });

  test('after a wrong password the focus is where the next try begins', async () => {
    const page = await browser.newPage();
    await states.wrong?.open(page);
    assert.equal(await page.evaluate('document.activeElement.id'), 'password');
    assert.equal(await page.getByLabel('Work email').inputValue(), alice.email);
    await page.close();
  });
});

/** Opens it, and finds no script in it and none allowed. */
async function runsNothing(page: Page, open: State['open']): Promise<void> {
  const policies: string[] = [];
  page.on('response', (response) => policies.push(response.headers()['content-security-policy'] ?? ''));
  await open(page);
  assert.equal(await page.locator('script').count(), 0);
  assert.ok(!policies.some((policy) => policy.includes('script-src')));
}
