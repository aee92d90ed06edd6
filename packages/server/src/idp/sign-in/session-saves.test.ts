import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import { type Asked, ask, claimsOf, redeem, signInAs, token } from './test-client.ts';
import { alice, openTestWorld, TestBrowser, type TestWorld, type Visit } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('IDP-13: tabs of one browser that are at its session at once', () => {
  let world: TestWorld;
  /** What clients were told at their addresses. */
  const told: string[] = [];
  before(async () => {
    const fetch = async (url: string) => {
      told.push(url);
      return new Response();
    };
    world = await openTestWorld(undefined, undefined, undefined, () => ({ fetch }));
    const portal = world.clients.get('portal');
    assert.ok(portal);
    for (const id of ['wiki', 'blog']) {
      const more = { redirectUris: [`https://${id}.example/cb`], backchannelLogoutUri: `https://${id}.example/out` };
      world.clients.set(id, { ...portal, id, public: true, ...more });
    }
  });
  beforeEach(async () => {
    await world.store.artifacts.endSessionsOf(alice.id);
    told.length = 0;
  });
  after(() => world.close());

  const signedIn = async () => {
    const browser = new TestBrowser(world.issuer);
    const asked = ask(world, 'claude-code', callback);
    return { browser, first: await redeem(world, asked, codeOf(await signInAs(browser, asked))) };
  };
  const askFor = (id: string, more?: Record<string, string>) => ask(world, id, `https://${id}.example/cb`, more);
  const codeOf = ({ url }: Visit) => url.searchParams.get('code') ?? url.href;
  const sessions = () => world.store.sessions.list({ after: '', limit: 10, now: 0 });
  const clients = async () => (await sessions()).map((session) => session.clients.map(({ client }) => client).sort());
  const open = async (browser: TestBrowser, asked: readonly Asked[]) => {
    const visits = await Promise.all(asked.map(({ url }) => browser.get(url)));
    return Promise.all(asked.map((each, at) => redeem(world, each, codeOf(visits[at] as Visit))));
  };
  /** Something happens to the session when the next request is about to save it. */
  const meanwhile = ({ mock }: TestContext, happens: () => Promise<unknown>) => {
    const { artifacts } = world.store;
    const { replaceSession } = artifacts;
    mock.method(artifacts, 'replaceSession', replaceSession).mock.mockImplementationOnce(async (...given) => {
      await happens();
      return replaceSession(...given);
    });
  };

  test('stay at one session, and signing out ends it for all of them', async () => {
    const { browser } = await signedIn();
    const asked = ['wiki', 'blog'].map((id) => askFor(id, { scope: 'openid offline_access', prompt: 'consent' }));
    const answers = await open(browser, asked);
    assert.deepEqual(await clients(), [['blog', 'claude-code', 'wiki']]);
    const page = await browser.get(`${world.issuer}/session/end`);
    assert.match((await browser.submit(page, { logout: 'yes' })).page, /<h1>You are signed out<\/h1>/);
    assert.deepEqual(await sessions(), []);
    for (const [at, { clientId }] of asked.entries()) {
      const refresh = { grant_type: 'refresh_token', client_id: clientId };
      const again = await token(world, { ...refresh, refresh_token: String(answers[at]?.body.refresh_token) });
      assert.deepEqual([answers[at]?.status, again.status], [200, 400], clientId);
    }
    assert.deepEqual(told.sort(), ['https://blog.example/out', 'https://wiki.example/out']);
  });

  test('each get a code that is good', async () => {
    const { browser } = await signedIn();
    const answers = await open(browser, [askFor('wiki'), askFor('blog')]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    for (const { body } of answers) {
      assert.ok(await world.store.artifacts.sessionStands(String(claimsOf(body.id_token).sid), 0));
    }
  });

  test('two of one client get codes that hang on one sid', async () => {
    const { browser } = await signedIn();
    const answers = await open(browser, [askFor('wiki'), askFor('wiki', { scope: 'openid profile' })]);
    const sids = answers.map(({ body }) => claimsOf(body.id_token).sid);
    assert.deepEqual(sids, [sids[0], sids[0]]);
    assert.ok(await world.store.artifacts.sessionStands(String(sids[0]), 0));
  });

  test('a session that has ended does not come back, and the client gets no code', async (t) => {
    const { browser } = await signedIn();
    const [session] = await sessions();
    meanwhile(t, () => world.store.sessions.end(session?.uid ?? '', []));
    const visit = await browser.get(askFor('wiki').url);
    assert.equal(visit.url.searchParams.get('error'), 'temporarily_unavailable');
    assert.deepEqual([visit.url.origin, codeOf(visit)], ['https://wiki.example', visit.url.href]);
    assert.deepEqual(visit.headers.getSetCookie(), [], 'the browser has another by now, or none');
    assert.deepEqual(await sessions(), []);
    assert.deepEqual(world.faults, []);
  });

  test('a client that was taken out does not come back', async (t) => {
    const { browser, first } = await signedIn();
    const [session] = await sessions();
    meanwhile(t, () => world.store.sessions.endClient(session?.uid ?? '', 'claude-code', []));
    const [answer] = await open(browser, [askFor('wiki')]);
    assert.equal(answer?.status, 200);
    assert.deepEqual(await clients(), [['wiki']]);
    assert.equal(await world.store.artifacts.sessionStands(String(claimsOf(first.body.id_token).sid), 0), false);
  });

  test('the question whether to sign out, which another tab shows meanwhile, can be answered', async (t) => {
    const { browser } = await signedIn();
    const pages: Visit[] = [];
    meanwhile(t, async () => pages.push(await browser.get(`${world.issuer}/session/end`)));
    await browser.get(askFor('wiki').url);
    assert.match((await browser.submit(pages[0] as Visit, { logout: 'yes' })).page, /<h1>You are signed out<\/h1>/);
    assert.deepEqual(await sessions(), []);
  });

  test('a client that another tab signs in to while the person signs out is told, too', async (t) => {
    const { browser } = await signedIn();
    const page = await browser.get(`${world.issuer}/session/end`);
    const { sessions: store } = world.store;
    const { signOut } = store;
    t.mock.method(store, 'signOut', async (uid: string) => {
      await browser.get(askFor('wiki').url);
      return signOut(uid);
    });
    await browser.submit(page, { logout: 'yes' });
    assert.deepEqual(told, ['https://wiki.example/out']);
    assert.deepEqual(await sessions(), []);
  });

  for (const [times, status] of [
    [19, 303],
    [20, 503],
  ] as const) {
    test(`a session that is not as it was read ${times} times in a row: ${status}`, async (t) => {
      const { browser } = await signedIn();
      const { artifacts } = world.store;
      const { replaceSession } = artifacts;
      let calls = 0;
      t.mock.method(artifacts, 'replaceSession', async (...given: Parameters<typeof replaceSession>) => {
        calls += 1;
        return calls > times && replaceSession(...given);
      });
      assert.equal((await browser.get(askFor('wiki').url)).status, status);
      world.faults.length = 0;
    });
  }

  test('it is known by another id once somebody has proven in it who they are, and by that alone', async () => {
    const { browser } = await signedIn();
    const id = () => browser.cookie('credence_session');
    const [before, uid] = [id(), (await sessions())[0]?.uid];
    await browser.get(askFor('wiki', { prompt: 'consent' }).url);
    assert.equal(id(), before);
    assert.ok(codeOf(await signInAs(browser, askFor('wiki', { prompt: 'login' }))));
    assert.notEqual(id(), before);
    assert.deepEqual(
      [(await sessions()).map((session) => session.uid), await clients()],
      [[uid], [['claude-code', 'wiki']]],
    );
    assert.equal(await world.store.artifacts.find('Session', before ?? ''), undefined);
  });

  test('halves that two tabs were left with before this version end together, and both are told', async () => {
    const { browser } = await signedIn();
    await browser.get(askFor('wiki').url);
    const { artifacts } = world.store;
    const half = await artifacts.find('Session', browser.cookie('credence_session') ?? '');
    const authorizations = { blog: { sid: 'of-the-other-half', grantId: 'g-of-it' } };
    await artifacts.upsert('Session', 'the-other-half', { ...half, jti: 'the-other-half', authorizations }, 4e9);
    await browser.submit(await browser.get(`${world.issuer}/session/end`), { logout: 'yes' });
    assert.equal(await artifacts.sessionStands('of-the-other-half', 0), false);
    assert.deepEqual(told.sort(), ['https://blog.example/out', 'https://wiki.example/out']);
  });
});
