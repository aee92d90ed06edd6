import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { readRecord } from '../../audit/personal.ts';
import { newOnceCode } from '../../directory/once-codes.ts';
import { hashPassword } from '../../directory/password.ts';
import { newTotpSecret } from '../../directory/totp.ts';
import { sealSecret } from './proofs.ts';
import { ask, codeOf, recoveryCodesOn, secretOn } from './test-client.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld, type Visit } from './test-world.ts';
import { openUpstreamWorld } from './upstream/fixtures/upstream-world.ts';

const glass = { ...alice, id: 'u_glass', email: 'break-glass-7k2mx@id.acme.example', groups: [], roles: [] };
const its = '7k2mx-9qa4c-22222-33333-44444';
const secret = newTotpSecret();

async function makeGlass({ store, factorSeal }: TestWorld): Promise<void> {
  const material = sealSecret(factorSeal, glass.id, secret);
  const base = { id: 'f_glass', personId: glass.id, kind: 'totp' as const, name: 'App', material, counter: 0 };
  const factor = { ...base, credentialId: undefined, isSynced: false, createdAt: 1, lastUsedAt: undefined };
  await store.administrators.createBreakGlass(glass, { passwordHash: await hashPassword(its), factor, now: 1 }, []);
}

describe('IDP-38: the break-glass account', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld({ perAccount: 3, perNetwork: 8, perAccountEverywhere: 12 });
    await makeGlass(world);
  });
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
      await makeGlass(down);
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

describe('ADR 0025: every line about the break-glass account is an alert, also one written in one step with a change', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await openTestWorld();
    await makeGlass(world);
  });
  afterEach(() => world.close());

  const passwordAt = async (browser: TestBrowser, path: string) => {
    const page = await browser.get(`${world.issuer}${path}`);
    return browser.submit(page, { email: glass.email, password: its, do: 'sign-in' });
  };
  const signedInAt = async (browser: TestBrowser, path: string) =>
    browser.submit(await passwordAt(browser, path), { do: 'code', code: codeOf(secret) });
  /** What is on the record of it, beside what the test world keeps of notes. */
  const lines = async () =>
    (await world.store.audit.last(50)).map(readRecord).filter(({ person }) => person === glass.id);
  const told = async () => (await lines()).map(({ kind, breakGlass, detail }) => [kind, breakGlass, detail]);

  test('at the help desk: what it looks up and makes for others', async () => {
    const browser = new TestBrowser(world.issuer);
    const desk = await signedInAt(browser, '/help-desk');
    world.notes.length = 0;
    const found = await browser.submit(desk, { do: 'find', email: alice.email });
    assert.match((await browser.submit(found, { do: 'link' })).page, /\/password\/[\w-]{43}/);
    assert.deepEqual(
      world.notes.map(({ kind, facts }) => [kind, facts.person, facts.by, facts.breakGlass]),
      [['alert', alice.id, glass.id, true]],
    );
    const [made] = (await world.store.audit.last(50)).map(readRecord).filter(({ by }) => by === glass.id);
    assert.deepEqual([made?.kind, made?.person, made?.breakGlass], ['alert', alice.id, true]);
  });

  test('at /security: a factor added, renamed and removed, recovery codes replaced', async () => {
    const browser = new TestBrowser(world.issuer);
    const setup = await browser.submit(await signedInAt(browser, '/security'), { do: 'new-app' });
    const added = await browser.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) });
    assert.match(added.page, /was added/);
    const id = (await world.store.factors.of(glass.id)).find((factor) => factor.id !== 'f_glass')?.id ?? '';
    const renamed = await browser.submit(added, { do: 'rename', id, name: 'Phone' });
    const removed = await browser.submit(await browser.submit(renamed, { do: 'remove', id }), { do: 'remove-now', id });
    await browser.submit(await browser.submit(removed, { do: 'new-codes' }), { do: 'new-codes-now' });
    assert.deepEqual(await told(), [
      ['alert', true, 'factor enrolled: another'],
      ['alert', true, 'factor renamed'],
      ['alert', true, 'factor removed'],
      ['alert', true, 'recovery codes replaced'],
    ]);
    assert.deepEqual(
      (await lines()).map(({ factor, outcome }) => [factor?.kind, outcome]),
      ['totp', 'totp', 'totp', 'recovery_code'].map((kind) => [kind, 'allowed']),
    );
  });

  test('a recovery code that is used; one that is wrong is a refusal, and no line says that it was used', async () => {
    const first = new TestBrowser(world.issuer);
    const asked = await first.submit(await signedInAt(first, '/security'), { do: 'new-codes' });
    const [code = ''] = recoveryCodesOn(await first.submit(asked, { do: 'new-codes-now' }));
    world.notes.length = 0;
    const browser = new TestBrowser(world.issuer);
    const step = await passwordAt(browser, '/me');
    for (const wrong of ['not a code', newOnceCode()]) await browser.submit(step, { do: 'code', code: wrong });
    assert.deepEqual(
      world.notes.map(({ kind, reason, facts }) => [kind, reason, facts.breakGlass]),
      Array(2).fill(['alert', 'factor_code_wrong', true]),
    );
    assert.equal((await lines()).length, 1, 'that they were replaced');
    assert.match((await browser.submit(step, { do: 'code', code })).page, /<h1>My agents<\/h1>/);
    assert.deepEqual((await told()).at(-1), ['alert', true, 'recovery code used']);
  });

  test('at /me: signed out', async () => {
    const browser = new TestBrowser(world.issuer);
    await browser.submit(await signedInAt(browser, '/me'), { do: 'all' });
    assert.deepEqual(await told(), [['alert', true, 'the person ended everything']]);
  });

  test('and somebody else’s stays what it is', async () => {
    const browser = new TestBrowser(world.issuer);
    const page = await browser.get(`${world.issuer}/me`);
    await browser.submit(await browser.submit(page, { email: alice.email, password, do: 'sign-in' }), { do: 'all' });
    const line = (await world.store.audit.last(1)).map(readRecord)[0];
    assert.deepEqual([line?.kind, line?.person, line?.breakGlass], ['sign_out', alice.id, undefined]);
  });
});
