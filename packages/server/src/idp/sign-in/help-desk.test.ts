import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { readRecord } from '../../audit/personal.ts';
import type { AdminRole } from '../../store/administrators.ts';
import type { Person } from '../../store/store.ts';
import { ask, codeOf, giveApp, signInAs } from './test-client.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld, type Visit } from './test-world.ts';

const callback = 'http://localhost:51234/callback';
const day = 86_400;
let made = 0;

describe('T30: /help-desk, where those who care for people help them back in', () => {
  let world: TestWorld;
  let hash: string;
  before(async () => {
    world = await openTestWorld({ perAccount: 10, perNetwork: 5000 });
    hash = (await world.store.people.passwordHash(alice.id)) ?? '';
  });
  beforeEach(() => {
    world.notes.length = 0;
  });
  after(() => world.close());

  const seconds = () => Math.floor(Date.now() / 1000);
  const url = () => `${world.issuer}/help-desk`;
  async function newPerson(role?: AdminRole, change: Partial<Person> = {}): Promise<Person> {
    made += 1;
    const person = { ...alice, id: `u_${made}`, email: `p${made}@acme.example`, name: `Person ${made}`, ...change };
    if (person.source !== 'local') await world.store.directory.claimSource(person.source);
    await world.store.people.save(person);
    await world.store.people.setPasswordHash(person.id, hash);
    if (role) await world.store.administrators.grant({ personId: person.id, role, grantedAt: 1 }, []);
    return person;
  }
  /** Somebody with this role and a second factor, at the page. */
  async function open(role?: AdminRole) {
    const person = await newPerson(role);
    const secret = await giveApp(world, person.id);
    const browser = new TestBrowser(world.issuer);
    const login = await browser.get(url());
    const step = await browser.submit(login, { email: person.email, password, do: 'sign-in' });
    const page = await browser.submit(step, { do: 'code', code: codeOf(secret) });
    world.notes.length = 0;
    return { person, browser, page };
  }
  const lines = async (person: Person) =>
    (await world.store.audit.last(300)).map(readRecord).filter((record) => record.person === person.id && record.by);
  const linkOn = ({ page }: Visit) => /<code>(http:\/\/localhost:\d+\/password\/[\w-]{43})<\/code>/.exec(page)?.[1];
  const find = (desk: { browser: TestBrowser; page: Visit }, { email }: Person) =>
    desk.browser.submit(desk.page, { do: 'find', email });

  test('a link is made, shown once, and lets the person choose a password; each step is on the record with who did it', async () => {
    const desk = await open('help-desk');
    assert.match(desk.page.page, /<h1>Help desk<\/h1>/);
    assert.equal(desk.page.url.href, url(), 'and nothing of the sign-in stays in the address');
    const target = await newPerson();
    const found = await find(desk, { ...target, email: ` ${target.email.toUpperCase()} ` });
    assert.match(found.page, new RegExp(`<h1>${target.name}</h1>`));
    const shown = await desk.browser.submit(found, { do: 'link' });
    const link = linkOn(shown);
    assert.ok(link);
    assert.equal((await new TestBrowser(world.issuer).get(link)).status, 200);
    const after = await desk.browser.submit(shown, { do: 'person' });
    assert.match(after.page, /Open link/);
    assert.equal(linkOn(after), undefined);
    const [line] = await lines(target);
    assert.deepEqual(
      [line?.kind, line?.outcome, line?.by, line?.detail],
      ['factor', 'allowed', desk.person.id, 'reset link made at the help desk'],
    );
    assert.deepEqual(
      world.notes.map(({ kind, facts }) => [kind, facts.person, facts.by, facts.detail]),
      [['admin', target.id, desk.person.id, 'looked up at the help desk']],
    );
    assert.ok(!JSON.stringify(await world.store.audit.last(300)).includes(link.slice(-43)));
  });

  test('T28: whoever is switched off while their form is on its way has nothing done any more', async () => {
    const desk = await open('help-desk');
    const target = await newPerson();
    const found = await find(desk, target);
    const fields = { do: 'link' };
    const slow = await desk.browser.submitSlowly(found, fields, async () => undefined);
    assert.ok(linkOn(slow), 'slowly alone takes nothing away');
    const refused = await desk.browser.submitSlowly(found, fields, () =>
      world.store.people.save({ ...desk.person, active: false }),
    );
    assert.equal(linkOn(refused), undefined);
    assert.equal((await lines(target)).length, 1);
  });

  test('a second factor is removed, once that was confirmed; sessions end', async () => {
    const desk = await open('people');
    const target = await newPerson();
    await signInAs(new TestBrowser(world.issuer), ask(world, 'portal', 'https://portal.example/cb'), target.email);
    await giveApp(world, target.id);
    const asked = await desk.browser.submit(await find(desk, target), { do: 'remove' });
    assert.match(asked.page, /<h1>Remove Authenticator app\?<\/h1>/);
    assert.match(asked.page, /It is the last one/);
    assert.equal((await world.store.factors.of(target.id)).length, 1, 'asked first');
    const done = await desk.browser.submit(asked, { do: 'remove-now' });
    assert.match(done.page, /Authenticator app was removed/);
    assert.deepEqual(await world.store.factors.of(target.id), []);
    const standing = { after: '', limit: 9, personId: target.id, now: seconds() };
    assert.deepEqual(await world.store.sessions.list(standing), []);
    const [line] = await lines(target);
    assert.deepEqual(
      [line?.kind, line?.by, line?.factor?.kind, line?.detail],
      ['factor', desk.person.id, 'totp', 'factor removed at the help desk'],
    );
  });

  test('the person is told at the next sign-in, once', async () => {
    const desk = await open('owner');
    const target = await newPerson();
    await desk.browser.submit(await find(desk, target), { do: 'link' });
    await giveApp(world, target.id);
    await desk.browser.submit(await desk.browser.submit(await find(desk, target), { do: 'remove' }), {
      do: 'remove-now',
    });
    const browser = new TestBrowser(world.issuer);
    const told = await signInAs(browser, ask(world, 'claude-code', callback), target.email);
    assert.match(told.page, /<h1>Somebody changed how you sign in<\/h1>/);
    assert.match(told.page, /A link to choose a new password/);
    assert.match(told.page, /Authenticator app was removed/);
    const again = await browser.get(told.url.href);
    assert.match(again.page, /Somebody changed/, 'looking away does not make it seen');
    const arrived = await browser.submit(again, { do: 'noticed', mine: 'yes' });
    assert.ok(arrived.url.searchParams.get('code'));
    assert.ok(await world.store.links.of(target.id), 'the link stands');
    const next = await signInAs(new TestBrowser(world.issuer), ask(world, 'claude-code', callback), target.email);
    assert.ok(next.url.searchParams.get('code'));
  });

  test('"I did not ask for it" ends an open link and is an alert', async () => {
    const desk = await open('help-desk');
    const target = await newPerson();
    const link = linkOn(await desk.browser.submit(await find(desk, target), { do: 'link' }));
    const browser = new TestBrowser(world.issuer);
    const told = await signInAs(browser, ask(world, 'claude-code', callback), target.email);
    const arrived = await browser.submit(told, { do: 'noticed', mine: 'no' });
    assert.ok(arrived.url.searchParams.get('code'));
    assert.equal((await new TestBrowser(world.issuer).get(String(link))).status, 400);
    const alert = world.notes.find(({ kind }) => kind === 'alert');
    assert.deepEqual([alert?.facts.person, alert?.known], [target.id, true]);
  });

  test('who has a second factor is told after it was shown, never to the password alone', async () => {
    const desk = await open('help-desk');
    const target = await newPerson();
    const secret = await giveApp(world, target.id);
    const link = linkOn(await desk.browser.submit(await find(desk, target), { do: 'link' }));
    const browser = new TestBrowser(world.issuer);
    const step = await signInAs(browser, ask(world, 'claude-code', callback), target.email);
    assert.match(step.page, /One more step/);
    const skipped = await browser.submit(step, { do: 'noticed', mine: 'no' });
    assert.match(skipped.page, /One more step/);
    assert.equal((await world.store.notices.of(target.id)).length, 1);
    assert.equal(
      (await new TestBrowser(world.issuer).get(String(link))).status,
      200,
      'nor does the password end the link',
    );
    const told = await browser.submit(skipped, { do: 'code', code: codeOf(secret) });
    assert.match(told.page, /Somebody changed/);
  });

  const equals: [actor: AdminRole, target: AdminRole][] = [
    ['help-desk', 'help-desk'],
    ['help-desk', 'owner'],
    ['people', 'policy'],
    ['owner', 'owner'],
  ];
  for (const [actor, role] of equals) {
    test(`${actor} resets nothing of ${role}: not offered, and refused when sent all the same`, async () => {
      const desk = await open(actor);
      const target = await newPerson(role);
      await giveApp(world, target.id);
      const found = await find(desk, target);
      assert.match(found.page, /equal to yours or higher/);
      assert.doesNotMatch(found.page, /value="link"|value="remove"/);
      const [factor] = await world.store.factors.of(target.id);
      const forged = { person: target.id, factor: String(factor?.id) };
      for (const act of ['link', 'remove', 'remove-now']) {
        const refused = await desk.browser.submit(desk.page, { do: act, ...forged });
        assert.equal(refused.status, 403);
        const { outcome, reason, facts } = world.notes.at(-1) ?? {};
        assert.deepEqual(
          [outcome, reason, facts?.person, facts?.by],
          ['refused', 'administrator_not_lower', target.id, desk.person.id],
        );
      }
      assert.equal((await world.store.factors.of(target.id)).length, 1);
      assert.equal(await world.store.links.of(target.id), undefined);
      assert.deepEqual(await world.store.notices.of(target.id), []);
    });
  }

  test('cancelled at the sign-in: a page, not a circle', async () => {
    const browser = new TestBrowser(world.issuer);
    const page = await browser.submit(await browser.get(url()), { do: 'cancel' });
    assert.deepEqual([page.status, page.url.pathname], [400, '/help-desk']);
    assert.match(page.page, /You are not signed in/);
  });

  test('a factor that is gone, or is somebody else’s, is not removed', async () => {
    const desk = await open('help-desk');
    const [target, other] = [await newPerson(), await newPerson()];
    await giveApp(world, target.id);
    await giveApp(world, other.id);
    const [theirs] = await world.store.factors.of(other.id);
    for (const act of ['remove', 'remove-now']) {
      for (const factor of ['f_gone', String(theirs?.id)]) {
        const shown = await desk.browser.submit(desk.page, { do: act, person: target.id, factor });
        assert.match(shown.page, new RegExp(`<h1>${target.name}</h1>`));
      }
    }
    assert.deepEqual(await world.store.notices.of(target.id), []);
    assert.equal((await world.store.factors.of(other.id)).length, 1);
  });

  test('nobody resets their own', async () => {
    const desk = await open('owner');
    const refused = await desk.browser.submit(desk.page, { do: 'link', person: desk.person.id });
    assert.deepEqual([refused.status, world.notes.at(-1)?.reason], [403, 'administrator_not_lower']);
  });

  test('of somebody who administers, with a lower role: the link opens after a day, second factors are for commands', async () => {
    const desk = await open('owner');
    const target = await newPerson('people');
    await giveApp(world, target.id);
    const found = await find(desk, target);
    assert.match(found.page, /opens only after a day/);
    assert.match(found.page, /second factors are removed by command only/);
    assert.doesNotMatch(found.page, /value="remove"/);
    const shown = await desk.browser.submit(found, { do: 'link' });
    assert.match(shown.page, /It opens <b>/);
    const link = await world.store.links.of(target.id);
    assert.ok(link && link.opensAt - link.createdAt === day && link.expiresAt - link.opensAt === 3600);
    assert.equal((await new TestBrowser(world.issuer).get(String(linkOn(shown)))).status, 400, 'not yet');
    const [factor] = await world.store.factors.of(target.id);
    const sent = { do: 'remove-now', person: target.id, factor: String(factor?.id) };
    const refused = await desk.browser.submit(desk.page, sent);
    assert.deepEqual([refused.status, world.notes.at(-1)?.reason], [403, 'administrator_factor_by_command']);
    assert.equal((await world.store.factors.of(target.id)).length, 1);
  });

  for (const role of [undefined, 'policy', 'auditor'] as const) {
    test(`${role ?? 'nobody'} is turned away, on the record, whatever roles a source gave them`, async () => {
      const desk = await open(role);
      await world.store.people.save({ ...desk.person, roles: ['owner', 'help-desk'] });
      for (const visit of [
        desk.page,
        await desk.browser.get(url()),
        await desk.browser.submit({ ...desk.page, page: '<form method="post" action="/help-desk"></form>' }, {}),
      ]) {
        assert.match(visit.page, /You do not work at the help desk/);
      }
      const { kind, reason, facts, known } = world.notes.at(-1) ?? {};
      assert.deepEqual([kind, reason, facts?.by, known], ['admin', 'administrator_role_needed', desk.person.id, true]);
    });
  }

  test('a role that was taken away counts from the next request on', async () => {
    const desk = await open('owner');
    const target = await newPerson();
    const found = await find(desk, target);
    await world.store.administrators.revoke(desk.person.id, []);
    assert.equal((await desk.browser.submit(found, { do: 'link' })).status, 403);
    assert.equal(await world.store.links.of(target.id), undefined);
  });

  test('a password alone does not open it, nor an old sign-in', async () => {
    const desk = await open('help-desk');
    const id = desk.browser.cookie('credence_session') ?? '';
    const session = await world.store.artifacts.find('Session', id);
    const old = { ...session, loginTs: seconds() - 901 };
    await world.store.artifacts.upsert('Session', id, old, seconds() + 999);
    const target = await newPerson();
    const stale = await desk.browser.submit(desk.page, { do: 'link', person: target.id });
    assert.match(stale.page, /<h1>Sign in to Acme<\/h1>/);
    const weak = {
      ...session,
      loginTs: seconds(),
      acr: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    };
    await world.store.artifacts.upsert('Session', id, weak, seconds() + 999);
    assert.match((await desk.browser.get(url())).page, /<h1>Sign in to Acme<\/h1>/);
    assert.equal(await world.store.links.of(target.id), undefined);
  });

  test('takes no form from another site, another session, or without its token', async () => {
    const [desk, other] = [await open('help-desk'), await open('help-desk')];
    const target = await newPerson();
    const fields = { do: 'link', person: target.id };
    const crossSite = await desk.browser.submit(desk.page, fields, { 'sec-fetch-site': 'cross-site' });
    const stolen = await desk.browser.submit(other.page, fields);
    const forged = await desk.browser.submit(desk.page, { ...fields, token: 'AAAA' });
    for (const visit of [crossSite, stolen, forged]) assert.equal(visit.status, 400);
    assert.equal(await world.store.links.of(target.id), undefined);
  });

  test('who has no password: a local person is invited, others are helped where they sign in, somebody off nowhere', async () => {
    const desk = await open('help-desk');
    const local = { ...alice, id: 'u_without', email: 'without@acme.example', name: 'Without' };
    const up = { ...local, id: 'u_up', source: 'upstream:okta', email: 'up@acme.example' };
    await world.store.directory.claimSource('upstream:okta');
    for (const person of [local, up]) await world.store.people.save(person);
    const off = await newPerson(undefined, { active: false });
    await desk.browser.submit(await find(desk, local), { do: 'link' });
    assert.equal((await world.store.links.of(local.id))?.purpose, 'invitation');
    for (const [person, says] of [
      [up, /sign in elsewhere/],
      [off, /Nothing lets them in/],
    ] as const) {
      const found = await find(desk, person);
      assert.match(found.page, says);
      assert.doesNotMatch(found.page, /value="link"/);
      await desk.browser.submit(desk.page, { do: 'link', person: person.id });
      assert.equal(await world.store.links.of(person.id), undefined);
    }
    const nobody = await desk.browser.submit(desk.page, { do: 'find', email: 'nobody@acme.example' });
    assert.match(nobody.page, /Nobody here has this address/);
    assert.equal((await desk.browser.submit(desk.page, { do: 'link', person: 'u_nobody' })).status, 400);
  });

  test('T32: hostile names are text, on the page, in the notice and in the field', async () => {
    const desk = await open('help-desk');
    const name = '"><img src=x onerror=alert(1)>\u202Egpj';
    const target = await newPerson(undefined, { name });
    const found = await find(desk, target);
    const escaped = /&quot;&gt;&lt;img src=x onerror=alert\(1\)&gt;\uFFFDgpj/;
    assert.match(found.page, escaped);
    await world.store.notices.add({ id: 'n_hostile', personId: target.id, what: 'factor_removed', about: name, at: 1 });
    const told = await signInAs(new TestBrowser(world.issuer), ask(world, 'claude-code', callback), target.email);
    assert.match(told.page, escaped);
    const again = await desk.browser.submit(desk.page, { do: 'find', email: name });
    for (const { page } of [found, told, again]) assert.doesNotMatch(page, /<img/);
  });
});
