import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Person, SignInSession } from '../../store/store.ts';
import { ask, signInAs } from './test-client.ts';
import { alice, endingsOnRecord, openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';
const until = 4_000_000_000;

describe('IDP-41: ending sessions where the person, or somebody else, says so', () => {
  let world: TestWorld;
  const told: string[] = [];
  before(async () => {
    const fetch = async (url: string) => {
      told.push(url);
      return new Response();
    };
    world = await openTestWorld(undefined, undefined, undefined, () => ({ fetch }));
    const known = world.clients.get('claude-code');
    assert.ok(known);
    world.clients.set('claude-code', { ...known, backchannelLogoutUri: 'https://agent.example/out' });
  });
  beforeEach(() => {
    told.length = 0;
    world.faults.length = 0;
  });
  after(() => world.close());

  /** Somebody new, signed in to two clients by one browser, at the page where they end what acts for them. */
  async function atOwnPage() {
    const id = `u_${randomUUID()}`;
    const person: Person = { ...alice, id, email: `${id}@acme.example` };
    await world.store.people.save(person);
    await world.store.people.setPasswordHash(id, (await world.store.people.passwordHash(alice.id)) ?? '');
    const browser = new TestBrowser(world.issuer);
    await signInAs(browser, ask(world, 'claude-code', callback), person.email);
    await browser.get(ask(world, 'portal', 'https://portal.example/cb').url);
    const page = await browser.get(`${world.issuer}/me`);
    const [session] = await sessionsOf(person);
    assert.ok(session);
    assert.deepEqual(session.clients.map(({ client }) => client).sort(), ['claude-code', 'portal']);
    const end = (fields: Record<string, string>) => browser.submit(page, fields);
    return { person, browser, session, end };
  }
  const sessionsOf = ({ id }: Person) => world.store.sessions.list({ after: '', limit: 1000, personId: id, now: 0 });
  const linesOf = async ({ id }: Person) =>
    (await endingsOnRecord(world)).filter(({ person }) => person === id).map(({ client }) => client);
  /** As many more of them, in other browsers. */
  async function signedInElsewhere({ id }: Person, browser: TestBrowser, count: number) {
    const { artifacts } = world.store;
    const kept = await artifacts.find('Session', browser.cookie('credence_session') ?? '');
    for (let at = 0; at < count; at += 1) {
      const jti = randomUUID();
      const more = { ...kept, jti, uid: randomUUID(), accountId: id, authorizations: {} };
      await artifacts.upsert('Session', jti, more, until);
    }
  }

  test('all of a person, however many, and each is a line of the record', async () => {
    const { person, browser, end } = await atOwnPage();
    await signedInElsewhere(person, browser, 249);
    assert.equal((await sessionsOf(person)).length, 250);
    assert.match((await end({ do: 'all' })).page, /You are signed out everywhere/);
    assert.deepEqual(await sessionsOf(person), []);
    assert.equal((await linesOf(person)).length, 250);
    assert.deepEqual(told, ['https://agent.example/out'], 'and only who asked to be told is');
    assert.deepEqual(world.faults, []);
  });

  test('one that has just ended elsewhere holds up no other, is no line, and nobody is told of it twice', async ({
    mock,
  }) => {
    const { person, browser, session, end } = await atOwnPage();
    await signedInElsewhere(person, browser, 2);
    const { sessions } = world.store;
    const { find } = sessions;
    let gone = 0;
    mock.method(sessions, 'find', async (uid: string, now: number): Promise<SignInSession | undefined> => {
      if (uid === session.uid) gone += Number(await sessions.end(uid, []));
      return find(uid, now);
    });
    assert.match((await end({ do: 'all' })).page, /You are signed out everywhere/);
    assert.deepEqual([gone, (await linesOf(person)).length, told], [1, 2, []]);
    assert.deepEqual([await sessionsOf(person), world.faults], [[], []]);
  });

  describe('one client of a session', () => {
    const agent = { do: 'agent', agent: 'claude-code' };

    test('is told, the other is not, and the session stands', async () => {
      const { person, end } = await atOwnPage();
      assert.match((await end(agent)).page, /Ended\. It acts for you again/);
      assert.deepEqual([await linesOf(person), told], [['claude-code'], ['https://agent.example/out']]);
      const [session] = await sessionsOf(person);
      assert.deepEqual(
        session?.clients.map(({ client }) => client),
        ['portal'],
      );
    });

    for (const [name, happens] of [
      ['the session has just ended elsewhere', (uid: string) => world.store.sessions.end(uid, [])],
      ['it has just been taken out elsewhere', (uid: string) => world.store.sessions.endClient(uid, 'claude-code', [])],
    ] as const) {
      test(`${name}: nothing is said, recorded or told`, async ({ mock }) => {
        const { person, session, end } = await atOwnPage();
        const { sessions } = world.store;
        const { find } = sessions;
        mock.method(sessions, 'find', async (uid: string, now: number): Promise<SignInSession | undefined> => {
          if (uid === session.uid) await happens(uid);
          return find(uid, now);
        });
        assert.doesNotMatch((await end(agent)).page, /Ended\. It acts/);
        assert.deepEqual([await linesOf(person), told, world.faults], [[], [], []]);
      });
    }

    test('a session that is saved meanwhile is read again, and the client is told once', async ({ mock }) => {
      const { person, end } = await atOwnPage();
      const { sessions } = world.store;
      const { endClient } = sessions;
      const ending = mock.method(sessions, 'endClient', endClient);
      for (const at of [0, 1, 2, 3]) ending.mock.mockImplementationOnce(async () => false, at);
      assert.match((await end(agent)).page, /Ended\. It acts for you again/);
      assert.equal(ending.mock.callCount(), 5);
      assert.deepEqual([await linesOf(person), told.length], [['claude-code'], 1]);
    });

    test('one that never keeps still is a 503 after five times, not a request without end', async ({ mock }) => {
      const { person, end } = await atOwnPage();
      const ending = mock.method(world.store.sessions, 'endClient', async () => false);
      assert.equal((await end(agent)).status, 503);
      assert.equal(ending.mock.callCount(), 5);
      assert.deepEqual([await linesOf(person), told], [[], []]);
    });
  });
});
