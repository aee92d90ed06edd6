import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { hashOnceCode, newOnceCode } from '../packages/server/src/directory/once-codes.ts';
import { ask, codeOf, giveApp } from '../packages/server/src/idp/sign-in/test-client.ts';
import { alice, openTestWorld, password, type TestWorld } from '../packages/server/src/idp/sign-in/test-world.ts';
import { acrOf } from '../packages/server/src/policy/sign-in-levels.ts';
import type { Person } from '../packages/server/src/store/store.ts';
import { findChromium } from '../scripts/chromium.ts';
import { checkLook, looks, type State } from './page-look.ts';
import { addAuthenticator } from './virtual-authenticator.ts';

// The pages of second factors in a real browser, with a real passkey ceremony.

describe('the pages of second factors', () => {
  let world: TestWorld;
  let browser: Browser;
  let client: Server;
  let callback: string;
  let made = 0;

  before(async () => {
    client = createServer((_, response) => response.end('back at the client')).listen(0, '127.0.0.1');
    await new Promise((resolve) => client.once('listening', resolve));
    callback = `http://127.0.0.1:${(client.address() as AddressInfo).port}/callback`;
    world = await openTestWorld();
    world.firstFactor = 'password';
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
  });
  after(async () => {
    await browser.close();
    client.closeAllConnections();
    client.close();
    await world.close();
  });

  async function newPerson(): Promise<Person> {
    made += 1;
    const person = { ...alice, id: `u_new_${made}`, email: `new${made}@acme.example`, name: `new ${made}` };
    await world.store.people.save(person);
    await world.store.people.setPasswordHash(person.id, (await world.store.people.passwordHash(alice.id)) ?? '');
    return person;
  }
  const fillPassword = async (page: Page, { email }: Person) => {
    await page.getByLabel('Work email').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
  };
  const login = async (page: Page, person: Person, more: Record<string, string> = {}) => {
    await page.goto(ask(world, 'claude-code', callback, more).url);
    await fillPassword(page, person);
  };
  const arrived = (page: Page) => page.waitForURL(/\/callback\?code=/);
  const askMfa = { acr_values: acrOf.twoFactors };
  const askPhr = { acr_values: acrOf.passkey };
  const withApp = async () => {
    const person = await newPerson();
    const secret = await giveApp(world, person.id);
    const codes = Array.from({ length: 10 }, newOnceCode);
    await world.store.factors.setRecoveryCodes(
      person.id,
      codes.map((code) => hashOnceCode(code) ?? ''),
      [],
    );
    return { person, secret, code: String(codes[0]) };
  };
  const makePasskey = async (page: Page, person: Person) => {
    await login(page, person, askPhr);
    await page.getByRole('button', { name: 'Make a passkey' }).click();
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await page.getByRole('button', { name: 'Use your passkey' }).click();
    await arrived(page);
  };
  const openSecurity = async (page: Page) => {
    const { person, secret } = await withApp();
    await page.goto(`${world.issuer}/security`);
    await fillPassword(page, person);
    await page.getByLabel('Six-digit code').fill(codeOf(secret));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'How you sign in' }).waitFor();
  };

  const states: Record<string, State> = {
    'second-step': {
      heading: 'One more step',
      open: async (page) => login(page, (await withApp()).person),
    },
    'second-step-wrong': {
      heading: 'One more step',
      open: async (page) => {
        await login(page, (await withApp()).person);
        await page.getByLabel('Six-digit code').fill('000 000x');
        await page.keyboard.press('Enter');
        await page.getByRole('alert').filter({ hasText: 'not the right one' }).waitFor();
        await page.getByText('Use a recovery code instead').click();
      },
    },
    'second-step-passkey': {
      heading: 'One more step',
      open: async (page) => {
        const { person, secret } = await withApp();
        await addAuthenticator(page);
        await login(page, person, askPhr);
        await page.getByLabel('Six-digit code').fill(codeOf(secret));
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Make a passkey' }).click();
        await page.getByRole('button', { name: 'Use your passkey' }).click();
        await arrived(page);
        await page.context().clearCookies();
        await login(page, person);
      },
    },
    passkey: {
      heading: 'Sign in with a passkey',
      open: async (page) => {
        await page.goto(ask(world, 'claude-code', callback).url);
        await page.getByRole('button', { name: 'Use a passkey' }).click();
        await page.getByRole('button', { name: 'Use your password' }).waitFor();
      },
    },
    'passkey-none': {
      heading: 'Sign in with a passkey',
      open: async (page) => {
        await addAuthenticator(page);
        await page.goto(ask(world, 'claude-code', callback).url);
        await page.getByRole('button', { name: 'Use a passkey' }).click();
        await page.getByRole('button', { name: 'Use your passkey' }).click();
        await page.getByRole('alert').filter({ hasText: 'No passkey was used' }).waitFor();
      },
    },
    needed: {
      heading: 'This needs a second factor, and you have none yet.',
      open: async (page) => {
        world.firstFactor = 'code';
        await login(page, await newPerson(), askMfa);
        await page.getByLabel('Enrolment code').waitFor();
        world.firstFactor = 'password';
      },
    },
    'app-setup': {
      heading: 'Set up your authenticator app',
      open: async (page) => login(page, await newPerson(), askMfa),
    },
    'passkey-setup': {
      heading: 'Make a passkey',
      open: async (page) => login(page, await newPerson(), askPhr),
    },
    'recovery-codes': {
      heading: 'Keep these recovery codes',
      open: async (page) => {
        await addAuthenticator(page);
        await login(page, await newPerson(), askPhr);
        await page.getByRole('button', { name: 'Make a passkey' }).click();
        await page.getByRole('button', { name: 'I have kept them' }).waitFor();
      },
    },
    security: { heading: 'How you sign in', open: openSecurity },
    'security-rename': {
      heading: 'How you sign in',
      open: async (page) => {
        await addAuthenticator(page);
        await openSecurity(page);
        await page.getByRole('button', { name: 'Make a passkey' }).click();
        await page.getByRole('heading', { name: 'Make a passkey' }).waitFor();
        await page.getByRole('button', { name: 'Make a passkey' }).click();
        await page.getByRole('status').waitFor();
        await page.locator('summary').last().click();
      },
    },
    'security-none': {
      heading: 'How you sign in',
      open: async (page) => {
        world.firstFactor = 'code';
        await page.goto(`${world.issuer}/security`);
        await fillPassword(page, await newPerson());
        await page.getByLabel('Enrolment code').waitFor();
        world.firstFactor = 'password';
      },
    },
    'security-remove': {
      heading: 'Remove Authenticator app?',
      open: async (page) => {
        await openSecurity(page);
        await page.getByRole('button', { name: 'Remove Authenticator app' }).click();
      },
    },
  };
  for (const [name, state] of Object.entries(states)) {
    for (const look of looks) {
      test(`${name}, ${look.name}: looks right to axe, fits, and the policy of the page stops nothing`, () =>
        checkLook(browser, name, state, look));
    }
  }

  const inPage = async (work: (page: Page) => Promise<void>) => {
    const context = await browser.newContext();
    try {
      await work(await context.newPage());
    } finally {
      await context.close();
    }
  };

  test('a passkey is made and used, then signs in alone, by the keyboard', () =>
    inPage(async (page) => {
      await addAuthenticator(page);
      const person = await newPerson();
      await makePasskey(page, person);
      await page.context().clearCookies();
      await page.goto(ask(world, 'claude-code', callback).url);
      await page.getByRole('button', { name: 'Use a passkey' }).press('Enter');
      await page.getByRole('button', { name: 'Use your passkey' }).press('Enter');
      await arrived(page);
      const note = world.notes.at(-1);
      assert.equal(note?.facts.person, person.id);
      assert.match(String(note?.facts.detail), /^passkey\b/);
    }));

  test('an authenticator that verifies nobody does not do', () =>
    inPage(async (page) => {
      await addAuthenticator(page, { isUserVerified: false });
      await login(page, await newPerson(), askPhr);
      await page.getByRole('button', { name: 'Make a passkey' }).click();
      await page.getByRole('alert').filter({ hasText: 'No passkey was used' }).waitFor();
    }));

  test('the QR code says what the text beside it says', () =>
    inPage(async (page) => {
      await login(page, await newPerson(), askMfa);
      const box = await page.locator('svg.qr').boundingBox();
      assert.ok(box && box.width >= 180, 'large enough for a camera');
      assert.match((await page.locator('.secret code').textContent()) ?? '', /^(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
    }));

  test('a recovery code lets in, typed without its dashes', () =>
    inPage(async (page) => {
      const { person, code } = await withApp();
      await login(page, person);
      await page.getByText('Use a recovery code instead').click();
      await page.getByLabel('Recovery code').fill(code.replaceAll('-', ' '));
      await page.keyboard.press('Enter');
      await arrived(page);
    }));
});
