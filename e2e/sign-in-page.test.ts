import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ask } from '../packages/server/src/idp/sign-in/test-client.ts';
import { alice, openTestWorld, password, type TestWorld } from '../packages/server/src/idp/sign-in/test-world.ts';
import { findChromium } from '../scripts/chromium.ts';

// The pages a person meets at sign-in, in a real browser. SCREENSHOTS=<folder> keeps a picture of each.

const looks = [
  { name: 'light', colorScheme: 'light', width: 1440, height: 900 },
  { name: 'dark', colorScheme: 'dark', width: 1440, height: 900 },
  { name: 'narrow', colorScheme: 'light', width: 360, height: 740 },
] as const;

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
  const states: Record<string, { heading: string; open: (page: Page) => Promise<unknown> }> = {
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

  for (const [state, { heading, open }] of Object.entries(states)) {
    for (const { name, colorScheme, width, height } of looks) {
      test(`${state}, ${name}: looks right to axe, fits, and runs nothing`, async () => {
        const context = await browser.newContext({ colorScheme, viewport: { width, height } });
        try {
          const page = await context.newPage();
          const complaints: string[] = [];
          page.on('console', (message) => complaints.push(message.text()));
          page.on('pageerror', (error) => complaints.push(error.message));
          await open(page);
          assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), heading);
          const folder = process.env.SCREENSHOTS;
          if (folder) await page.screenshot({ path: `${folder}/${state}-${name}.png` });

          // Playwright's own axe script is not bound by the policy of the page.
          const { violations } = await new AxeBuilder({ page }).analyze();
          assert.deepEqual(
            violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
            [],
          );
          const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
          assert.ok(overflow <= 0, `scrolls sideways by ${overflow} px`);
          assert.deepEqual(complaints.filter(isOurs), []);
        } finally {
          await context.close();
        }
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

/** The browser reports every answer of 400; that is what the page is about. */
function isOurs(complaint: string): boolean {
  return !/Failed to load resource: the server responded with a status of 400/.test(complaint);
}
