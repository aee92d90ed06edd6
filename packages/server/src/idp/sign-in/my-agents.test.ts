import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { readRecord } from '../../audit/personal.ts';
import { compileAccess } from '../../policy/compile.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { reachOf } from '../../policy/reach.ts';
import type { Person } from '../../store/store.ts';
import { ask, basic, redeem, signInAs, token } from './test-client.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld, type Visit } from './test-world.ts';

const ras = 'https://mcp.acme.example';
const callback = 'http://localhost:51234/callback';
const access = `
servers:
  tracker: { resource: ${ras}/tracker/mcp, ras: ${ras}, scopes: { issues:read: {}, issues:write: { risk: high } } }
  wiki: { resource: ${ras}/wiki/mcp, ras: ${ras}, scopes: { pages:read: {} } }
clients:
  claude-code: { name: Claude Code, redirect_uris: [${callback}], client_ids: { ${ras}: cc } }
  portal: { name: Portal, redirect_uris: [https://portal.example/cb], client_ids: { ${ras}: portal } }
  elsewhere: { redirect_uris: [${callback}] }
  paused: { redirect_uris: [${callback}], exchange: false, client_ids: { ${ras}: p } }
rules:
  - { id: eng, allow: all, on: [tracker, wiki], to: [group:engineering] }
  - { id: no-portal, deny: all, on: wiki, to: [group:engineering], through: [portal] }
`;
let made = 0;

describe('/me, where people see what acts in their name', () => {
  let world: TestWorld;
  before(async () => {
    const parsed = parsePolicy(access, 'access');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
    world = await openTestWorld({ perAccount: 10, perNetwork: 5000 }, undefined, undefined, (_issuer, _store, now) => ({
      reachOf: (person) => reachOf(index, person, now()),
    }));
  });
  beforeEach(() => {
    world.notes.length = 0;
  });
  after(() => world.close());

  const url = () => `${world.issuer}/me`;
  async function newPerson(change: Partial<Person> = {}): Promise<Person> {
    made += 1;
    const person = { ...alice, id: `u_${made}`, email: `p${made}@acme.example`, name: `Person ${made}`, ...change };
    await world.store.people.save(person);
    await world.store.people.setPasswordHash(person.id, (await world.store.people.passwordHash(alice.id)) ?? '');
    return person;
  }
  /** Signed in to a client, in a browser of their own. */
  async function signedIn(person: Person, client = 'portal', browser = new TestBrowser(world.issuer)) {
    const more = { scope: 'openid offline_access', prompt: 'login consent' };
    const asked = ask(world, client, client === 'portal' ? 'https://portal.example/cb' : callback, more);
    const page = await browser.get(asked.url);
    const arrived = await browser.submit(page, { email: person.email, password, do: 'sign-in' });
    const answer = await redeemAs(asked, arrived, client);
    return { browser, refreshToken: String(answer.refresh_token) };
  }
  async function redeemAs(asked: ReturnType<typeof ask>, arrived: Visit, client: string) {
    const code = arrived.url.searchParams.get('code') ?? '';
    if (client !== 'portal') return (await redeem(world, asked, code)).body;
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: asked.redirectUri,
      code_verifier: asked.verifier,
    };
    return (await token(world, form, basic('portal', world.secret))).body;
  }
  const isRefreshed = async (refreshToken: string) => {
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    return (await token(world, form, basic('portal', world.secret))).status === 200;
  };
  const issued = (person: Person, client: string, server: string, timeMs: number) =>
    world.store.commit({
      marks: [],
      records: [{ id: randomUUID(), kind: 'issuance', timeMs, body: '{}', person: person.id, client, server }],
    });
  const stands = async (person: Person) =>
    (await world.store.sessions.list({ after: '', limit: 9, personId: person.id, now: 0 })).length;
  const section = ({ page }: Visit, name: string) =>
    new RegExp(`<h2>${name}</h2>([\\s\\S]*?)(?=<div class="section">|</main>)`).exec(page)?.[1] ?? '';

  test('signs in first; with nothing at work and nothing ever done, it says so', async () => {
    const person = await newPerson({ groups: [] });
    const browser = new TestBrowser(world.issuer);
    const login = await browser.get(url());
    assert.match(login.page, /<h1>Sign in to Acme<\/h1>/);
    const page = await browser.submit(login, { email: person.email, password, do: 'sign-in' });
    assert.equal(page.url.href, url());
    assert.match(page.page, /<h1>My agents<\/h1>/);
    assert.match(section(page, 'At work'), /No agent is signed in for you/);
    assert.doesNotMatch(page.page, /Not signed in<\/h2>/);
    assert.match(section(page, 'Where you are signed in'), /This browser[\s\S]*no agent/);
  });

  test('shows what is at work, what acted when, and what policy lets each be given where', async () => {
    const person = await newPerson();
    await issued(person, 'claude-code', 'tracker', Date.parse('2026-03-01T09:00:00Z'));
    await issued(person, 'claude-code', 'tracker', Date.parse('2026-04-02T10:30:00Z'));
    await issued(person, 'claude-code', 'gone-server', Date.parse('2026-02-01T08:00:00Z'));
    await issued(alice, 'claude-code', 'wiki', Date.now());
    const { browser } = await signedIn(person);
    const page = await browser.get(url());
    const atWork = section(page, 'At work');
    assert.match(atWork, /<b>Portal<\/b><p class="when">has not acted for you/);
    assert.match(atWork, /<b>tracker<\/b><p class="when">may read and write issues<\/p><p class="when">not yet/);
    assert.doesNotMatch(atWork, /wiki|Claude/);
    const others = section(page, 'Not signed in');
    assert.match(
      others,
      /<b>Claude Code<\/b><p class="when">acted first <time[^>]*>2026-02-01 08:00 UTC<\/time>, last <time[^>]*>2026-04-02 10:30 UTC/,
    );
    assert.match(others, /<b>wiki<\/b><p class="when">may read pages<\/p><p class="when">not yet/);
    assert.match(others, /<b>gone-server<\/b><p class="when">may do nothing any more/);
    assert.doesNotMatch(page.page, /elsewhere|paused|credence\./);
  });

  test('one client is ended, in every browser: its refresh token and its sessions, and no other’s', async () => {
    const person = await newPerson();
    const one = await signedIn(person);
    const two = await signedIn(person);
    const bystander = await signedIn(await newPerson());
    await signInAs(one.browser, ask(world, 'claude-code', callback, { prompt: 'login' }), person.email);
    const page = await one.browser.get(url());
    const fields = { do: 'agent', agent: 'portal' };
    const done = await one.browser.submit(page, fields);
    assert.match(done.page, /Ended\. It acts for you again only after you sign in to it/);
    assert.doesNotMatch(section(done, 'At work'), /Portal/);
    assert.match(section(done, 'At work'), /Claude Code/);
    assert.deepEqual(
      [
        await isRefreshed(one.refreshToken),
        await isRefreshed(two.refreshToken),
        await isRefreshed(bystander.refreshToken),
      ],
      [false, false, true],
    );
    assert.equal(await stands(person), 2, 'the sessions stand');
    const ends = await endings(person);
    assert.deepEqual(ends, Array(2).fill(['portal', 'the person ended this client']));
  });

  /** Lines of the record, or notes of it. */
  async function endings(person: Person) {
    const lines = (await world.store.audit.last(500)).map(readRecord);
    const notes = world.notes.map(({ kind, facts }) => ({ kind, ...facts }));
    return [...lines, ...notes]
      .filter(({ kind, person: id }) => kind === 'sign_out' && id === person.id)
      .map(({ client, detail }) => [client, detail]);
  }

  test('one session is ended, another stands; its own leads to a last page', async () => {
    const person = await newPerson();
    const [one, two] = [await signedIn(person), await signedIn(person)];
    const page = await one.browser.get(url());
    const others =
      /name="session" value="([^"]+)"><button class="plain" name="do" value="session" aria-label="End the session of another/;
    const [, uid = ''] = others.exec(page.page) ?? [];
    const done = await one.browser.submit(page, { do: 'session', session: uid });
    assert.match(done.page, /Ended, with every agent that was signed in from there/);
    assert.deepEqual([await isRefreshed(two.refreshToken), await isRefreshed(one.refreshToken)], [false, true]);
    const [, mine = ''] = /name="session" value="([^"]+)"/.exec(done.page) ?? [];
    const gone = await one.browser.submit(done, { do: 'session', session: mine });
    assert.match(gone.page, /You are signed out in this browser/);
    assert.equal(await stands(person), 0);
    assert.match((await one.browser.get(url())).page, /<h1>Sign in to Acme<\/h1>/);
  });

  test('everything at once, of this person and nobody else', async () => {
    const person = await newPerson();
    const [one, two] = [await signedIn(person), await signedIn(person)];
    const bystander = await signedIn(await newPerson());
    const done = await one.browser.submit(await one.browser.get(url()), { do: 'all' });
    assert.match(done.page, /You are signed out everywhere/);
    const refreshed = await Promise.all([one, two, bystander].map(({ refreshToken }) => isRefreshed(refreshToken)));
    assert.deepEqual(refreshed, [false, false, true]);
    assert.equal(await stands(person), 0);
  });

  test('what the form names is looked for among the person’s own', async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const [mine, theirs] = [await signedIn(person), await signedIn(other)];
    const foreign = await theirs.browser.get(url());
    const [, uid = ''] = /name="session" value="([^"]+)"/.exec(foreign.page) ?? [];
    const page = await mine.browser.get(url());
    for (const fields of [{ do: 'session', session: uid }, { do: 'agent', agent: 'nothing' }, { do: 'nothing' }]) {
      const same = await mine.browser.submit(page, fields);
      assert.equal(same.status, 200);
      assert.doesNotMatch(same.page, /role="status"/, 'nothing is said to have ended');
    }
    assert.ok(await isRefreshed(theirs.refreshToken));
    assert.ok(await isRefreshed(mine.refreshToken));
  });

  test('takes no form from another site, another session, or without its token', async () => {
    const [mine, theirs] = [await signedIn(await newPerson()), await signedIn(await newPerson())];
    const page = await mine.browser.get(url());
    const foreign = await theirs.browser.get(url());
    for (const visit of [
      await mine.browser.submit(page, { do: 'all' }, { 'sec-fetch-site': 'cross-site' }),
      await mine.browser.submit(foreign, { do: 'all' }),
      await mine.browser.submit(page, { do: 'all', token: 'AAAA' }),
    ]) {
      assert.equal(visit.status, 400);
      assert.match(visit.page, /Nothing was ended/);
    }
    assert.ok(await isRefreshed(mine.refreshToken));
  });

  test('cancelled at the sign-in: a page, not a circle', async () => {
    const browser = new TestBrowser(world.issuer);
    const page = await browser.submit(await browser.get(url()), { do: 'cancel' });
    assert.deepEqual([page.status, page.url.pathname], [400, '/me']);
    assert.match(page.page, /You are not signed in/);
  });

  test('leads to how one signs in those who have a password here, and nobody else', async () => {
    const person = await newPerson();
    const { browser } = await signedIn(person);
    assert.match((await browser.get(url())).page, /href="\/security"/);
    const session = await world.store.artifacts.find('Session', browser.cookie('credence_session') ?? '');
    const elsewhere = { ...person, id: `${person.id}_up`, email: `up.${person.email}` };
    await world.store.people.save(elsewhere);
    const id = browser.cookie('credence_session') ?? '';
    await world.store.artifacts.upsert('Session', id, { ...session, accountId: elsewhere.id }, 4_000_000_000);
    assert.doesNotMatch((await browser.get(url())).page, /href="\/security"/);
  });

  test('a session of somebody switched off is none', async () => {
    const person = await newPerson();
    const { browser } = await signedIn(person);
    await world.store.people.save({ ...person, active: false });
    assert.match((await browser.get(url())).page, /<h1>Sign in to Acme<\/h1>/);
  });

  test('T32: hostile names of clients are text, also of those that are not in the policy any more', async () => {
    const person = await newPerson();
    await issued(person, '"><script>x</script>\u202e', '<img src=x>', 1000);
    const browser = new TestBrowser(world.issuer);
    await signInAs(browser, ask(world, 'hostile', callback), person.email);
    const { page } = await browser.get(url());
    assert.match(page, /&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;\uFFFDgpj/);
    assert.match(page, /&lt;img src=x&gt;/);
    assert.doesNotMatch(page, /<script|<img|\u202e/);
  });

  test('the userinfo endpoint has moved out of the way', async () => {
    const metadata = await (await fetch(`${world.issuer}/.well-known/openid-configuration`)).json();
    assert.equal((metadata as Record<string, unknown>).userinfo_endpoint, `${world.issuer}/userinfo`);
    const answer = await fetch(`${world.issuer}/userinfo`, { headers: { authorization: 'Bearer nothing' } });
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get('content-type') ?? '', /json/);
  });
});
