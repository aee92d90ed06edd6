import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { readRecord } from '../../audit/personal.ts';
import { hashOnceCode, newOnceCode } from '../../directory/once-codes.ts';
import { acrOf } from '../../policy/sign-in-levels.ts';
import type { Person } from '../../store/store.ts';
import {
  ask,
  basic,
  claimsOf,
  codeOf,
  giveApp,
  passkeyOptions,
  recoveryCodesOn,
  redeem,
  secretOn,
  signInAs,
  slowDown,
  token,
} from './test-client.ts';
import { createTestPasskey, type TestPasskey } from './test-passkey.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld, type Visit } from './test-world.ts';

const callback = 'http://localhost:51234/callback';
const askMfa = { acr_values: acrOf.twoFactors };
const askPhr = { acr_values: acrOf.passkey };
let made = 0;

describe('a second factor', () => {
  let world: TestWorld;
  let hash: string;
  before(async () => {
    world = await openTestWorld({ perAccount: 10, perNetwork: 5000 });
    hash = (await world.store.people.passwordHash(alice.id)) ?? '';
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.firstFactor = 'code';
  });
  after(() => world.close());

  /** Somebody nobody else is, with the password of alice. */
  async function newPerson(): Promise<Person> {
    made += 1;
    const person = { ...alice, id: `u_new_${made}`, email: `new${made}@acme.example`, name: `new ${made}` };
    await world.store.people.save(person);
    await world.store.people.setPasswordHash(person.id, hash);
    return person;
  }
  const begin = async (person: Person, more: Record<string, string> = {}) => {
    const browser = new TestBrowser(world.issuer);
    const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent', ...more });
    return { browser, asked, page: await signInAs(browser, asked, person.email) };
  };
  const redeemed = async (asked: ReturnType<typeof ask>, arrived: Visit) => {
    const code = arrived.url.searchParams.get('code');
    assert.ok(code, `no code: ${arrived.status} ${arrived.url} ${/<h1>.*?<\/h1>/.exec(arrived.page)}`);
    const answer = await redeem(world, asked, code);
    return { body: answer.body, claims: claimsOf(answer.body.id_token) };
  };
  const reasons = () => world.notes.filter(({ outcome }) => outcome === 'refused').map(({ reason }) => reason);
  const recorded = async () => (await world.store.audit.last(50)).map(readRecord);
  const addPasskey = async (
    person: Person,
    options?: Parameters<typeof createTestPasskey>[1],
  ): Promise<TestPasskey> => {
    world.firstFactor = 'password';
    const passkey = createTestPasskey(world.issuer, options);
    const { browser, page } = await begin(person, askPhr);
    const after = await browser.submit(page, { do: 'passkey-made', credential: passkey.make(passkeyOptions(page)) });
    assert.match(after.page, /Keep these recovery codes/);
    world.firstFactor = 'code';
    return passkey;
  };

  describe('an authenticator app', () => {
    test('IDP-40: is asked for after the password, and amr, acr and auth_time say what was shown', async () => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const began = Math.floor(Date.now() / 1000);
      const { browser, asked, page } = await begin(person);
      assert.match(page.page, /<h1>One more step<\/h1>/);
      assert.equal(world.notes.length, 0, 'nobody is signed in yet');
      const { claims, body } = await redeemed(asked, await browser.submit(page, { do: 'code', code: codeOf(secret) }));
      assert.deepEqual([claims.acr, claims.amr], [acrOf.twoFactors, ['pwd', 'otp', 'mfa']]);
      assert.ok(Number(claims.auth_time) >= began);
      assert.match(String(world.notes[0]?.facts.detail), /^password and authenticator app\b/);
      assert.deepEqual(world.notes[0]?.facts.amr, ['pwd', 'otp', 'mfa']);

      const form = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token), client_id: 'claude-code' };
      const refreshed = claimsOf((await token(world, form)).body.id_token);
      for (const claim of ['acr', 'amr', 'auth_time'] as const)
        assert.deepEqual(refreshed[claim], claims[claim], claim);
    });

    test('the password alone leaves nothing behind: no session, no code', async () => {
      const person = await newPerson();
      await giveApp(world, person.id);
      const { browser } = await begin(person);
      assert.equal(browser.cookie('credence_session'), undefined);
      const again = await browser.get(ask(world, 'portal', 'https://portal.example/cb').url);
      assert.match(again.page, /<h1>Sign in to Acme<\/h1>/);
    });

    test('a code counts once, also with blanks in it, and a later one counts', async () => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const code = codeOf(secret);
      const first = await begin(person);
      const spaced = `${code.slice(0, 3)} ${code.slice(3)}`;
      assert.ok((await first.browser.submit(first.page, { do: 'code', code: spaced })).url.searchParams.get('code'));
      world.notes.length = 0;
      const second = await begin(person);
      const refused = await second.browser.submit(second.page, { do: 'code', code });
      assert.equal(refused.status, 400);
      assert.match(refused.page, /role="alert">.*This code was used before/s);
      assert.deepEqual(reasons(), ['factor_code_replayed']);
      assert.ok(
        (await second.browser.submit(refused, { do: 'code', code: codeOf(secret, 1) })).url.searchParams.get('code'),
      );
    });

    test('T05: of eight browsers with one code at once, one gets in', async () => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const visits = await Promise.all(Array.from({ length: 8 }, () => begin(person)));
      const code = codeOf(secret);
      const outcomes = await Promise.all(visits.map(({ browser, page }) => browser.submit(page, { do: 'code', code })));
      assert.equal(outcomes.filter(({ url }) => url.searchParams.has('code')).length, 1);
      assert.deepEqual(new Set(reasons()), new Set(['factor_code_replayed']));
    });

    test('a wrong code, and a code of somebody else: factor_code_wrong', async () => {
      const [person, other] = [await newPerson(), await newPerson()];
      await giveApp(world, person.id);
      const secret = await giveApp(world, other.id);
      const { browser, page } = await begin(person);
      for (const code of ['000000x', codeOf(secret), '', newOnceCode()]) {
        assert.equal((await browser.submit(page, { do: 'code', code })).status, 400);
      }
      assert.deepEqual(new Set(reasons()), new Set(['factor_code_wrong']));
      assert.ok(world.notes.every(({ known, facts }) => known && facts.person === person.id));
    });

    test('IDP-38: who fails waits, at this network alone; who has the right code elsewhere gets in', async () => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const { browser, page } = await begin(person);
      for (let round = 0; round < 10; round += 1) await browser.submit(page, { do: 'code', code: '123' });
      const late = await browser.submit(page, { do: 'code', code: codeOf(secret) });
      assert.deepEqual([late.status, reasons().at(-1)], [429, 'too_many_requests']);
      assert.ok(Number(late.headers.get('retry-after')) > 0);
      const elsewhere = { 'x-test-address': '198.51.100.7' };
      const arrived = await browser.submit(page, { do: 'code', code: codeOf(secret) }, elsewhere);
      assert.ok(arrived.url.searchParams.get('code'));
    });

    test('IDP-38: a hundred wrong codes in a day from anywhere close codes of the app, and nothing else', async () => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const code = newOnceCode();
      await world.store.factors.setRecoveryCodes(person.id, [hashOnceCode(code) ?? ''], []);
      const { browser, page } = await begin(person);
      const from = (address: number) => ({ 'x-test-address': `198.51.100.${address}` });
      for (let round = 0; round < 100; round += 1) {
        await browser.submit(page, { do: 'code', code: '123' }, from(round));
      }
      const closed = await browser.submit(page, { do: 'code', code: codeOf(secret) }, from(200));
      assert.deepEqual([closed.status, reasons().at(-1)], [400, 'factor_codes_exhausted']);
      assert.ok((await browser.submit(page, { do: 'code', code }, from(201))).url.searchParams.get('code'));
    });

    test('a code that is stretched with blanks takes one of the tries of the day too', async () => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const { browser, page } = await begin(person);
      const from = (address: number) => ({ 'x-test-address': `198.51.100.${address}` });
      const stretched = (code: string) => `${code}${' '.repeat(20)}`;
      for (let round = 0; round < 100; round += 1) {
        await browser.submit(page, { do: 'code', code: stretched('000 000') }, from(round));
      }
      const closed = await browser.submit(page, { do: 'code', code: stretched(codeOf(secret)) }, from(200));
      assert.deepEqual([closed.status, reasons().at(-1)], [400, 'factor_codes_exhausted']);
    });

    test('a right code gives its try of the day back', async () => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const { browser, page } = await begin(person);
      const from = (address: number) => ({ 'x-test-address': `198.51.100.${address}` });
      for (let round = 0; round < 99; round += 1) {
        await browser.submit(page, { do: 'code', code: '123' }, from(round));
      }
      const right = await browser.submit(page, { do: 'code', code: codeOf(secret) }, from(200));
      assert.ok(right.url.searchParams.get('code'));
      const again = await begin(person);
      const next = await again.browser.submit(again.page, { do: 'code', code: codeOf(secret, 1) }, from(201));
      assert.ok(next.url.searchParams.get('code'));
    });

    test('the page offers what the person has, and a script only where there is a passkey', async () => {
      const person = await newPerson();
      const offered = ({ page, headers }: Visit) => [
        page.includes('Six-digit code'),
        page.includes('data-passkey="get"'),
        page.includes('Recovery code'),
        headers.get('content-security-policy')?.includes('script-src'),
        headers.has('retry-after'),
      ];
      const secret = await giveApp(world, person.id);
      assert.deepEqual(offered((await begin(person)).page), [true, false, false, false, false]);
      await world.store.factors.setRecoveryCodes(person.id, [hashOnceCode(newOnceCode()) ?? ''], []);
      const { browser, page } = await begin(person);
      assert.deepEqual(offered(page), [true, false, true, false, false]);
      assert.deepEqual(offered(await browser.submit(page, { do: 'code', code: 'x' })), [
        true,
        false,
        true,
        false,
        false,
      ]);

      const stronger = await begin(person, askPhr);
      assert.deepEqual(offered(stronger.page), [true, false, false, false, false], 'nothing that would lead nowhere');
      const setup = await stronger.browser.submit(stronger.page, { do: 'code', code: codeOf(secret) });
      const passkey = createTestPasskey(world.issuer);
      await stronger.browser.submit(setup, { do: 'passkey-made', credential: passkey.make(passkeyOptions(setup)) });
      const both = await begin(person);
      assert.deepEqual(offered(both.page), [true, true, true, true, false]);
      const wrong = await both.browser.submit(both.page, { do: 'code', code: codeOf(Buffer.from('another secret')) });
      assert.equal(wrong.status, 400, 'a passkey is no app');
      const arrived = await both.browser.submit(both.page, { do: 'code', code: codeOf(secret, 1) });
      assert.ok(arrived.url.searchParams.get('code'), 'the app is found beside the passkey');
    });

    test('T25: the store holds no secret, and no hash that opens anything', async () => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const [factor] = await world.store.factors.of(person.id);
      for (const form of ['base64', 'base64url', 'hex'] as const) {
        assert.ok(!factor?.material.includes(secret.toString(form)));
      }
      assert.match(String(factor?.material), /^credence-sealed-1\./);
    });

    test('a secret copied to the row of somebody else opens for nobody', async () => {
      const [person, thief] = [await newPerson(), await newPerson()];
      const secret = await giveApp(world, thief.id);
      const [row] = await world.store.factors.of(thief.id);
      assert.ok(row);
      await world.store.factors.add({ ...row, id: 'f_copied', personId: person.id }, { now: 1, records: [] });
      const { browser, page } = await begin(person);
      assert.equal((await browser.submit(page, { do: 'code', code: codeOf(secret) })).status, 500);
      world.faults.length = 0;
    });
  });

  describe('recovery codes', () => {
    test('let in once each, after the password, and their use is an alert on the record', async () => {
      const person = await newPerson();
      await giveApp(world, person.id);
      const codes = [newOnceCode(), newOnceCode()];
      await world.store.factors.setRecoveryCodes(
        person.id,
        codes.map((code) => hashOnceCode(code) ?? ''),
        [],
      );
      const { browser, asked, page } = await begin(person);
      const arrived = await browser.submit(page, { do: 'code', code: String(codes[0]).toUpperCase() });
      const { claims } = await redeemed(asked, arrived);
      assert.deepEqual([claims.acr, claims.amr], [acrOf.twoFactors, ['pwd', 'mfa']]);
      assert.match(String(world.notes[0]?.facts.detail), /^password and recovery code\b/);
      const line = (await recorded()).find(({ person: id, kind }) => id === person.id && kind === 'alert');
      assert.deepEqual(
        [line?.detail, line?.factor, line?.outcome],
        ['recovery code used', { kind: 'recovery_code' }, 'allowed'],
      );
      assert.ok(!JSON.stringify(await recorded()).includes(String(codes[0])));

      const next = await begin(person);
      assert.equal((await next.browser.submit(next.page, { do: 'code', code: String(codes[0]) })).status, 400);
      assert.equal(reasons().at(-1), 'factor_code_wrong');
      assert.equal(await world.store.factors.recoveryCodesLeft(person.id), 1);
    });

    test('one raced eight times lets in once', async () => {
      const person = await newPerson();
      await giveApp(world, person.id);
      const code = newOnceCode();
      await world.store.factors.setRecoveryCodes(person.id, [hashOnceCode(code) ?? ''], []);
      const visits = await Promise.all(Array.from({ length: 8 }, () => begin(person)));
      const outcomes = await Promise.all(visits.map(({ browser, page }) => browser.submit(page, { do: 'code', code })));
      assert.equal(outcomes.filter(({ url }) => url.searchParams.has('code')).length, 1);
    });
  });

  describe('a passkey', () => {
    for (const isSynced of [false, true]) {
      test(`${isSynced ? 'synced' : 'on one device'}: signs in alone, and amr claims no more than is known`, async () => {
        const person = await newPerson();
        const passkey = await addPasskey(person, { isSynced });
        world.notes.length = 0;
        const browser = new TestBrowser(world.issuer);
        const asked = ask(world, 'claude-code', callback);
        const page = await browser.submit(await browser.get(asked.url), { do: 'passkey' });
        assert.match(page.page, /<h1>Sign in with a passkey<\/h1>/);
        const answer = { do: 'passkey-answer', credential: passkey.use(passkeyOptions(page)) };
        const { claims } = await redeemed(asked, await browser.submit(page, answer));
        const amr = ['pop', ...(isSynced ? ['swk'] : []), 'user', 'mfa'];
        assert.deepEqual([claims.sub, claims.acr, claims.amr], [person.id, acrOf.passkey, amr]);
        assert.match(String(world.notes[0]?.facts.detail), /^passkey\b/);
      });
    }

    test('IDP-40: alone, and then more while a notice waits to be read: amr says nothing of a password', async () => {
      const person = await newPerson();
      const passkey = await addPasskey(person);
      const secret = await giveApp(world, person.id);
      const notice = { id: `n_${person.id}`, personId: person.id, what: 'reset_link', about: '', at: 1 } as const;
      await world.store.notices.add(notice);
      const alone = async () => {
        const browser = new TestBrowser(world.issuer);
        const asked = ask(world, 'claude-code', callback);
        const page = await browser.submit(await browser.get(asked.url), { do: 'passkey' });
        const credential = passkey.use(passkeyOptions(page));
        return { browser, asked, page: await browser.submit(page, { do: 'passkey-answer', credential }) };
      };
      const byCode = await alone();
      assert.match(byCode.page.page, /<h1>Somebody changed how you sign in<\/h1>/);
      await byCode.browser.submit(byCode.page, { do: 'code', code: codeOf(secret) });
      const byApp = await alone();
      const setup = await byApp.browser.submit(byApp.page, { do: 'new-app' });
      await byApp.browser.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) });
      const byPasskey = await alone();
      const wrong = await byPasskey.browser.submit(byPasskey.page, { do: 'passkey-answer', credential: '{}' });
      const again = { do: 'passkey-answer', credential: passkey.use(passkeyOptions(wrong)) };
      await byPasskey.browser.submit(wrong, again);
      for (const { browser, asked, page } of [byCode, byApp, byPasskey]) {
        const { claims } = await redeemed(asked, await browser.submit(page, { do: 'noticed' }));
        assert.deepEqual([claims.acr, claims.amr], [acrOf.passkey, ['pop', 'user', 'mfa']]);
      }
    });

    test('after the password, of the same person alone', async () => {
      const [person, other] = [await newPerson(), await newPerson()];
      const passkey = await addPasskey(person);
      const foreign = await addPasskey(other);
      const { browser, asked, page } = await begin(person);
      const answer = (of: TestPasskey, on: Visit) => ({
        do: 'passkey-answer',
        credential: of.use(passkeyOptions(on)),
      });
      const refused = await browser.submit(page, answer(foreign, page));
      assert.deepEqual([refused.status, reasons()], [400, ['passkey_refused']]);
      const { claims } = await redeemed(asked, await browser.submit(refused, answer(passkey, refused)));
      assert.deepEqual(claims.amr, ['pwd', 'pop', 'user', 'mfa']);
    });

    test('a challenge is answered once, by the browser it was made for', async () => {
      const person = await newPerson();
      const passkey = await addPasskey(person, { isSynced: true });
      const open = async () => {
        const browser = new TestBrowser(world.issuer);
        const asked = ask(world, 'claude-code', callback);
        return { browser, page: await browser.submit(await browser.get(asked.url), { do: 'passkey' }) };
      };
      const [mine, theirs] = [await open(), await open()];
      const stolen = { do: 'passkey-answer', credential: passkey.use(passkeyOptions(theirs.page)) };
      const refused = await mine.browser.submit(mine.page, stolen);
      assert.deepEqual([refused.status, reasons()], [400, ['passkey_refused']]);
      assert.equal(world.notes.at(-1)?.known, false, 'nobody has proven anything: counted in bulk');

      const answer = { do: 'passkey-answer', credential: passkey.use(passkeyOptions(theirs.page)) };
      const both = await Promise.all([1, 2].map(() => theirs.browser.submit(theirs.page, answer)));
      assert.equal(both.filter(({ url }) => url.searchParams.has('code')).length, 1);
    });

    test('an answer without a browser that can, or made up: passkey_refused', async () => {
      const browser = new TestBrowser(world.issuer);
      const page = await browser.submit(await browser.get(ask(world, 'claude-code', callback).url), { do: 'passkey' });
      for (const credential of ['', '{}', createTestPasskey(world.issuer).use(passkeyOptions(page))]) {
        assert.equal((await browser.submit(page, { do: 'passkey-answer', credential })).status, 400);
      }
      assert.deepEqual(new Set(reasons()), new Set(['passkey_refused']));
    });

    test('IDP-38: made up answers are slowed down at the network they come from', async () => {
      const browser = new TestBrowser(world.issuer);
      const from = { 'x-test-address': '203.0.113.9' };
      const page = await browser.submit(await browser.get(ask(world, 'claude-code', callback).url), { do: 'passkey' });
      const tries: Visit[] = [];
      for (let round = 0; round < 11; round += 1) {
        tries.push(await browser.submit(page, { do: 'passkey-answer', credential: '{}' }, from));
      }
      assert.deepEqual([tries[0]?.status, tries[0]?.headers.has('retry-after')], [400, false]);
      assert.deepEqual([tries[10]?.status, reasons().at(-1)], [429, 'too_many_requests']);
      assert.ok(Number(tries[10]?.headers.get('retry-after')) > 0);
    });

    test('IDP-38: those after a password are counted for that person, not for whoever is at this network', async () => {
      const person = await newPerson();
      await giveApp(world, person.id);
      const from = { 'x-test-address': '203.0.113.10' };
      const { browser, page } = await begin(person);
      const tries: number[] = [];
      for (let round = 0; round < 11; round += 1) {
        tries.push((await browser.submit(page, { do: 'passkey-answer', credential: '{}' }, from)).status);
      }
      assert.deepEqual([tries[9], tries[10]], [400, 429]);
      const other = new TestBrowser(world.issuer);
      const began = await other.submit(await other.get(ask(world, 'claude-code', callback).url), { do: 'passkey' });
      assert.equal((await other.submit(began, { do: 'passkey-answer', credential: '{}' }, from)).status, 400);
    });

    test('a counter that went back is refused', async () => {
      const person = await newPerson();
      const passkey = await addPasskey(person);
      const tryOnce = async () => {
        const { browser, page } = await begin(person);
        return browser.submit(page, { do: 'passkey-answer', credential: passkey.use(passkeyOptions(page)) });
      };
      passkey.counter = 10;
      assert.ok((await tryOnce()).url.searchParams.get('code'));
      passkey.counter = 5;
      world.notes.length = 0;
      assert.equal((await tryOnce()).status, 400);
      assert.deepEqual(reasons(), ['passkey_counter_went_back']);
    });

    test('of a person who was switched off: passkey_refused', async () => {
      const person = await newPerson();
      const passkey = await addPasskey(person);
      await world.store.people.save({ ...person, active: false });
      const browser = new TestBrowser(world.issuer);
      const page = await browser.submit(await browser.get(ask(world, 'claude-code', callback).url), { do: 'passkey' });
      const answer = { do: 'passkey-answer', credential: passkey.use(passkeyOptions(page)) };
      assert.equal((await browser.submit(page, answer)).status, 400);
      assert.deepEqual(reasons(), ['passkey_refused']);
    });

    test('T31: of a person without a password here: judged where they sign in, and nowhere else', async () => {
      const person = await newPerson();
      const passkey = await addPasskey(person);
      const elsewhere = { ...person, id: `${person.id}_elsewhere`, email: `elsewhere.${person.email}` };
      await world.store.people.save(elsewhere);
      const [factor] = await world.store.factors.of(person.id);
      assert.ok(factor);
      await world.store.factors.remove(person.id, factor.id, []);
      await world.store.factors.add({ ...factor, personId: elsewhere.id }, { now: 1, records: [] });
      const browser = new TestBrowser(world.issuer);
      const page = await browser.submit(await browser.get(ask(world, 'claude-code', callback).url), { do: 'passkey' });
      const credential = passkey.use(passkeyOptions(page), { userHandle: undefined });
      assert.equal((await browser.submit(page, { do: 'passkey-answer', credential })).status, 400);
      assert.deepEqual(reasons(), ['passkey_refused']);
    });

    test('belongs to one person: a second one with its id is refused', async () => {
      const [person, other] = [await newPerson(), await newPerson()];
      const passkey = await addPasskey(person);
      world.firstFactor = 'password';
      const { browser, page } = await begin(other, askPhr);
      const made = { do: 'passkey-made', credential: passkey.make(passkeyOptions(page)) };
      assert.equal((await browser.submit(page, made)).status, 400);
      assert.deepEqual(reasons(), ['passkey_refused']);
      assert.deepEqual(await world.store.factors.of(other.id), []);
    });

    test('its page runs our script and nothing else', async () => {
      const browser = new TestBrowser(world.issuer);
      const login = await browser.get(ask(world, 'claude-code', callback).url);
      assert.doesNotMatch(login.headers.get('content-security-policy') ?? '', /script-src/);
      const page = await browser.submit(login, { do: 'passkey' });
      assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'; .*script-src 'self';/);
      const scripts = page.page.match(/<script[^>]*>/g);
      assert.equal(scripts?.length, 1);
      const [, path = ''] = /<script src="([^"]+)" defer>/.exec(String(scripts)) ?? [];
      const script = await fetch(new URL(path, world.issuer));
      assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8');
      assert.equal(script.headers.get('x-content-type-options'), 'nosniff');
    });
  });

  describe('IDP-24, RFC 9470: a request that asks for more than a session has', () => {
    test('B26: acr_values leads to another sign-in, not to the session that is there', async () => {
      const person = await newPerson();
      const browser = new TestBrowser(world.issuer);
      const portal = (more = {}) => ask(world, 'portal', 'https://portal.example/cb', more);
      const first = portal();
      assert.ok((await signInAs(browser, first, person.email)).url.searchParams.get('code'));
      const secret = await giveApp(world, person.id);
      assert.ok(
        (await browser.get(portal().url)).url.searchParams.get('code'),
        'the session is good for what asks no more',
      );
      const silent = await browser.get(portal({ ...askMfa, prompt: 'none' }).url);
      assert.equal(silent.url.searchParams.get('error'), 'login_required');

      const asked = portal(askMfa);
      const login = await browser.get(asked.url);
      assert.match(login.page, /<h1>Sign in to Acme<\/h1>/);
      assert.match(login.page, new RegExp(`value="${person.email}"`));
      const step = await browser.submit(login, { email: person.email, password, do: 'sign-in' });
      const arrived = await browser.submit(step, { do: 'code', code: codeOf(secret) });
      const code = arrived.url.searchParams.get('code') ?? '';
      const form = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: asked.redirectUri,
        code_verifier: asked.verifier,
      };
      const { body } = await token(world, form, basic('portal', world.secret));
      assert.deepEqual(claimsOf(body.id_token).amr, ['pwd', 'otp', 'mfa']);
      assert.ok(
        (await browser.get(portal(askMfa).url)).url.searchParams.get('code'),
        'and the session is as strong now',
      );
      const stronger = await browser.get(portal(askPhr).url);
      assert.match(stronger.page, /<h1>Sign in to Acme<\/h1>/);
    });

    test('a session that covers the acr answers at once, by whatever method; max_age=0 lets the person choose another', async () => {
      const person = await newPerson();
      const passkey = await addPasskey(person);
      const secret = await giveApp(world, person.id);
      const { browser, page } = await begin(person, askPhr);
      await browser.submit(page, { do: 'passkey-answer', credential: passkey.use(passkeyOptions(page)) });
      const silent = ask(world, 'portal', 'https://portal.example/cb', askMfa);
      assert.ok((await browser.get(silent.url)).url.searchParams.get('code'), 'the same methods come back');

      const asked = ask(world, 'claude-code', callback, { ...askMfa, max_age: '0' });
      const login = await browser.get(asked.url);
      assert.match(login.page, /<h1>Sign in to Acme<\/h1>/);
      const step = await browser.submit(login, { email: person.email, password, do: 'sign-in' });
      const arrived = await browser.submit(step, { do: 'code', code: codeOf(secret) });
      assert.deepEqual((await redeemed(asked, arrived)).claims.amr, ['pwd', 'otp', 'mfa']);
    });

    test('continuing with the session does not get round it', async () => {
      const person = await newPerson();
      const browser = new TestBrowser(world.issuer);
      await signInAs(browser, ask(world, 'portal', 'https://portal.example/cb'), person.email);
      const login = await browser.get(ask(world, 'portal', 'https://portal.example/cb', askMfa).url);
      const after = await browser.submit(login, { do: 'continue' });
      assert.match(after.page, /<h1>Sign in to Acme<\/h1>/);
    });

    test('a passkey is enough where two factors are asked for', async () => {
      const person = await newPerson();
      const passkey = await addPasskey(person);
      const browser = new TestBrowser(world.issuer);
      const asked = ask(world, 'claude-code', callback, askMfa);
      const page = await browser.submit(await browser.get(asked.url), { do: 'passkey' });
      const arrived = await browser.submit(page, {
        do: 'passkey-answer',
        credential: passkey.use(passkeyOptions(page)),
      });
      assert.equal((await redeemed(asked, arrived)).claims.acr, acrOf.passkey);
    });

    test('where a passkey is asked for, an app is not enough: a passkey is made after it and shown', async () => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const { browser, asked, page } = await begin(person, askPhr);
      const setup = await browser.submit(page, { do: 'code', code: codeOf(secret) });
      assert.match(setup.page, /<h1>Make a passkey<\/h1>/);
      const passkey = createTestPasskey(world.issuer);
      const step = await browser.submit(setup, { do: 'passkey-made', credential: passkey.make(passkeyOptions(setup)) });
      assert.match(step.page, /<h1>One more step<\/h1>/);
      assert.doesNotMatch(step.page, /Six-digit code|recovery/);
      const arrived = await browser.submit(step, {
        do: 'passkey-answer',
        credential: passkey.use(passkeyOptions(step)),
      });
      assert.equal((await redeemed(asked, arrived)).claims.acr, acrOf.passkey);
    });

    for (const acr_values of ['gold', '', 'gold silver']) {
      test(`acr_values "${acr_values}" means nothing here and is no reason to refuse`, async () => {
        const person = await newPerson();
        const { asked, page } = await begin(person, { acr_values });
        assert.deepEqual((await redeemed(asked, page)).claims.acr, acrOf.password);
      });
    }

    test('of several values the weakest that is known is enough', async () => {
      const person = await newPerson();
      const { asked, page } = await begin(person, { acr_values: `gold ${acrOf.passkey} ${acrOf.password}` });
      assert.deepEqual((await redeemed(asked, page)).claims.acr, acrOf.password);
    });
  });

  describe('a first factor in the middle of a sign-in', () => {
    test('by default needs a code of an administrator: the page says whom to ask, and the client is told', async () => {
      const person = await newPerson();
      const { browser, page } = await begin(person, askMfa);
      assert.match(page.page, /<h1>This needs a second factor, and you have none yet\.<\/h1>/);
      assert.deepEqual(reasons(), ['factor_needed']);
      const arrived = await browser.submit(page, { do: 'give-up' });
      assert.equal(arrived.url.searchParams.get('error'), 'unmet_authentication_requirements');
      assert.deepEqual(reasons(), ['factor_needed', 'factor_needed']);
    });

    test('nothing goes round the page for the code', async () => {
      const person = await newPerson();
      const { browser, page } = await begin(person, askMfa);
      const early = await browser.submit(page, { do: 'app-code', code: '123456' });
      assert.match(early.page, /none yet/, 'a code of nothing');
      const setup = await browser.submit(page, { do: 'new-app' });
      const after = await browser.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) });
      assert.match(after.page, /none yet/);
      const made = await browser.submit(page, { do: 'new-passkey' });
      const passkey = createTestPasskey(world.issuer);
      await browser.submit(made, { do: 'passkey-made', credential: passkey.make(passkeyOptions(made)) });
      assert.equal((await browser.submit(page, { do: 'done' })).url.searchParams.get('code'), null);
      assert.deepEqual(await world.store.factors.of(person.id), []);
      assert.ok(reasons().includes('enrolment_code_wrong'));
    });

    test('with the code: an app is set up, recovery codes are shown once, and the sign-in goes on', async () => {
      const person = await newPerson();
      const code = newOnceCode();
      const now = Math.floor(Date.now() / 1000);
      await world.store.factors.setEnrolmentCode(person.id, hashOnceCode(code) ?? '', now + 60, []);
      const { browser, asked, page } = await begin(person, askMfa);
      const wrong = await browser.submit(page, { do: 'enrolment-code', code: newOnceCode() });
      assert.deepEqual([wrong.status, reasons().at(-1)], [400, 'enrolment_code_wrong']);
      const setup = await browser.submit(wrong, { do: 'enrolment-code', code });
      assert.match(setup.page, /<svg class="qr"/);
      const secret = secretOn(setup);
      const bad = await browser.submit(setup, { do: 'app-code', code: '12345' });
      assert.deepEqual([bad.status, reasons().at(-1)], [400, 'factor_code_wrong']);
      assert.deepEqual(secretOn(bad), secret, 'the same key, so that a typing mistake costs nothing');
      assert.deepEqual(await world.store.factors.of(person.id), [], 'it counts once a code was typed');

      const kept = await browser.submit(bad, { do: 'app-code', code: codeOf(secret) });
      const codes = recoveryCodesOn(kept);
      assert.equal(codes.length, 10);
      const { claims } = await redeemed(asked, await browser.submit(kept, { do: 'done' }));
      assert.deepEqual(claims.amr, ['pwd', 'otp', 'mfa']);
      const line = (await recorded()).find(({ kind, person: id }) => kind === 'factor' && id === person.id);
      assert.equal(line?.detail, 'factor enrolled: first, by enrolment code');

      const later = await begin(person);
      const replay = await later.browser.submit(later.page, { do: 'code', code: codeOf(secret) });
      assert.equal(reasons().at(-1), 'factor_code_replayed', 'the code that turned it on is used up');
      assert.ok(
        (await later.browser.submit(replay, { do: 'code', code: String(codes[3]) })).url.searchParams.get('code'),
      );
    });

    test('a form that is sent twice, or a page that is loaded anew, hides no recovery codes: unread ones are replaced', async () => {
      world.firstFactor = 'password';
      const person = await newPerson();
      const { browser, asked, page: setup } = await begin(person, askMfa);
      const secret = secretOn(setup);
      const send = () => browser.submit(setup, { do: 'app-code', code: codeOf(secret) });
      const all = [await send(), await send(), await browser.get(setup.url.href)].map(recoveryCodesOn);
      assert.deepEqual(
        all.map(({ length }) => length),
        [10, 10, 10],
      );
      assert.equal(new Set(all.flat()).size, 30);
      assert.deepEqual(reasons(), []);
      assert.equal(await world.store.factors.recoveryCodesLeft(person.id), 10);
      const { claims } = await redeemed(asked, await browser.submit(setup, { do: 'done' }));
      assert.deepEqual(claims.amr, ['pwd', 'otp', 'mfa']);

      const later = await begin(person);
      const old = await later.browser.submit(later.page, { do: 'code', code: String(all[1]?.[0]) });
      assert.equal(reasons().at(-1), 'factor_code_wrong');
      assert.ok(
        (await later.browser.submit(old, { do: 'code', code: String(all[2]?.[0]) })).url.searchParams.get('code'),
      );
    });

    test('T05: a form that is sent twice at once adds one app, and the recovery codes that are shown last are good', async (context) => {
      world.firstFactor = 'password';
      const person = await newPerson();
      const { browser, page: setup } = await begin(person, askMfa);
      const secret = secretOn(setup);
      const send = () => browser.submit(setup, { do: 'app-code', code: codeOf(secret) });
      slowDown(context, world, 3);
      await Promise.all([send(), send(), send()]);
      assert.equal((await world.store.factors.of(person.id)).length, 1);
      const kept = recoveryCodesOn(await browser.get(setup.url.href));
      assert.equal(kept.length, 10);
      assert.ok((await browser.submit(setup, { do: 'done' })).url.searchParams.get('code'));
    });

    test('a passkey that is made twice over leads to the codes, and then it is asked for', async () => {
      world.firstFactor = 'password';
      const person = await newPerson();
      const { browser, page: setup } = await begin(person, askPhr);
      const passkey = createTestPasskey(world.issuer);
      const credential = passkey.make(passkeyOptions(setup));
      const send = () => browser.submit(setup, { do: 'passkey-made', credential });
      const all = [await send(), await send()].map(recoveryCodesOn);
      assert.equal(new Set(all.flat()).size, 20);
      const next = await browser.submit(setup, { do: 'done' });
      assert.match(next.page, /<h1>One more step<\/h1>/);
      assert.deepEqual(reasons(), []);
    });

    test('a code is of one person, for a while, and for one factor', async () => {
      const [person, other] = [await newPerson(), await newPerson()];
      const [code, old] = [newOnceCode(), newOnceCode()];
      const now = Math.floor(Date.now() / 1000);
      await world.store.factors.setEnrolmentCode(other.id, hashOnceCode(code) ?? '', now + 60, []);
      await world.store.factors.setEnrolmentCode(person.id, hashOnceCode(old) ?? '', now - 1, []);
      const { browser, page } = await begin(person, askMfa);
      for (const typed of [code, old])
        assert.equal((await browser.submit(page, { do: 'enrolment-code', code: typed })).status, 400);

      // Two browsers have typed it; it is spent by the one that finishes first.
      const setups = await Promise.all(
        [1, 2].map(async () => {
          const visit = await begin(other, askMfa);
          return { ...visit, setup: await visit.browser.submit(visit.page, { do: 'enrolment-code', code }) };
        }),
      );
      const outcomes = await Promise.all(
        setups.map(({ browser: one, setup }) => one.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) })),
      );
      assert.equal(outcomes.filter((each) => recoveryCodesOn(each).length === 10).length, 1);
      assert.equal((await world.store.factors.of(other.id)).length, 1);
    });

    test('where the policy lets the password do: on the spot, and the record says so', async () => {
      world.firstFactor = 'password';
      const person = await newPerson();
      const { browser, asked, page } = await begin(person, askMfa);
      const kept = await browser.submit(page, { do: 'app-code', code: codeOf(secretOn(page)) });
      assert.deepEqual(
        (await redeemed(asked, await browser.submit(kept, { do: 'done' }))).claims.acr,
        acrOf.twoFactors,
      );
      const line = (await recorded()).find(({ kind, person: id }) => kind === 'factor' && id === person.id);
      assert.equal(line?.detail, 'factor enrolled: first, by password alone');
    });

    test('whoever was setting one up with the password alone cannot finish once the person has another', async () => {
      world.firstFactor = 'password';
      const person = await newPerson();
      const thief = await begin(person, askMfa);
      await giveApp(world, person.id);
      const code = codeOf(secretOn(thief.page));
      const after = await thief.browser.submit(thief.page, { do: 'app-code', code });
      assert.match(after.page, /<h1>One more step<\/h1>/);
      assert.equal(reasons().at(-1), 'factor_needed');
      assert.equal((await world.store.factors.of(person.id)).length, 1);
    });
  });

  test('a sign-in under way ends when the person is switched off, and is of the browser that began it', async () => {
    const person = await newPerson();
    const secret = await giveApp(world, person.id);
    const { browser, page } = await begin(person);
    const stranger = await new TestBrowser(world.issuer).submit(page, { do: 'code', code: codeOf(secret) });
    assert.match(stranger.page, /This page is no longer good/);
    const { artifacts, people } = world.store;
    const uid = page.url.pathname.split('/').at(-1) ?? '';
    const kept = await artifacts.find('SignInProgress', uid);
    assert.ok(kept);
    await people.save({ ...person, active: false });
    // As a step of it leaves it that was answered in the same moment.
    await artifacts.upsert('SignInProgress', uid, kept, Math.floor(Date.now() / 1000) + 60);
    assert.doesNotMatch((await browser.get(page.url.href)).page, /<h1>One more step<\/h1>/);
    const late = await browser.submit(page, { do: 'code', code: codeOf(secret) });
    assert.match(late.page, /This page is no longer good/);
  });

  describe('IDP-38: what was shown is good for ten minutes, and is not made younger by pages that lie open', () => {
    test('loading the page anew does not prolong them', async ({ mock }) => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const { browser, page } = await begin(person);
      const began = Date.now();
      mock.timers.enable({ apis: ['Date'], now: began + 540_000 });
      const again = await browser.get(page.url.href);
      assert.match(again.page, /<h1>One more step<\/h1>/);
      mock.timers.setTime(began + 620_000);
      const late = await browser.submit(again, { do: 'code', code: codeOf(secret) });
      assert.deepEqual([late.status, late.url.searchParams.get('code')], [400, null]);
      const anew = await browser.submit(await browser.get(page.url.href), {
        email: person.email,
        password,
        do: 'sign-in',
      });
      assert.ok((await browser.submit(anew, { do: 'code', code: codeOf(secret, 1) })).url.searchParams.get('code'));
    });

    test('auth_time is when the last of it was shown, not when a notice was read', async ({ mock }) => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const notice = { id: `n_${person.id}`, personId: person.id, what: 'reset_link', about: '', at: 1 } as const;
      await world.store.notices.add(notice);
      const { browser, asked, page } = await begin(person);
      const told = await browser.submit(page, { do: 'code', code: codeOf(secret) });
      const shown = Date.now();
      mock.timers.enable({ apis: ['Date'], now: shown + 400_000 });
      const { claims } = await redeemed(asked, await browser.submit(told, { do: 'noticed', mine: 'yes' }));
      assert.ok(Math.abs(Number(claims.auth_time) - shown / 1000) < 5, `${Number(claims.auth_time) - shown / 1000} s`);
    });

    test('of an app that is set up on the way: when its code was typed, not when the recovery codes were kept', async ({
      mock,
    }) => {
      world.firstFactor = 'password';
      const { browser, asked, page } = await begin(await newPerson(), askMfa);
      const began = Date.now();
      mock.timers.enable({ apis: ['Date'], now: began + 300_000 });
      const codes = await browser.submit(page, { do: 'app-code', code: codeOf(secretOn(page)) });
      assert.match(codes.page, /Keep these recovery codes/);
      mock.timers.setTime(began + 800_000);
      const { claims } = await redeemed(asked, await browser.submit(codes, { do: 'done' }));
      assert.ok(Math.abs(Number(claims.auth_time) - began / 1000 - 300) < 5);
    });

    test('who has just made a passkey has ten minutes for the recovery codes', async ({ mock }) => {
      world.firstFactor = 'password';
      const { browser, page } = await begin(await newPerson(), askPhr);
      const began = Date.now();
      const passkey = createTestPasskey(world.issuer);
      mock.timers.enable({ apis: ['Date'], now: began + 570_000 });
      const setup = await browser.submit(page, { do: 'new-passkey' });
      const made = { do: 'passkey-made', credential: passkey.make(passkeyOptions(setup)) };
      const codes = await browser.submit(setup, made);
      assert.match(codes.page, /Keep these recovery codes/);
      mock.timers.setTime(began + 640_000);
      const step = await browser.submit(codes, { do: 'done' });
      assert.match(step.page, /<h1>One more step<\/h1>/);
      const shown = { do: 'passkey-answer', credential: passkey.use(passkeyOptions(step)) };
      assert.ok((await browser.submit(step, shown)).url.searchParams.get('code'));
    });

    test('what a version left that did not say when is begun anew', async () => {
      const person = await newPerson();
      const secret = await giveApp(world, person.id);
      const { browser, page } = await begin(person);
      const uid = page.url.pathname.split('/').at(-1) ?? '';
      const kept = await world.store.artifacts.find('SignInProgress', uid);
      const progress = { ...(kept?.progress as object), until: undefined };
      await world.store.artifacts.upsert('SignInProgress', uid, { ...kept, progress }, 4_000_000_000);
      assert.equal((await browser.submit(page, { do: 'code', code: codeOf(secret) })).status, 400);
    });
  });

  test('T30: only what was on the page counts as read; what came after it is told next', async () => {
    const person = await newPerson();
    const secret = await giveApp(world, person.id);
    const notice = (id: string, what: 'reset_link' | 'factor_removed') =>
      world.store.notices.add({ id: `${id}_${person.id}`, personId: person.id, what, about: 'Old phone', at: 1 });
    await notice('n1', 'reset_link');
    const { browser, page } = await begin(person);
    const told = await browser.submit(page, { do: 'code', code: codeOf(secret) });
    await notice('n2', 'factor_removed');
    const next = await browser.submit(told, { do: 'noticed', mine: 'yes' });
    assert.match(next.page, /<h1>Somebody changed how you sign in<\/h1>[\s\S]*Old phone/);
    assert.deepEqual(
      (await world.store.notices.of(person.id)).map(({ what }) => what),
      ['factor_removed'],
    );
    assert.ok((await browser.submit(next, { do: 'noticed', mine: 'yes' })).url.searchParams.get('code'));
    assert.deepEqual(await world.store.notices.of(person.id), []);
  });

  test('reloading the second step shows it again', async () => {
    const person = await newPerson();
    await giveApp(world, person.id);
    const { browser, page } = await begin(person);
    assert.match((await browser.get(page.url.href)).page, /<h1>One more step<\/h1>/);
    const other = await browser.submit(page, { do: 'switch' });
    assert.match(other.page, /<h1>Sign in to Acme<\/h1>/);
    assert.match((await browser.get(page.url.href)).page, /<h1>Sign in to Acme<\/h1>/);
  });
});
