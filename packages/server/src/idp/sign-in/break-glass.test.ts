import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { hashPassword } from '../../directory/password.ts';
import { newTotpSecret } from '../../directory/totp.ts';
import { sealSecret } from './proofs.ts';
import { ask, codeOf } from './test-client.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld, type Visit } from './test-world.ts';
import { openUpstreamWorld } from './upstream/fixtures/upstream-world.ts';

describe('IDP-38: the break-glass account', () => {
  const glass = { ...alice, id: 'u_glass', email: 'break-glass-7k2mx@id.acme.example', groups: [], roles: [] };
  const its = '7k2mx-9qa4c-22222-33333-44444';
  const secret = newTotpSecret();
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld({ perAccount: 3, perNetwork: 8, perAccountEverywhere: 12 });
    const material = sealSecret(world.factorSeal, glass.id, secret);
    await world.store.administrators.createBreakGlass(glass, await secretsWith(material), []);
  });
  async function secretsWith(material: string) {
    const base = { id: 'f_glass', personId: glass.id, kind: 'totp' as const, name: 'App', material, counter: 0 };
    const factor = { ...base, credentialId: undefined, isSynced: false, createdAt: 1, lastUsedAt: undefined };
    return { passwordHash: await hashPassword(its), factor, now: 1 };
  }
  beforeEach(() => {
    world.notes.length = 0;
  });
  after(() => world.close());

  const tryAs = async (browser: TestBrowser, email: string, given: string, address: string) => {
    const page = await browser.get(ask(world, 'claude-code', 'http://localhost:51234/callback').url);
    return browser.submit(page, { email, password: given, do: 'sign-in' }, { 'x-test-address': address });
  };
  const guess = (email: string, address: string) => tryAs(new TestBrowser(world.issuer), email, 'guess', address);
  const isIn = (visit: Visit) => visit.url.searchParams.get('code') !== null;
  const alerts = () =>
    world.notes
      .filter(({ kind }) => kind === 'alert')
      .map(({ outcome, reason, known, facts }) => [outcome, reason, known, facts.person, facts.breakGlass]);

  test('a wrong password is an alert and never only counted; a page like any other', async () => {
    const wrong = await guess(glass.email, '203.0.113.9');
    assert.deepEqual(alerts(), [['refused', 'credentials_wrong', true, glass.id, true]]);
    const other = await guess(alice.email, '203.0.113.10');
    const say = ({ page }: Visit) => /<span>[^<]*<\/span>/.exec(page.slice(page.indexOf('role="alert"')))?.[0];
    assert.equal(say(wrong), say(other));
    assert.equal(alerts().length, 1, 'and alice is no alert');
  });

  test('a wrong code is an alert; the right one lets in, with two factors, and is an alert', async () => {
    const browser = new TestBrowser(world.issuer);
    const step = await tryAs(browser, glass.email, its, '203.0.113.20');
    assert.match(step.page, /One more step/);
    await browser.submit(step, { do: 'code', code: '000 00x' });
    assert.deepEqual(alerts(), [['refused', 'factor_code_wrong', true, glass.id, true]]);
    world.notes.length = 0;
    assert.ok(isIn(await browser.submit(step, { do: 'code', code: codeOf(secret) })));
    assert.deepEqual(alerts(), [['allowed', undefined, true, glass.id, true]]);
    assert.match(String(world.notes[0]?.facts.detail), /^password and authenticator app/);
  });

  test('no flood keeps it out, from its own network or for its own name from everywhere', async () => {
    for (let at = 0; at < 10; at += 1) await guess(`x${at}@acme.example`, '203.0.113.30');
    assert.equal((await tryAs(new TestBrowser(world.issuer), alice.email, password, '203.0.113.30')).status, 429);
    for (let at = 0; at < 14; at += 1) await guess(glass.email, `198.51.100.${at}`);
    const browser = new TestBrowser(world.issuer);
    const step = await tryAs(browser, glass.email, its, '203.0.113.30');
    const headers = { 'x-test-address': '203.0.113.30' };
    assert.ok(isIn(await browser.submit(step, { do: 'code', code: codeOf(secret, 1) }, headers)));
  });

  test('it signs in on the day the provider of the organisation is down', async () => {
    const down = await openUpstreamWorld();
    try {
      const material = sealSecret(down.factorSeal, glass.id, secret);
      await down.store.administrators.createBreakGlass(glass, await secretsWith(material), []);
      down.company.script = { isDown: true };
      const browser = new TestBrowser(down.issuer);
      const choice = await browser.get(ask(down, 'claude-code', 'http://localhost:51234/callback').url);
      assert.equal((await browser.submit(choice, { do: 'upstream:company' })).status, 503);
      const login = await browser.submit(choice, { do: 'password' });
      const step = await browser.submit(login, { email: glass.email, password: its, do: 'sign-in' });
      assert.ok(isIn(await browser.submit(step, { do: 'code', code: codeOf(secret) })));
      assert.ok(down.notes.some(({ kind, outcome }) => kind === 'alert' && outcome === 'allowed'));
    } finally {
      await down.close();
    }
  });

  test('it is limited all the same, and that is an alert too', async () => {
    const statuses = [];
    for (let at = 0; at < 5; at += 1) statuses.push((await guess(glass.email, '203.0.113.40')).status);
    assert.deepEqual(statuses, [400, 400, 400, 429, 429]);
    assert.deepEqual(alerts().at(-1), ['refused', 'too_many_requests', true, glass.id, true]);
  });
});
