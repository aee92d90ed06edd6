import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ask } from '../packages/server/src/idp/sign-in/test-client.ts';
import type { Script } from '../packages/server/src/idp/sign-in/upstream/fixtures/scripted-provider.ts';
import {
  openUpstreamWorld,
  type UpstreamWorld,
} from '../packages/server/src/idp/sign-in/upstream/fixtures/upstream-world.ts';
import { findChromium } from '../scripts/chromium.ts';

// The pages a person meets where an identity provider of the organisation signs them in. SCREENSHOTS=<folder> keeps a picture of each.

const looks = [
  { name: 'light', colorScheme: 'light', width: 1440, height: 900 },
  { name: 'dark', colorScheme: 'dark', width: 1440, height: 900 },
  { name: 'narrow', colorScheme: 'light', width: 360, height: 740 },
] as const;

describe('the pages around an upstream', () => {
  let world: UpstreamWorld;
  let browser: Browser;
  let client: Server;
  let callback: string;

  before(async () => {
    client = createServer((_, response) => response.end('back at the client')).listen(0, '127.0.0.1');
    await new Promise((resolve) => client.once('listening', resolve));
    callback = `http://127.0.0.1:${(client.address() as AddressInfo).port}/callback`;
    world = await openUpstreamWorld();
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
  });
  beforeEach(() => {
    world.company.script = {};
  });
  after(async () => {
    await browser.close();
    client.closeAllConnections();
    client.close();
    await world.close();
  });

  const start = (page: Page, more: Record<string, string> = {}) =>
    page.goto(ask(world, 'claude-code', callback, more).url);
  const go = (page: Page) => page.getByRole('button', { name: 'Continue with Company' }).click();
  /** The provider answers like this; the page that comes of it. */
  const answered =
    (script: Script, more: Record<string, string> = {}) =>
    async (page: Page) => {
      world.company.script = script;
      await start(page, more);
      await go(page);
      await page.waitForURL(/\/sign-in\/upstream\/company/);
    };
  const states: Record<string, { heading: string; open: (page: Page) => Promise<unknown> }> = {
    choice: { heading: 'Sign in to Acme', open: (page) => start(page) },
    going: {
      heading: 'On to Company',
      open: async (page) => {
        // It leaves by itself; for the picture it stays.
        await page.route(`${world.issuer}/interaction/*`, async (route) => {
          if (route.request().method() !== 'POST') return route.continue();
          const response = await route.fetch({ maxRedirects: 0 });
          const { refresh: _, ...headers } = response.headers();
          await route.fulfill({ response, headers });
        });
        await start(page);
        await go(page);
      },
    },
    cancelled: {
      heading: 'Company did not sign you in.',
      open: answered({ answer: { code: undefined, error: 'access_denied' } }),
    },
    'groups-left-out': {
      heading: 'Company did not send all your groups.',
      open: answered({ claims: { groups: undefined, _claim_names: { groups: 'src1' } } }),
    },
    'address-taken': {
      heading: 'Somebody else has your e-mail address here.',
      open: answered({ claims: { sub: 'x', email: 'alice@acme.example' } }),
    },
    'too-weak': {
      heading: 'Company did not ask you to prove yourself strongly enough.',
      open: answered({}, { acr_values: 'phr' }),
    },
    misunderstanding: {
      heading: 'Company and this server do not understand each other.',
      open: answered({ claims: { nonce: 'x' } }),
    },
    outage: { heading: 'Company does not answer.', open: answered({ token: { status: 503, body: {} } }) },
    'another-browser': {
      heading: 'This sign-in is no longer good.',
      open: (page) => page.goto(`${world.issuer}/sign-in/upstream/company?code=x&state=y`),
    },
    'signed-out-here': {
      heading: 'You are signed out here',
      open: async (page) => {
        await start(page);
        await go(page);
        await page.waitForURL(/\/callback\?code=/);
        await page.goto(`${world.issuer}/session/end`);
        await page.getByRole('button', { name: 'Sign out' }).click();
      },
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
          if (folder) await page.screenshot({ path: `${folder}/upstream-${state}-${name}.png` });
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

  test('with the keyboard alone: from the address to the provider and back to the client', async () => {
    const page = await browser.newPage();
    await start(page);
    await page.locator('#email:focus').waitFor();
    await page.keyboard.type('dana@acme.example');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/callback\?code=/);
    await page.close();
  });
});

/** The browser reports every answer that is an error, and the request this test cuts off; that is what the pages are about. */
function isOurs(complaint: string): boolean {
  return !/Failed to load resource: (?:the server responded with a status of [45]\d\d|net::ERR_FAILED)/.test(complaint);
}
