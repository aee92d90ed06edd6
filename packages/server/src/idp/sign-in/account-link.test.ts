import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { readRecord } from '../../audit/personal.ts';
import { makeLink } from '../../directory/account-links.ts';
import type { AccountLink } from '../../store/links.ts';
import type { Person } from '../../store/store.ts';
import { ask, codeOf, giveApp, recoveryCodesOn, secretOn, signInAs } from './test-client.ts';
import {
  alice,
  endingsOnRecord,
  openTestWorld,
  password,
  TestBrowser,
  type TestWorld,
  type Visit,
} from './test-world.ts';

const callback = 'http://localhost:51234/callback';
const chosen = 'nine tulips and a harbour';
let made = 0;

describe('IDP-38: /password/<token>, where a person chooses a password', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld({ perAccount: 10, perNetwork: 5000 });
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.firstFactor = 'code';
  });
  after(() => world.close());

  const seconds = () => Math.floor(Date.now() / 1000);
  async function newPerson(name = 'new'): Promise<Person> {
    made += 1;
    const person = { ...alice, id: `u_new_${made}`, email: `new${made}@acme.example`, name };
    await world.store.people.save(person);
    return person;
  }
  async function invite(person: Person, change: Partial<Parameters<typeof makeLink>[2]> = {}): Promise<string> {
    const purpose: AccountLink['purpose'] = 'invitation';
    const given = { issuer: world.issuer, purpose, now: seconds(), validSeconds: 3600, records: [], ...change };
    return (await makeLink(world.store, person, given)).url;
  }
  const newBrowser = () => new TestBrowser(world.issuer);
  const choose = (browser: TestBrowser, page: Visit, fields: Record<string, string> = {}) =>
    browser.submit(page, { do: 'set', password: chosen, again: chosen, ...fields });
  const lines = async (person: Person) =>
    (await world.store.audit.last(200)).map(readRecord).filter((record) => record.person === person.id);
  const isRefused = (visit: Visit) => {
    assert.equal(visit.status, 400);
    assert.match(visit.page, /<h1>This link is not good\.<\/h1>/);
    assert.doesNotMatch(visit.page, /acme\.example</);
    const { kind, outcome, reason, known, facts } = world.notes.at(-1) ?? {};
    assert.deepEqual([kind, outcome, reason, known, facts], ['factor', 'refused', 'account_link_not_good', false, {}]);
  };

  test('looking at it uses nothing up; choosing does, and the person signs in with what they chose', async () => {
    const person = await newPerson();
    const url = await invite(person);
    for (let look = 0; look < 3; look += 1) assert.equal((await newBrowser().get(url)).status, 200);
    const browser = newBrowser();
    const page = await browser.get(url);
    assert.match(page.page, /<h1>Welcome to Acme<\/h1>/);
    assert.ok(page.page.includes(person.email));
    const done = await choose(browser, page);
    assert.match(done.page, /<h1>Your password is set<\/h1>/);
    assert.match(done.page, /add a second factor/);
    isRefused(await newBrowser().get(url));
    isRefused(await choose(browser, page));
    const signedIn = newBrowser();
    const form = await signedIn.get(ask(world, 'claude-code', callback).url);
    const end = await signedIn.submit(form, { email: person.email, password: chosen, do: 'sign-in' });
    assert.ok(end.url.searchParams.get('code'));
    const [line] = await lines(person);
    assert.deepEqual(
      [line?.kind, line?.outcome, line?.detail],
      ['factor', 'allowed', 'password set by invitation link'],
    );
  });

  test('the pages are kept by nobody and tell no other site where they are', async () => {
    const url = await invite(await newPerson());
    const { headers } = await newBrowser().get(url);
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('cache-control'), 'no-store');
    const body = JSON.stringify([world.notes, await world.store.audit.last(500)]);
    assert.ok(!body.includes(url.slice(-43)), 'and the record does not hold it');
  });

  test('T05: raced, exactly one wins', async () => {
    const person = await newPerson();
    const url = await invite(person);
    const tries = await Promise.all(
      Array.from({ length: 4 }, async (_, at) => {
        const browser = newBrowser();
        const page = await browser.get(url);
        const secret = `${chosen} ${at}`;
        return { secret, visit: await choose(browser, page, { password: secret, again: secret }) };
      }),
    );
    const won = tries.filter(({ visit }) => visit.status === 200);
    assert.equal(won.length, 1);
    assert.equal((await lines(person)).length, 1);
    const browser = newBrowser();
    const form = await browser.get(ask(world, 'claude-code', callback).url);
    const end = await browser.submit(form, { email: person.email, password: String(won[0]?.secret), do: 'sign-in' });
    assert.ok(end.url.searchParams.get('code'));
  });

  test('unknown, malformed, expired, not yet open, replaced, revoked, of somebody switched off: one answer', async () => {
    const [person, off, early, late, gone] = await Promise.all(Array.from({ length: 5 }, () => newPerson()));
    assert.ok(person && off && early && late && gone);
    const replaced = await invite(person);
    const good = await invite(person);
    const ofOff = await invite(off);
    await world.store.people.save({ ...off, active: false });
    const revoked = await invite(gone);
    await world.store.links.revoke(gone.id, []);
    const tooOld = await invite(late, { now: seconds() - 3601 });
    for (const url of [
      `${world.issuer}/password/${'x'.repeat(43)}`,
      `${world.issuer}/password/`,
      `${good}x`,
      `${good}/more`,
      tooOld,
      await invite(early, { delaySeconds: 60 }),
      replaced,
      revoked,
      ofOff,
    ]) {
      isRefused(await newBrowser().get(url));
    }
    assert.equal((await newBrowser().get(good)).status, 200);
  });

  test('what was open on a page before it ended is not taken', async () => {
    const person = await newPerson();
    const browser = newBrowser();
    const page = await browser.get(await invite(person));
    await world.store.links.revoke(person.id, []);
    isRefused(await choose(browser, page));
    assert.equal(await world.store.people.passwordHash(person.id), undefined);
  });

  const wrong: [name: string, fields: Record<string, string>, says: RegExp][] = [
    ['too short', { password: 'short', again: 'short' }, /12 characters/],
    ['two that differ', { again: `${chosen}!` }, /not the same/],
    ['without the second', { again: '' }, /not the same/],
    ['from a form that is not ours', { token: 'AAAA' }, /too old/],
  ];
  for (const [name, fields, says] of wrong) {
    test(`${name}: said, nothing set, and the link still works`, async () => {
      const person = await newPerson();
      const browser = newBrowser();
      const again = await choose(browser, await browser.get(await invite(person)), fields);
      assert.equal(again.status, 400);
      assert.match(again.page, says);
      assert.equal(await world.store.people.passwordHash(person.id), undefined);
      assert.equal((await choose(browser, again)).status, 200);
    });
  }

  test('from another site: nothing is set', async () => {
    const person = await newPerson();
    const browser = newBrowser();
    const page = await browser.get(await invite(person));
    const fields = { do: 'set', password: chosen, again: chosen };
    assert.equal((await browser.submit(page, fields, { 'sec-fetch-site': 'cross-site' })).status, 400);
    assert.equal(await world.store.people.passwordHash(person.id), undefined);
  });

  test('the form of one link is not that of another', async () => {
    const [one, other] = [await newPerson(), await newPerson()];
    const browser = newBrowser();
    const page = await browser.get(await invite(one));
    const theirs = await browser.get(await invite(other));
    const [, token = ''] = /name="token" value="([^"]*)"/.exec(theirs.page) ?? [];
    assert.equal((await choose(browser, page, { token })).status, 400);
  });

  test('the first second factor needs no code for a while, at /security', async () => {
    const person = await newPerson();
    const browser = newBrowser();
    await choose(browser, await browser.get(await invite(person)));
    const login = await browser.get(`${world.issuer}/security`);
    const mine = await browser.submit(login, { email: person.email, password: chosen, do: 'sign-in' });
    const setup = await browser.submit(mine, { do: 'new-app' });
    const kept = await browser.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) });
    assert.equal(recoveryCodesOn(kept).length, 10);
    assert.equal((await lines(person)).at(-1)?.detail, 'factor enrolled: first, by enrolment code');
    const [factor] = await world.store.factors.of(person.id);
    await world.store.factors.remove(person.id, String(factor?.id), []);
    const after = await browser.get(`${world.issuer}/security`);
    assert.match(after.page, /Enrolment code/, 'once');
  });

  test('and in a sign-in that needs one; of nobody else, and not by a code that was never typed', async () => {
    const person = await newPerson();
    const browser = newBrowser();
    await choose(browser, await browser.get(await invite(person)));
    const needed = { acr_values: 'http://schemas.openid.net/pape/policies/2007/06/multi-factor' };
    const page = await browser.get(ask(world, 'claude-code', callback, needed).url);
    const setup = await browser.submit(page, { email: person.email, password: chosen, do: 'sign-in' });
    const kept = await browser.submit(setup, { do: 'app-code', code: codeOf(secretOn(setup)) });
    assert.equal(recoveryCodesOn(kept).length, 10);
    const other = newBrowser();
    const theirs = await signInAs(other, ask(world, 'claude-code', callback, needed));
    assert.match(theirs.page, /you have none yet/);
    await world.store.factors.setEnrolmentCode(alice.id, 'a code of theirs', seconds() + 60, []);
    assert.match((await signInAs(newBrowser(), ask(world, 'claude-code', callback, needed))).page, /you have none yet/);
  });

  test('T30: made for somebody without a role, it is worth nothing to whoever was made an administrator since, nor is its pass', async () => {
    const [late, early] = [await newPerson(), await newPerson()];
    const browser = newBrowser();
    const page = await browser.get(await invite(late));
    const used = newBrowser();
    await choose(used, await used.get(await invite(early)));
    for (const { id } of [late, early]) {
      await world.store.administrators.grant({ personId: id, role: 'owner', grantedAt: seconds() }, []);
    }
    isRefused(await choose(browser, page));
    assert.equal(await world.store.people.passwordHash(late.id), undefined);
    const login = await used.get(`${world.issuer}/security`);
    const mine = await used.submit(login, { email: early.email, password: chosen, do: 'sign-in' });
    assert.match(mine.page, /Enrolment code/);
  });

  test('another password: sessions end, the old one is worthless, second factors stay', async () => {
    const person = await newPerson();
    await world.store.people.setPasswordHash(person.id, (await world.store.people.passwordHash(alice.id)) ?? '');
    const old = newBrowser();
    await signInAs(old, ask(world, 'portal', 'https://portal.example/cb'), person.email);
    const url = await invite(person, { purpose: 'reset' });
    const early = newBrowser();
    await signInAs(early, ask(world, 'portal', 'https://portal.example/cb'), person.email);
    await giveApp(world, person.id);
    const browser = newBrowser();
    const page = await browser.get(url);
    assert.match(page.page, /<h1>Choose a new password<\/h1>/);
    world.notes.length = 0;
    assert.match((await choose(browser, page)).page, /Your second factors are as they were/);
    assert.deepEqual(
      (await endingsOnRecord(world)).map(({ kind, person: whose, detail }) => [kind, whose, detail]),
      Array(2).fill(['sign_out', person.id, 'password set by reset link']),
    );
    assert.deepEqual(await world.store.sessions.list({ after: '', limit: 9, personId: person.id, now: seconds() }), []);
    const again = newBrowser();
    const form = await again.get(ask(world, 'claude-code', callback).url);
    assert.equal((await again.submit(form, { email: person.email, password, do: 'sign-in' })).status, 400);
    const step = await again.submit(form, { email: person.email, password: chosen, do: 'sign-in' });
    assert.match(step.page, /One more step/);
  });

  test('T32: a hostile address or name is text', async () => {
    const person = { ...(await newPerson()), email: '"><script>alert(1)</script>@acme.example\u202e' };
    await world.store.people.save(person);
    const { page } = await newBrowser().get(await invite(person));
    assert.match(page, /&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;@acme\.example\uFFFD/);
    assert.doesNotMatch(page, /<script/);
  });
});
