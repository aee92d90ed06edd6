import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { makeLink } from '../packages/server/src/directory/account-links.ts';
import { ask, codeOf, giveApp } from '../packages/server/src/idp/sign-in/test-client.ts';
import { alice, openTestWorld, password, type TestWorld } from '../packages/server/src/idp/sign-in/test-world.ts';
import { compileAccess } from '../packages/server/src/policy/compile.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { reachOf } from '../packages/server/src/policy/reach.ts';
import type { AdminRole } from '../packages/server/src/store/administrators.ts';
import type { Person } from '../packages/server/src/store/store.ts';
import { findChromium } from '../scripts/chromium.ts';
import { checkLook, looks, type State } from './page-look.ts';

// Invitations, the help desk and "My agents" in a real browser.

const ras = 'https://mcp.acme.example';
const longName = 'Ωmega-service-with-a-name-that-nobody-would-choose-but-somebody-did';
const servers = Array.from({ length: 30 }, (_, at) => `server-${at}${at % 7 === 0 ? `-${longName.slice(1, 50)}` : ''}`);
const access = `
servers:
${servers.map((id) => `  ${id}: { resource: ${ras}/${id}/mcp, ras: ${ras}, scopes: { files:read: {}, files:write: {}, admin:everything: { risk: high } } }`).join('\n')}
clients:
  claude-code: { name: Claude Code, redirect_uris: [http://localhost/callback], client_ids: { ${ras}: cc } }
  portal: { name: Portal, redirect_uris: [https://portal.example/cb], client_ids: { ${ras}: portal } }
rules:
  - { id: all, allow: all, on: [${servers.join(', ')}], to: [group:many] }
`;

describe('the pages of local accounts, the help desk and agents', () => {
  let world: TestWorld;
  let browser: Browser;
  let client: Server;
  let callback: string;
  let made = 0;

  before(async () => {
    client = createServer((_, response) => response.end('back at the client')).listen(0, '127.0.0.1');
    await new Promise((resolve) => client.once('listening', resolve));
    callback = `http://127.0.0.1:${(client.address() as AddressInfo).port}/callback`;
    const parsed = parsePolicy(access, 'access');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
    world = await openTestWorld({ perNetwork: 5000 }, undefined, undefined, (_issuer, _store, now) => ({
      reachOf: (person) => reachOf(index, person, now()),
    }));
    browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
  });
  after(async () => {
    await browser.close();
    client.closeAllConnections();
    client.close();
    await world.close();
  });

  const seconds = () => Math.floor(Date.now() / 1000);
  async function newPerson(role?: AdminRole, change: Partial<Person> = {}): Promise<Person> {
    made += 1;
    const person = { ...alice, id: `u_${made}`, email: `p${made}@acme.example`, name: `Person ${made}`, ...change };
    await world.store.people.save(person);
    await world.store.people.setPasswordHash(person.id, (await world.store.people.passwordHash(alice.id)) ?? '');
    if (role) await world.store.administrators.grant({ personId: person.id, role, grantedAt: 1 }, []);
    return person;
  }
  const invite = async (purpose: 'invitation' | 'reset' = 'invitation') => {
    made += 1;
    const person = { ...alice, id: `u_${made}`, email: `new${made}@acme.example`, name: `New ${made}` };
    await world.store.people.save(person);
    const given = { issuer: world.issuer, purpose, now: seconds(), validSeconds: 600, records: [] };
    return { person, url: (await makeLink(world.store, person, given)).url };
  };
  const choose = async (page: Page, url: string, one = 'nine tulips and a harbour', two = one) => {
    await page.goto(url);
    await page.getByLabel('New password').fill(one);
    await page.getByLabel('The same again').fill(two);
    await page.keyboard.press('Enter');
  };
  const fillPassword = async (page: Page, { email }: Person, given = password) => {
    await page.getByLabel('Work email').fill(email);
    await page.getByLabel('Password').fill(given);
    await page.keyboard.press('Enter');
  };
  const openDesk = async (page: Page, role: AdminRole | undefined = 'owner') => {
    const person = await newPerson(role);
    const secret = await giveApp(world, person.id);
    await page.goto(`${world.issuer}/help-desk`);
    await fillPassword(page, person);
    await page.getByLabel('Six-digit code').fill(codeOf(secret));
    await page.keyboard.press('Enter');
  };
  const findAt = async (page: Page, { email }: Person) => {
    await openDesk(page);
    await page.getByLabel('Work email').fill(email);
    await page.getByRole('button', { name: 'Find' }).click();
  };
  const hostile = { name: '"><img src=x onerror=alert(1)>\u202Egpj Smith-Jones of the Very Long Name' };
  const openAgents = async (page: Page, person: Person) => {
    await page.goto(`${world.issuer}/me`);
    await fillPassword(page, person);
    await page.getByRole('heading', { name: 'My agents' }).waitFor();
  };
  const busyPerson = async () => {
    const person = await newPerson(undefined, { groups: ['many'] });
    const issued = (client: string, server: string, at: number) => ({
      id: `i_${person.id}_${client}_${at}`,
      kind: 'issuance',
      timeMs: Date.now() - at * 3_600_000,
      body: '{}',
      person: person.id,
      client,
      server,
    });
    const clients = ['claude-code', ...Array.from({ length: 12 }, (_, at) => `gone-client-${at}`), longName];
    const records = clients.flatMap((client, at) =>
      servers.slice(0, 4).map((server, by) => issued(client, server, at * 9 + by)),
    );
    await world.store.commit({ marks: [], records });
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    return person;
  };

  const states: Record<string, State> = {
    invitation: { heading: 'Welcome to Acme', open: async (page) => page.goto((await invite()).url) },
    'invitation-wrong': {
      heading: 'Welcome to Acme',
      open: async (page) => {
        await choose(page, (await invite()).url, 'nine tulips and a harbour', 'nine tulips and a harbor');
        await page.getByRole('alert').filter({ hasText: 'not the same' }).waitFor();
      },
    },
    'reset-link': { heading: 'Choose a new password', open: async (page) => page.goto((await invite('reset')).url) },
    'link-not-good': {
      heading: 'This link is not good.',
      open: async (page) => page.goto(`${world.issuer}/password/${'x'.repeat(43)}`),
    },
    'password-set': { heading: 'Your password is set', open: async (page) => choose(page, (await invite()).url) },
    notice: {
      heading: 'Somebody changed how you sign in',
      open: async (page) => {
        const person = await newPerson();
        for (const [at, what] of (['reset_link', 'factor_removed'] as const).entries()) {
          const notice = { id: `n_${person.id}_${at}`, personId: person.id, what, about: hostile.name, at: seconds() };
          await world.store.notices.add(notice);
        }
        await page.goto(ask(world, 'claude-code', callback).url);
        await fillPassword(page, person);
      },
    },
    'help-desk': { heading: 'Help desk', open: (page) => openDesk(page) },
    'help-desk-nobody': {
      heading: 'Help desk',
      open: async (page) => {
        await findAt(page, { ...alice, email: 'nobody@acme.example' });
        await page.getByRole('alert').waitFor();
      },
    },
    'help-desk-not-yours': { heading: 'You do not work at the help desk.', open: (page) => openDesk(page, 'auditor') },
    'help-desk-person': {
      heading: hostile.name.replace('\u202E', '\uFFFD'),
      open: async (page) => {
        const person = await newPerson(undefined, hostile);
        for (let at = 0; at < 3; at += 1) await giveApp(world, person.id);
        await findAt(page, person);
      },
    },
    'help-desk-equal': {
      heading: 'The other owner',
      open: async (page) => findAt(page, await newPerson('owner', { name: 'The other owner' })),
    },
    'help-desk-link': {
      heading: 'A link for Dana',
      open: async (page) => {
        await findAt(page, await newPerson('help-desk', { name: 'Dana' }));
        await page.getByRole('button', { name: 'Make a link' }).click();
      },
    },
    'help-desk-remove': {
      heading: 'Remove Authenticator app?',
      open: async (page) => {
        const person = await newPerson();
        await giveApp(world, person.id);
        await findAt(page, person);
        await page.getByRole('button', { name: 'Remove Authenticator app' }).click();
      },
    },
    'agents-none': {
      heading: 'My agents',
      open: async (page) => openAgents(page, await newPerson(undefined, { groups: [] })),
    },
    agents: {
      heading: 'My agents',
      open: async (page) => {
        const person = await busyPerson();
        await page.goto(ask(world, 'hostile', callback).url);
        await fillPassword(page, person);
        await page.waitForURL(/\/callback\?code=/);
        await page.goto(`${world.issuer}/me`);
        await page.getByRole('heading', { name: 'My agents' }).waitFor();
        await page.locator('summary').first().click();
      },
    },
    'agents-ended': {
      heading: 'You are signed out everywhere',
      open: async (page) => {
        await openAgents(page, await newPerson());
        await page.getByRole('button', { name: 'End everything' }).click();
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

  test('invited: a password, then a second factor without a code, by the keyboard', () =>
    inPage(async (page) => {
      const { person, url } = await invite();
      await choose(page, url);
      await page.getByRole('button', { name: 'Sign in and add one' }).press('Enter');
      await fillPassword(page, person, 'nine tulips and a harbour');
      await page.getByRole('button', { name: 'Set up an authenticator app' }).press('Enter');
      await page.getByRole('heading', { name: 'Set up your authenticator app' }).waitFor();
    }));

  test('the help desk makes a link; the person uses it, and is told at the next sign-in', () =>
    inPage(async (page) => {
      const person = await newPerson();
      await findAt(page, person);
      await page.getByRole('button', { name: 'Make a link' }).press('Enter');
      const url = (await page.locator('.reference code').textContent()) ?? '';
      await page.context().clearCookies();
      await choose(page, url);
      await page.getByRole('heading', { name: 'Your password is set' }).waitFor();
      await page.goto(`${world.issuer}/me`);
      await fillPassword(page, person, 'nine tulips and a harbour');
      await page.getByRole('button', { name: /I asked for it/ }).click();
      await page.getByRole('heading', { name: 'My agents' }).waitFor();
    }));

  test('an agent is ended by the keyboard, and stays ended', () =>
    inPage(async (page) => {
      const person = await newPerson(undefined, { groups: ['many'] });
      await page.goto(ask(world, 'claude-code', callback).url);
      await fillPassword(page, person);
      await page.waitForURL(/\/callback\?code=/);
      await page.goto(`${world.issuer}/me`);
      await page.getByRole('button', { name: 'End Claude Code' }).press('Enter');
      await page.getByRole('status').filter({ hasText: 'Ended' }).waitFor();
      assert.equal(await page.getByRole('button', { name: 'End Claude Code' }).count(), 0);
    }));
});
