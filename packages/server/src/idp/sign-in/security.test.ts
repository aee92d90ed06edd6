import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { readRecord } from '../../audit/personal.ts';
import { hashOnceCode, newOnceCode } from '../../directory/once-codes.ts';
import { acrOf } from '../../policy/sign-in-levels.ts';
import type { Person } from '../../store/store.ts';
import { createEnrolment } from './enrolment.ts';
import type { SignInOptions } from './options.ts';
import { ask, codeOf, giveApp, passkeyOptions, recoveryCodesOn, secretOn, signInAs, slowDown } from './test-client.ts';
import { createTestPasskey } from './test-passkey.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld, type Visit } from './test-world.ts';

let made = 0;

describe('/security, where people look after what they sign in with', () => {
  let world: TestWorld;
  let hash: string;
  before(async () => {
    world = await openTestWorld({ perAccount: 10, perNetwork: 5000 });
    hash = (await world.store.people.passwordHash(alice.id)) ?? '';
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.firstFactor = 'password';
  });
  after(() => world.close());

  async function newPerson(): Promise<Person> {
    made += 1;
    const person = { ...alice, id: `u_new_${made}`, email: `new${made}@acme.example`, name: `new ${made}` };
    await world.store.people.save(person);
    await world.store.people.setPasswordHash(person.id, hash);
    return person;
  }
  const url = () => `${world.issuer}/security`;
  const signIn = (browser: TestBrowser, page: Visit, person: Person) =>
    browser.submit(page, { email: person.email, password, do: 'sign-in' });
  const open = async (person: Person) => {
    const browser = new TestBrowser(world.issuer);
    return { browser, page: await signIn(browser, await browser.get(url()), person) };
  };
  const lines = async (person: Person) =>
    (await world.store.audit.last(200))
      .map(readRecord)
      .filter((record) => record.person === person.id)
      .map(({ kind, detail, factor }) => [kind, detail, factor?.kind]);

  test('signs in first, like any other client, and comes back with a clean address', async () => {
    const person = await newPerson();
    const { page } = await open(person);
    assert.match(page.page, /<h1>How you sign in<\/h1>/);
    assert.equal(page.url.href, url());
    assert.deepEqual(
      world.notes.map(({ facts }) => [facts.client, facts.person]),
      [['credence.security', person.id]],
    );
  });

  test('the client of the page gets nothing at the token endpoint', async () => {
    const form = {
      grant_type: 'authorization_code',
      client_id: 'credence.security',
      code: 'c',
      code_verifier: 'v'.repeat(43),
    };
    const response = await fetch(`${world.issuer}/token`, { method: 'POST', body: new URLSearchParams(form) });
    assert.equal(response.status, 400);
  });

  test('an old session is not enough, nor one without the second factor that the person has', async () => {
    const person = await newPerson();
    const browser = new TestBrowser(world.issuer);
    await signInAs(browser, ask(world, 'portal', 'https://portal.example/cb'), person.email);
    assert.match((await browser.get(url())).page, /<h1>How you sign in<\/h1>/, 'fresh enough');
    const secret = await giveApp(world, person.id);
    const login = await browser.get(url());
    assert.match(login.page, /<h1>Sign in to Acme<\/h1>/);
    const step = await signIn(browser, login, person);
    const page = await browser.submit(step, { do: 'code', code: codeOf(secret) });
    assert.match(page.page, /<h1>How you sign in<\/h1>/);

    const sixteenMinutesAgo = Math.floor(Date.now() / 1000) - 16 * 60;
    const id = browser.cookie('credence_session') ?? '';
    const session = await world.store.artifacts.find('Session', id);
    await world.store.artifacts.upsert(
      'Session',
      id,
      { ...session, loginTs: sixteenMinutesAgo },
      sixteenMinutesAgo + 99_999,
    );
    const stale = await browser.submit(page, { do: 'new-codes-now' });
    assert.match(stale.page, /<h1>Sign in to Acme<\/h1>/);
    assert.deepEqual(await lines(person), [], 'and nothing was changed');
  });

  test('T31: a session whose strength is told in words of others leads to a sign-in here, and in no circle', async () => {
    const { browser } = await open(await newPerson());
    const id = browser.cookie('credence_session') ?? '';
    const session = await world.store.artifacts.find('Session', id);
    await world.store.artifacts.upsert(
      'Session',
      id,
      { ...session, acr: 'https://theirs.example/good' },
      4_000_000_000,
    );
    assert.match((await browser.get(url())).page, /<h1>Sign in to Acme<\/h1>/);
  });

  test('T31: whoever has no password here is told to look elsewhere', async () => {
    const person = await newPerson();
    const { browser, page } = await open(person);
    const session = await world.store.artifacts.find('Session', browser.cookie('credence_session') ?? '');
    const elsewhere = { ...person, id: `${person.id}_elsewhere`, email: `elsewhere.${person.email}` };
    await world.store.people.save(elsewhere);
    const id = browser.cookie('credence_session') ?? '';
    await world.store.artifacts.upsert('Session', id, { ...session, accountId: elsewhere.id }, 4_000_000_000);
    for (const visit of [await browser.get(url()), await browser.submit(page, { do: 'new-passkey' })]) {
      assert.equal(visit.status, 403);
      assert.match(visit.page, /You sign in elsewhere/);
    }
  });

  test('a session of somebody switched off is none', async () => {
    const person = await newPerson();
    const { browser } = await open(person);
    await world.store.people.save({ ...person, active: false });
    assert.match((await browser.get(url())).page, /<h1>Sign in to Acme<\/h1>/);
  });

  test('T28: who it is, and what they have, is asked when the form is there: keeping it back helps nobody who is out by then', async () => {
    const person = await newPerson();
    const { browser, page } = await open(person);
    const passkey = createTestPasskey(world.issuer);
    const make = async (from: Visit, meanwhile: () => Promise<unknown>) => {
      const setup = await browser.submit(from, { do: 'new-passkey' });
      const credential = passkey.make(passkeyOptions(setup));
      return browser.submitSlowly(setup, { do: 'passkey-made', credential }, meanwhile);
    };
    const out = await make(page, () => world.store.artifacts.endSessionsOf(person.id));
    assert.match(out.page, /<h1>Sign in to Acme<\/h1>/);
    assert.deepEqual(await world.store.factors.of(person.id), []);
    const again = await signIn(browser, out, person);
    assert.match(
      (await make(again, async () => undefined)).page,
      /Keep these recovery codes/,
      'slowly alone is no reason',
    );
  });

  test('T28: nor does it bring back recovery codes of somebody whose factors were taken away meanwhile', async () => {
    const person = await newPerson();
    const secret = await giveApp(world, person.id);
    const browser = new TestBrowser(world.issuer);
    const step = await signIn(browser, await browser.get(url()), person);
    const page = await browser.submit(step, { do: 'code', code: codeOf(secret) });
    const asked = await browser.submit(page, { do: 'new-codes' });
    await browser.submitSlowly(asked, { do: 'new-codes-now' }, async () => {
      for (const { id } of await world.store.factors.of(person.id)) await world.store.factors.remove(person.id, id, []);
    });
    assert.equal(await world.store.factors.recoveryCodesLeft(person.id), 0);
  });

  test('T05: a form that is sent twice at once adds one app, whose codes count once', async (context) => {
    const person = await newPerson();
    const { browser, page } = await open(person);
    const setup = await browser.submit(page, { do: 'new-app' });
    const secret = secretOn(setup);
    const send = () => browser.submit(setup, { do: 'app-code', code: codeOf(secret) });
    slowDown(context, world, 3);
    const pages = await Promise.all([send(), send(), send()]);
    assert.equal((await world.store.factors.of(person.id)).length, 1);
    assert.deepEqual(
      pages.map((each) => recoveryCodesOn(each).length),
      [10, 10, 10],
      'none of them is without',
    );
    assert.equal(await world.store.factors.recoveryCodesLeft(person.id), 10);
    const replaced = ['factor', 'recovery codes replaced: nobody had kept them yet', 'totp'];
    const enrolled = ['factor', 'factor enrolled: first, by password alone', 'totp'];
    assert.deepEqual(
      (await lines(person)).toSorted(),
      [enrolled, replaced, replaced],
      'those of the last page are good',
    );
  });

  test('T05: the same for another app, beside the one that the person has', async (context) => {
    const person = await newPerson();
    const first = await giveApp(world, person.id);
    const { browser, page } = await open(person);
    const mine = await browser.submit(page, { do: 'code', code: codeOf(first) });
    const setup = await browser.submit(mine, { do: 'new-app' });
    slowDown(context, world, 2);
    const send = () => browser.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) });
    for (const each of await Promise.all([send(), send()])) assert.match(each.page, /was added/);
    assert.equal((await world.store.factors.of(person.id)).length, 2);
    assert.deepEqual(await lines(person), [['factor', 'factor enrolled: another', 'totp']]);
  });

  test('cancelled at the sign-in: a page, not a circle', async () => {
    const browser = new TestBrowser(world.issuer);
    const page = await browser.submit(await browser.get(url()), { do: 'cancel' });
    assert.deepEqual([page.status, page.url.pathname], [400, '/security']);
    assert.match(page.page, /You are not signed in/);
  });

  test('takes no form from another site, another session, or without its token', async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const { browser, page } = await open(person);
    const foreign = await open(other);
    const fields = { do: 'new-app' };
    const crossSite = await browser.submit(page, fields, { 'sec-fetch-site': 'cross-site' });
    const stolen = await browser.submit(foreign.page, fields);
    const forged = { ...page, page: page.page.replace(/name="token" value="[^"]*"/g, 'name="token" value="AAAA"') };
    for (const visit of [crossSite, stolen, await browser.submit(forged, fields)]) {
      assert.equal(visit.status, 400);
      assert.match(visit.page, /Nothing was changed/);
    }
    assert.equal((await browser.submit(page, fields, { 'sec-fetch-site': 'same-origin' })).status, 200);
  });

  test('an app is added, renamed and removed; with the last factor go the recovery codes; each is on the record', async () => {
    const person = await newPerson();
    const { browser, page } = await open(person);
    const setup = await browser.submit(page, { do: 'new-app' });
    const wrong = await browser.submit(setup, { do: 'app-code', code: '000' });
    assert.equal(wrong.status, 400);
    const secret = secretOn(wrong);
    const kept = await browser.submit(wrong, { do: 'app-code', code: codeOf(secret) });
    assert.equal(recoveryCodesOn(kept).length, 10);

    const login = await browser.submit(kept, { do: 'done' });
    const step = await signIn(browser, login, person);
    const mine = await browser.submit(step, { do: 'code', code: codeOf(secret, 1) });
    assert.match(mine.page, /<b>Authenticator app<\/b>/);
    assert.match(mine.page, /10 are left/);
    const renamed = await browser.submit(mine, { do: 'rename', name: '  <b>Phone</b> ' });
    assert.match(renamed.page, /<b>&lt;b&gt;Phone&lt;\/b&gt;<\/b>/);
    const unnamed = await browser.submit(renamed, { do: 'rename', name: '  ' });
    assert.match(unnamed.page, /<b>&lt;b&gt;Phone&lt;\/b&gt;<\/b>/, 'a name of blanks is none');
    const asked = await browser.submit(unnamed, { do: 'remove' });
    assert.match(asked.page, /It is the last one: your recovery codes stop working too/);
    assert.equal((await world.store.factors.of(person.id)).length, 1, 'asked first');
    const removed = await browser.submit(asked, { do: 'remove-now' });
    assert.match(removed.page, /was removed/);
    assert.deepEqual(await world.store.factors.of(person.id), []);
    assert.equal(await world.store.factors.recoveryCodesLeft(person.id), 0);
    assert.deepEqual(await lines(person), [
      ['factor', 'factor enrolled: first, by password alone', 'totp'],
      ['factor', 'factor renamed', 'totp'],
      ['factor', 'factor removed', 'totp'],
    ]);
    assert.ok(world.notes.some(({ kind, reason }) => kind === 'factor' && reason === 'factor_code_wrong'));
  });

  test('a passkey is added after another factor was shown, and a refused one is not', async () => {
    const person = await newPerson();
    const secret = await giveApp(world, person.id);
    const { browser, page } = await open(person);
    const mine = await browser.submit(page, { do: 'code', code: codeOf(secret) });
    const passkey = createTestPasskey(world.issuer);
    const setup = await browser.submit(mine, { do: 'new-passkey' });
    const refused = await browser.submit(setup, {
      do: 'passkey-made',
      credential: passkey.make(passkeyOptions(setup), { client: { origin: 'https://evil.example' } }),
    });
    assert.equal(refused.status, 400);
    assert.equal(world.notes.at(-1)?.reason, 'passkey_refused');
    const again = await browser.submit(refused, { do: 'new-passkey' });
    const done = await browser.submit(again, { do: 'passkey-made', credential: passkey.make(passkeyOptions(again)) });
    assert.match(done.page, /Passkey on one device was added/);
    assert.deepEqual(
      (await world.store.factors.of(person.id)).map(({ kind }) => kind),
      ['totp', 'passkey'],
    );
    assert.deepEqual(await lines(person), [['factor', 'factor enrolled: another', 'passkey']]);
  });

  test('new recovery codes replace the old, once that was confirmed', async () => {
    const person = await newPerson();
    const secret = await giveApp(world, person.id);
    const old = newOnceCode();
    await world.store.factors.setRecoveryCodes(person.id, [hashOnceCode(old) ?? ''], []);
    const { browser, page } = await open(person);
    const mine = await browser.submit(page, { do: 'code', code: codeOf(secret) });
    assert.match(mine.page, /One is left/);
    const asked = await browser.submit(mine, { do: 'new-codes' });
    assert.match(asked.page, /Those you have now stop working/);
    const shown = await browser.submit(asked, { do: 'new-codes-now' });
    assert.equal(recoveryCodesOn(shown).length, 10);
    assert.equal(await world.store.factors.recoveryCodesLeft(person.id), 10);
    const next = await open(person);
    assert.equal((await next.browser.submit(next.page, { do: 'code', code: old })).status, 400);
    assert.deepEqual(await lines(person), [['factor', 'recovery codes replaced', 'recovery_code']]);
  });

  test('whose factor it is counts, not the id in the form', async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const secret = await giveApp(world, person.id);
    await giveApp(world, other.id);
    const [theirs] = await world.store.factors.of(other.id);
    const { browser, page } = await open(person);
    const mine = await browser.submit(page, { do: 'code', code: codeOf(secret) });
    for (const act of ['remove-now', 'rename', 'remove']) {
      const visit = await browser.submit(mine, { do: act, id: String(theirs?.id), name: 'stolen' });
      assert.equal(visit.status, 200);
      assert.match(visit.page, /<h1>How you sign in<\/h1>/, act);
    }
    assert.deepEqual(await world.store.factors.of(other.id), [theirs]);
    assert.equal(await world.store.factors.remove(person.id, String(theirs?.id), []), false);
  });

  test('IDP-24: a first factor needs the code of an administrator, unless the policy says otherwise', async () => {
    world.firstFactor = 'code';
    const person = await newPerson();
    const { browser, page } = await open(person);
    assert.doesNotMatch(page.page, /new-app|new-passkey/);
    assert.match((await browser.submit(page, { do: 'new-app' })).page, /Enrolment code/);
    assert.match((await browser.submit(page, { do: 'new-passkey' })).page, /Enrolment code/);
    await browser.submit(page, { do: 'new-codes-now' });
    assert.equal(await world.store.factors.recoveryCodesLeft(person.id), 0);
    const wrong = await browser.submit(page, { do: 'enrolment-code', code: newOnceCode() });
    assert.deepEqual([wrong.status, world.notes.at(-1)?.reason], [400, 'enrolment_code_wrong']);

    const code = newOnceCode();
    await world.store.factors.setEnrolmentCode(
      person.id,
      hashOnceCode(code) ?? '',
      Math.floor(Date.now() / 1000) + 60,
      [],
    );
    const entered = await browser.submit(wrong, { do: 'enrolment-code', code });
    const setup = await browser.submit(entered, { do: 'new-app' });
    const kept = await browser.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) });
    assert.equal(recoveryCodesOn(kept).length, 10);
    assert.deepEqual(await lines(person), [['factor', 'factor enrolled: first, by enrolment code', 'totp']]);
  });

  test('IDP-24: whoever has just chosen a password by a link needs no code for a first factor', async () => {
    world.firstFactor = 'code';
    const person = await newPerson();
    const until = Math.floor(Date.now() / 1000) + 60;
    const codeHash = hashOnceCode(newOnceCode()) ?? '';
    await world.store.factors.setEnrolmentCode(person.id, codeHash, until, []);
    const before = await open(person);
    assert.doesNotMatch(before.page.page, /new-app/, 'that there is a code is not enough');
    await createEnrolment({ store: world.store } as SignInOptions).grantPass(person.id, { codeHash, until });
    const { browser, page } = await open(person);
    const setup = await browser.submit(page, { do: 'new-app' });
    const kept = await browser.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) });
    assert.equal(recoveryCodesOn(kept).length, 10);
  });

  test('a code of an app that is not being set up, and one that comes too late, add nothing', async () => {
    const person = await newPerson();
    const { browser, page } = await open(person);
    const early = await browser.submit(page, { do: 'app-code', code: '000000' });
    assert.deepEqual([early.status, world.notes.at(-1)?.reason], [400, 'factor_code_wrong']);
    assert.match(early.page, /<h1>How you sign in<\/h1>/);
    const setup = await browser.submit(page, { do: 'new-app' });
    world.firstFactor = 'code';
    const late = await browser.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) });
    assert.deepEqual([late.status, world.notes.at(-1)?.reason], [400, 'enrolment_code_wrong']);
    assert.match(late.page, /<h1>How you sign in<\/h1>/);
    assert.deepEqual(await world.store.factors.of(person.id), []);
  });

  test('asks the sign-in for no more than this person can show', async () => {
    const person = await newPerson();
    const { browser } = await open(person);
    const leave = async () => {
      const cookie = `credence_session=${browser.cookie('credence_session')}; credence_session.sig=${browser.cookie('credence_session.sig')}`;
      const answer = await fetch(url(), { redirect: 'manual', headers: { cookie } });
      return new URL(answer.headers.get('location') ?? '', world.issuer).searchParams;
    };
    const id = browser.cookie('credence_session') ?? '';
    const session = await world.store.artifacts.find('Session', id);
    await world.store.artifacts.upsert('Session', id, { ...session, loginTs: 1 }, 4_000_000_000);
    const alone = await leave();
    assert.deepEqual([alone.get('acr_values'), alone.get('max_age')], [null, '900']);
    await giveApp(world, person.id);
    assert.equal((await leave()).get('acr_values'), acrOf.twoFactors);
  });

  test('IDP-38: guessing enrolment codes is slowed down', async () => {
    world.firstFactor = 'code';
    const person = await newPerson();
    const { browser, page } = await open(person);
    let last: Visit = page;
    for (let round = 0; round < 11; round += 1) {
      last = await browser.submit(page, { do: 'enrolment-code', code: 'x' });
      if (round < 10) assert.deepEqual([last.status, last.headers.get('retry-after')], [400, null]);
    }
    assert.deepEqual([last.status, world.notes.at(-1)?.reason], [429, 'too_many_requests']);
    assert.ok(Number(last.headers.get('retry-after')) > 0);
  });

  test('a secret that was being set up is not taken over by another session or person', async () => {
    const person = await newPerson();
    const [one, two] = [await open(person), await open(person)];
    const setup = await one.browser.submit(one.page, { do: 'new-app' });
    const stolen = { do: 'app-code', code: codeOf(secretOn(setup)) };
    const other = await two.browser.submit(await two.browser.submit(two.page, { do: 'new-app' }), stolen);
    assert.equal(other.status, 400);
    assert.deepEqual(await world.store.factors.of(person.id), []);
  });
});
