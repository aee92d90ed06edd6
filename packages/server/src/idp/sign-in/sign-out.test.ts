import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { mintJws } from '@credence/mcp/protocol';
import { createEgress } from '../../egress.ts';
import { toSigner } from '../../keys/signer.ts';
import type { Audience } from '../../policy/model.ts';
import { StoreUnavailable } from '../../store/store.ts';
import { subjectAt } from '../subject.ts';
import { ask, basic, claimsOf, redeem, signInAs, token } from './test-client.ts';
import { alice, openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('leaving', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.failNotes = undefined;
  });
  after(() => world.close());

  const newBrowser = () => new TestBrowser(world.issuer);
  const lastBulletin = async () => (await world.store.bulletins.after(0, 1000)).at(-1)?.position ?? 0;

  describe('IDP-41: signing out', () => {
    test('asks with a button, ends session and grants, and goes where the client is registered', async () => {
      const browser = newBrowser();
      const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent' });
      const arrived = await signInAs(browser, asked);
      const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
      const query = new URLSearchParams({
        id_token_hint: String(body.id_token),
        post_logout_redirect_uri: 'http://localhost:51234/bye',
        state: 's',
      });
      const before = await lastBulletin();
      const page = await browser.get(`${world.issuer}/session/end?${query}`);
      assert.equal(await lastBulletin(), before, 'signing in, and asking, ends nothing');
      assert.match(page.page, /<h1>Sign out of Acme\?<\/h1>/);
      assert.match(
        page.headers.get('content-security-policy') ?? '',
        /form-action 'self' http:\/\/localhost:51234(?:;|$)/,
        'browsers let the form lead on to where the client wants it',
      );
      const gone = await browser.submit(page, { logout: 'yes' });
      assert.equal(gone.url.href, 'http://localhost:51234/bye?state=s');
      const { sid } = claimsOf(body.id_token);
      const left = world.notes.filter(({ kind }) => kind === 'sign_out');
      assert.deepEqual(
        left.map(({ outcome, facts }) => [outcome, facts.person, facts.client, facts.session]),
        [['allowed', alice.id, 'claude-code', sid]],
      );
      assert.equal(await world.store.artifacts.sessionStands(String(sid), 0), false);
      const bulletins = (await world.store.bulletins.after(before, 100)).filter(
        ({ personId }) => personId === alice.id,
      );
      assert.deepEqual(
        [bulletins.at(-1)?.event, bulletins.at(-1)?.initiator],
        ['session-revoked', 'user'],
        'IDP-43: authorization servers hear of it',
      );
      const stale = {
        grant_type: 'refresh_token',
        refresh_token: String(body.refresh_token),
        client_id: 'claude-code',
      };
      assert.equal((await token(world, stale)).status, 400);
    });

    test('without a session: a button, no script, then a page that says so', async () => {
      const browser = newBrowser();
      const page = await browser.get(`${world.issuer}/session/end`);
      assert.match(page.page, /<h1>One more step<\/h1>/);
      assert.doesNotMatch(page.page, /<script/);
      assert.match((await browser.submit(page, {})).page, /<h1>You are signed out<\/h1>/);
      assert.deepEqual(world.notes, [], 'nobody was signed in');
    });

    test('without a session, and with somewhere to go: the button leads there, and browsers let it', async () => {
      const browser = newBrowser();
      const query = new URLSearchParams({
        client_id: 'claude-code',
        post_logout_redirect_uri: 'http://localhost:51234/bye',
      });
      const page = await browser.get(`${world.issuer}/session/end?${query}`);
      assert.match(page.page, /<h1>One more step<\/h1>/);
      assert.match(
        page.headers.get('content-security-policy') ?? '',
        /form-action 'self' http:\/\/localhost:\d+ http:\/\/localhost:51234$/,
      );
      assert.equal((await browser.submit(page, {})).url.href, 'http://localhost:51234/bye');
    });

    test('"id_token_hint (expired accepted)", and one that is not ours is not', async () => {
      const browser = newBrowser();
      const asked = ask(world, 'claude-code', callback);
      const arrived = await signInAs(browser, asked);
      const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
      const [key] = world.idTokenKeys;
      assert.ok(key);
      const { iat, exp, ...claims } = claimsOf(body.id_token);
      const before = { iat: Number(iat) - 90_000, exp: Number(exp) - 90_000 };
      const header = { alg: key.alg, kid: key.kid };
      const expired = await mintJws(header, { ...claims, ...before }, toSigner(key).sign);
      const back = { post_logout_redirect_uri: 'http://localhost:51234/bye', state: 's' };
      const at = (id_token_hint: string) =>
        browser.get(`${world.issuer}/session/end?${new URLSearchParams({ id_token_hint, ...back })}`);
      const forged = await at(`${expired.slice(0, -8)}AAAAAAAA`);
      assert.deepEqual([forged.status, forged.url.pathname], [400, '/session/end']);
      const page = await at(expired);
      assert.match(page.page, /<h1>Sign out of Acme\?<\/h1>/);
      assert.equal(
        (await browser.submit(page, { logout: 'yes' })).url.href,
        `${back.post_logout_redirect_uri}?state=s`,
      );
    });

    test('an address that is not registered: 400 and a page', async () => {
      const query = new URLSearchParams({
        client_id: 'claude-code',
        post_logout_redirect_uri: 'https://evil.example/',
      });
      const page = await newBrowser().get(`${world.issuer}/session/end?${query}`);
      assert.equal(page.status, 400);
      assert.match(page.page, /You cannot be signed out this way/);
    });
  });
});

describe('IDP-41: "then back-channel logout to every RP"', () => {
  let world: TestWorld;
  const told: { readonly claims: Record<string, unknown>; readonly answer: ServerResponse }[] = [];
  let isSilent = false;
  const relyingParty = createServer(async (request, answer) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    told.push({ claims: claimsOf(new URLSearchParams(body).get('logout_token')), answer });
    if (!isSilent) answer.end();
  });
  const egress = createEgress({ internalRanges: [], allowLoopback: true, extraCa: [] });
  before(async () => {
    await new Promise<void>((resolve) => relyingParty.listen(0, '127.0.0.1', resolve));
    world = await openTestWorld(undefined, undefined, undefined, () => ({ fetch: egress.fetch }));
    const { port } = relyingParty.address() as AddressInfo;
    for (const id of ['claude-code', 'portal']) {
      const known = world.clients.get(id);
      assert.ok(known);
      world.clients.set(id, { ...known, backchannelLogoutUri: `http://127.0.0.1:${port}/${id}` });
    }
  });
  beforeEach(() => {
    told.length = 0;
    isSilent = false;
    world.failNotes = undefined;
    world.notes.length = 0;
    world.faults.length = 0;
  });
  after(async () => {
    relyingParty.closeAllConnections();
    relyingParty.close();
    await world.close();
    await egress.close();
  });

  /** Of two clients in one session: their sids, and what one can go on with. */
  async function signedInToBoth() {
    const browser = new TestBrowser(world.issuer);
    const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent' });
    const arrived = await signInAs(browser, asked);
    const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    const other = ask(world, 'portal', 'https://portal.example/cb');
    const { url } = await browser.get(other.url);
    const form = {
      grant_type: 'authorization_code',
      code: url.searchParams.get('code') ?? '',
      redirect_uri: other.redirectUri,
      code_verifier: other.verifier,
    };
    const atPortal = await token(world, form, basic('portal', world.secret));
    const sids = [body, atPortal.body].map(({ id_token }) => String(claimsOf(id_token).sid));
    return { browser, sids, idToken: String(body.id_token), refreshToken: String(body.refresh_token) };
  }
  const pageOf = (browser: TestBrowser, idToken?: string) => {
    const query = idToken === undefined ? '' : `?${new URLSearchParams({ id_token_hint: idToken })}`;
    return browser.get(`${world.issuer}/session/end${query}`);
  };
  const standing = (sids: readonly string[]) =>
    Promise.all(sids.map((sid) => world.store.artifacts.sessionStands(sid, Math.floor(Date.now() / 1000))));
  const toldOf = () => told.map(({ claims: { aud, sid } }) => [String(aud), sid]).toSorted();

  test('every one that was in the session is told, each of its own sid', async () => {
    const { browser, sids } = await signedInToBoth();
    await browser.submit(await pageOf(browser), { logout: 'yes' });
    assert.deepEqual(toldOf(), [
      ['claude-code', sids[0]],
      ['portal', sids[1]],
    ]);
  });

  test('IDP-26: each hears of the person by what its ID Tokens call them', async (t) => {
    const known = world.clients.get('portal');
    assert.ok(known);
    t.after(() => world.clients.set('portal', known));
    const audience = { ras: 'https://lonely.example', subject: 'pairwise' } as Audience;
    world.clients.set('portal', { ...known, exchange: false, subjectsOf: audience });
    const { browser, idToken } = await signedInToBoth();
    await browser.submit(await pageOf(browser, idToken), { logout: 'yes' });
    assert.deepEqual(told.map(({ claims: { aud, sub } }) => [String(aud), sub]).toSorted(), [
      ['claude-code', alice.id],
      ['portal', subjectAt(alice.id, audience.ras, audience, 'a secret of this organisation')],
    ]);
  });

  test('the session has ended before anybody is told: a client that hangs keeps nothing alive', async () => {
    const { browser, sids, refreshToken } = await signedInToBoth();
    const page = await pageOf(browser);
    isSilent = true;
    const left = browser.submit(page, { logout: 'yes' });
    while (told.length < 2) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(await standing(sids), [false, false], 'what the token exchange asks of each ID Token');
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'claude-code' };
    assert.equal((await token(world, form)).status, 400);
    assert.equal(world.notes.filter(({ kind }) => kind === 'sign_out').length, 1, 'and it is on the record');
    for (const { answer } of told) answer.writeHead(500).end();
    assert.match((await left).page, /<h1>You are signed out<\/h1>/);
    assert.equal(world.faults.length, 2, 'the operator learns who could not be told');
  });

  test('only the client that is left is told, when it has been taken out', async () => {
    const { browser, sids, idToken } = await signedInToBoth();
    const page = await pageOf(browser, idToken);
    isSilent = true;
    const left = browser.submit(page, {});
    while (told.length < 1) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(await standing(sids), [false, true]);
    for (const { answer } of told) answer.end();
    await left;
    assert.deepEqual(toldOf(), [['claude-code', sids[0]]]);
  });

  test('they are told too where the end could not be put on the record: it stands', async () => {
    const { browser, sids } = await signedInToBoth();
    const page = await pageOf(browser);
    world.failNotes = new StoreUnavailable('away');
    assert.equal((await browser.submit(page, { logout: 'yes' })).status, 503);
    assert.deepEqual([await standing(sids), told.length], [[false, false], 2]);
  });

  test('nobody is told of a session that could not be ended', async ({ mock }) => {
    const { browser, sids } = await signedInToBoth();
    const page = await pageOf(browser);
    mock.method(world.store.sessions, 'signOut', () => Promise.reject(new StoreUnavailable('away')));
    assert.equal((await browser.submit(page, { logout: 'yes' })).status, 503);
    assert.deepEqual([await standing(sids), told.length], [[true, true], 0]);
  });
});
