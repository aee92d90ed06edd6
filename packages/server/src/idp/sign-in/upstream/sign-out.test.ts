import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { parseJws, type Refusal, refusalRow } from '@credence/mcp/protocol';
import { generatePrivateJwk, toPublicJwk } from '../../../keys/signer.ts';
import { verifySignature } from '../../../keys/verify-signature.ts';
import { ask, claimsOf, pushed, redeem, token } from '../test-client.ts';
import { alice, bob, endingsOnRecord, TestBrowser } from '../test-world.ts';
import { dana } from './fixtures/scripted-provider.ts';
import {
  callback,
  leaveFor,
  openUpstreamWorld,
  signInUpstream,
  type UpstreamWorld,
} from './fixtures/upstream-world.ts';

describe('signing out, in both directions', () => {
  let world: UpstreamWorld;
  let client: Server;
  const told: URLSearchParams[] = [];
  let clientAnswers = 200;
  before(async () => {
    client = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      told.push(new URLSearchParams(body));
      response.writeHead(clientAnswers).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => client.once('listening', resolve));
    world = await openUpstreamWorld();
    const uri = `http://127.0.0.1:${(client.address() as AddressInfo).port}/logout`;
    const known = world.clients.get('claude-code');
    assert.ok(known);
    world.clients.set('claude-code', { ...known, backchannelLogoutUri: uri });
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.faults.length = 0;
    world.company.script = {};
    world.company.left.length = 0;
    told.length = 0;
    clientAnswers = 200;
  });
  after(async () => {
    client.closeAllConnections();
    client.close();
    await world.close();
  });

  const newBrowser = () => new TestBrowser(world.issuer);
  const signedIn = async (browser = newBrowser()) => {
    const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent' });
    const arrived = await signInUpstream(world, browser, asked);
    const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    const sid = String(claimsOf(body.id_token).sid);
    return { browser, sid, idToken: String(body.id_token), refreshToken: String(body.refresh_token) };
  };
  const stands = (sid: string) => world.store.artifacts.sessionStands(sid, 0);
  const isRefreshed = async (refreshToken: string) => {
    const answer = await token(world, {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: 'claude-code',
    });
    return answer.status === 200;
  };
  const notify = async (logoutToken: string, name = 'company') => {
    const body = new URLSearchParams({ logout_token: logoutToken });
    const response = await fetch(`${world.issuer}/backchannel-logout/${name}`, { method: 'POST', body });
    const text = await response.text();
    assert.equal(response.headers.get('cache-control'), 'no-store');
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  };

  describe('from here to there', () => {
    test('who signs out here is led to the end_session_endpoint, and from there to where the client wants them', async () => {
      const { browser, sid, idToken } = await signedIn();
      const query = new URLSearchParams({
        id_token_hint: idToken,
        post_logout_redirect_uri: 'http://localhost:51234/bye',
        state: 's',
      });
      const page = await browser.get(`${world.issuer}/session/end?${query}`);
      const over = await browser.submit(page, { logout: 'yes' });
      assert.equal(await stands(sid), false, 'it is over here before anybody goes there');
      assert.match(over.page, /<h1>You are signed out here<\/h1>/);
      assert.ok(over.page.includes(`action="${world.company.issuer}/logout"`));
      assert.match(over.page, /href="http:\/\/localhost:51234\/bye\?state=s"/);

      const there = await browser.submit(over, {});
      const [form] = world.company.left;
      assert.equal(claimsOf(form?.get('id_token_hint')).sub, dana.sub);
      assert.equal(form?.get('post_logout_redirect_uri'), `${world.issuer}/sign-in/upstream/company/signed-out`);
      assert.equal(there.url.href, 'http://localhost:51234/bye?state=s');
      const again = `${form?.get('post_logout_redirect_uri')}?state=${form?.get('state')}`;
      assert.match((await browser.get(again)).page, /You are signed out/, 'the state is good once');
    });

    test('no token is in an address, ours or theirs', async () => {
      const { browser } = await signedIn();
      const page = await browser.get(`${world.issuer}/session/end`);
      const over = await browser.submit(page, { logout: 'yes' });
      assert.doesNotMatch(over.page.replaceAll(/value="[^"]*"/g, ''), /eyJ/);
      assert.equal(over.headers.get('location'), null);
    });

    test('by redirect: an address without a token', async () => {
      const fresh = await openUpstreamWorld({ sign_out: 'redirect' });
      try {
        const browser = new TestBrowser(fresh.issuer);
        await signInUpstream(fresh, browser, ask(fresh, 'claude-code', callback));
        const over = await browser.submit(await browser.get(`${fresh.issuer}/session/end`), { logout: 'yes' });
        assert.match(over.page, /<form method="get" action="http:\/\/127\.0\.0\.1:\d+\/logout"/);
        assert.doesNotMatch(over.page, /id_token_hint|eyJ/);
        assert.match(over.page, /name="state"/);
      } finally {
        await fresh.close();
      }
    });

    test('a made-up state leads nowhere', async () => {
      const visit = await newBrowser().get(`${world.issuer}/sign-in/upstream/company/signed-out?state=made-up`);
      assert.match(visit.page, /You are signed out/);
    });

    test('where the provider has no such endpoint, or is down, the sign-out here is as good as ever', async () => {
      const fresh = await openUpstreamWorld();
      try {
        fresh.company.script = { metadata: { end_session_endpoint: undefined } };
        const browser = new TestBrowser(fresh.issuer);
        await signInUpstream(fresh, browser, ask(fresh, 'claude-code', callback));
        const page = await browser.get(`${fresh.issuer}/session/end`);
        assert.match((await browser.submit(page, { logout: 'yes' })).page, /You are signed out/);
      } finally {
        await fresh.close();
      }
    });

    test('what is kept for it is sealed, and gone with the session', async () => {
      const { browser } = await signedIn();
      const [session] = await world.store.sessions.list({ after: '', limit: 100, now: 0 });
      const uids = await world.store.upstream.sessionsOn({
        issuer: world.company.issuer,
        subject: String(dana.sub),
        sid: undefined,
      });
      assert.ok(session && uids.length > 0);
      for (const uid of uids) assert.doesNotMatch((await world.store.upstream.findSession(uid))?.idToken ?? '', /eyJ/);
      await browser.submit(await browser.get(`${world.issuer}/session/end`), { logout: 'yes' });
      const left = await world.store.upstream.sessionsOn({
        issuer: world.company.issuer,
        subject: String(dana.sub),
        sid: undefined,
      });
      assert.equal(left.length, uids.length - 1);
    });
  });

  describe('SIG-04: from there to here', () => {
    test('the session named by sid ends at once, with its refresh tokens, and its clients are told; another stands', async () => {
      const one = await signedIn();
      world.company.script = { claims: { sid: 'another-there' } };
      const other = await signedIn();
      const answer = await notify(await world.company.logoutToken({ sid: 'session-there' }));
      assert.deepEqual(answer, { status: 200, body: {} });
      assert.deepEqual([await stands(one.sid), await stands(other.sid)], [false, true]);
      assert.deepEqual([await isRefreshed(one.refreshToken), await isRefreshed(other.refreshToken)], [false, true]);
      const ended = (await endingsOnRecord(world)).filter(({ upstream }) => upstream === 'company');
      assert.ok(ended.some(({ detail }) => detail === 'ended by its upstream'));
      assert.ok(ended.every((record) => !('subject' in record) && record.issuer === world.company.issuer));
      const bulletin = (await world.store.bulletins.after(0, 1000)).at(-1);
      assert.deepEqual([bulletin?.event, bulletin?.initiator], ['session-revoked', 'system'], 'IDP-43');
      const sids = told.map((form) => claimsOf(form.get('logout_token')).sid);
      assert.ok(sids.includes(one.sid) && !sids.includes(other.sid));
    });

    test('by sub alone every session of the subject ends, and nobody else’s', async () => {
      const [one, two] = [await signedIn(), await signedIn()];
      world.company.script = { claims: { sub: 'somebody', email: 'somebody@acme.example' } };
      const somebody = await signedIn();
      await notify(await world.company.logoutToken({ sub: dana.sub }));
      assert.equal((await endingsOnRecord(world)).at(-1)?.subject, dana.sub);
      assert.deepEqual(
        [await stands(one.sid), await stands(two.sid), await stands(somebody.sid)],
        [false, false, true],
      );
    });

    for (const [by, end] of [
      ['its sid', { sid: 'session-there' }],
      ['its subject', { sub: dana.sub }],
      ['another sid', { sid: 'session-of-another' }],
      ['another subject', { sub: 'somebody' }],
    ] as const) {
      const isMeant = !by.startsWith('another');
      test(`a sign-in that was proven and has not come back yet, ended by ${by}: ${isMeant ? 'no' : 'a'} session comes of it`, async () => {
        const browser = newBrowser();
        const asked = ask(world, 'claude-code', callback);
        const proven = await browser.only(await world.company.visit(await leaveFor(browser, asked)));
        await wait(1100); // ends count by the second
        await notify(await world.company.logoutToken(end));
        const arrived = await browser.get(proven);
        assert.equal(arrived.url.href.startsWith(callback), !isMeant);
        if (!isMeant) return;
        const again = await signInUpstream(world, newBrowser());
        assert.ok(again.url.href.startsWith(callback), 'and the next one is let in');
      });
    }

    for (const [named, isMeant] of [
      [dana.sub, true],
      ['somebody', false],
    ] as const) {
      const end = () => world.company.logoutToken({ sub: named, sid: 'session-there' });

      test(`a session of which no sid is known, by a token with sid and ${isMeant ? 'its' : 'another'} subject: ${isMeant ? 'ends' : 'stands'}`, async () => {
        world.company.script = { claims: { sid: undefined } };
        const { sid } = await signedIn();
        await notify(await end());
        assert.equal(await stands(sid), !isMeant);
      });

      test(`and one that has not come back yet: ${isMeant ? 'no' : 'a'} session comes of it`, async () => {
        world.company.script = { claims: { sid: undefined } };
        const browser = newBrowser();
        const asked = ask(world, 'claude-code', callback);
        const proven = await browser.only(await world.company.visit(await leaveFor(browser, asked)));
        await wait(1100); // ends count by the second
        await notify(await end());
        assert.equal((await browser.get(proven)).url.href.startsWith(callback), !isMeant);
      });
    }

    for (const [sid, isMeant] of [
      ['session-there', true],
      ['session-of-another', false],
    ] as const) {
      test(`a session that ${isMeant ? 'ends there' : 'stands there'} while its sign-in is written down: ${isMeant ? 'ends, and its client is told' : 'stands'}`, async (t) => {
        const { upstream, sessions } = world.store;
        const hers = { issuer: world.company.issuer, subject: String(dana.sub), sid: undefined };
        for (const uid of await upstream.sessionsOn(hers)) await sessions.end(uid, []);
        const { saveSession } = upstream;
        t.mock.method(upstream, 'saveSession', async (...given: Parameters<typeof saveSession>) => {
          await wait(1100); // ends count by the second
          assert.equal((await notify(await world.company.logoutToken({ sub: dana.sub, sid }))).status, 200);
          return saveSession(...given);
        });
        const asked = ask(world, 'claude-code', callback);
        const arrived = await signInUpstream(world, newBrowser(), asked);
        const answer = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
        assert.deepEqual([answer.status, told.length], isMeant ? [400, 1] : [200, 0]);
        const ending = (await endingsOnRecord(world)).at(-1);
        if (isMeant) assert.deepEqual([ending?.upstream, ending?.subject], ['company', dana.sub]);
      });
    }

    test('a sign-in whose request is refused after all leaves a session, and that ends, too', async () => {
      const asked = await pushed(world, ask(world, 'claude-code', callback));
      const late = newBrowser();
      const proven = await world.company.visit(await leaveFor(late, asked));
      await signInUpstream(world, newBrowser(), asked);
      const refused = (await late.get(proven)).url;
      assert.equal(refused.searchParams.get('error'), 'invalid_request_uri', 'what was pushed is used');
      const web = ask(world, 'portal', 'https://portal.example/cb');
      assert.ok((await late.get(web.url)).url.searchParams.has('code'));
      await notify(await world.company.logoutToken({ sid: 'session-there' }));
      assert.equal((await late.get(web.url)).url.searchParams.has('code'), false);
    });

    test('nobody by that sid: 200, nothing ends', async () => {
      const { sid } = await signedIn();
      assert.equal((await notify(await world.company.logoutToken({ sid: 'nobody' }))).status, 200);
      assert.equal(await stands(sid), true);
    });

    const stranger = generatePrivateJwk('RS256');
    const table: [name: string, make: () => Promise<string>, reason: Refusal][] = [
      ['B90 with a nonce', () => world.company.logoutToken({ sub: dana.sub, nonce: 'n' }), 'logout_token_invalid'],
      [
        'B90 without events',
        () => world.company.logoutToken({ sub: dana.sub, events: undefined }),
        'logout_token_invalid',
      ],
      ['B90 with an old iat', () => world.company.logoutToken({ sub: dana.sub, iat: 1 }), 'logout_token_invalid'],
      ['B90 an ID Token in its place', async () => (await signedIn()).idToken, 'logout_token_invalid'],
      [
        'signed by a stranger',
        () => world.company.logoutToken({ sub: dana.sub }, { kid: world.company.key.kid }, stranger),
        'logout_token_invalid',
      ],
      ['unsigned', () => world.company.logoutToken({ sub: dana.sub }, { alg: 'none' }), 'logout_token_invalid'],
      ['of another provider of ours', () => world.other.logoutToken({ sub: dana.sub }), 'logout_token_invalid'],
      ['no token', async () => '', 'logout_token_invalid'],
    ];
    for (const [name, make, reason] of table) {
      test(`${name}: 400, and nothing ends`, async () => {
        const logoutToken = await make();
        const { sid } = await signedIn();
        const { status, body } = await notify(logoutToken);
        assert.deepEqual([status, body.error, world.notes.at(-1)?.reason], [400, refusalRow(reason).wire, reason]);
        assert.equal(await stands(sid), true);
      });
    }

    test('a second time: refused, and nothing that began since ends', async () => {
      const logoutToken = await world.company.logoutToken({ sub: dana.sub });
      await notify(logoutToken);
      const { sid } = await signedIn();
      assert.equal((await notify(logoutToken)).status, 400);
      assert.equal(world.notes.at(-1)?.reason, 'logout_token_replayed');
      assert.equal(await stands(sid), true);
    });

    test('a body that is no form, or repeats the token: refused', async () => {
      const url = `${world.issuer}/backchannel-logout/company`;
      const logoutToken = await world.company.logoutToken({ sub: dana.sub });
      const headers = { 'content-type': 'application/json' };
      const json = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ logout_token: logoutToken }) });
      assert.deepEqual([json.status, world.notes.at(-1)?.reason], [415, 'wrong_content_type']);
      const body = new URLSearchParams([
        ['logout_token', logoutToken],
        ['logout_token', logoutToken],
      ]);
      assert.equal((await fetch(url, { method: 'POST', body })).status, 400);
      assert.equal(world.notes.at(-1)?.reason, 'repeated_parameter');
    });

    test('another method, an unknown name: refused', async () => {
      const get = await fetch(`${world.issuer}/backchannel-logout/company`);
      assert.deepEqual([get.status, world.notes.at(-1)?.reason], [405, 'wrong_method']);
      const logoutToken = await world.company.logoutToken({ sub: dana.sub });
      assert.equal((await notify(logoutToken, 'nobody')).status, 404);
      assert.equal(world.notes.at(-1)?.reason, 'upstream_unknown');
    });
  });

  describe('IDP-42: towards our own clients', () => {
    test('a client with backchannel_logout_uri gets a logout token: iss, aud, iat, exp, jti, events, sub, sid, no nonce', async () => {
      const { browser, sid } = await signedIn();
      await browser.submit(await browser.get(`${world.issuer}/session/end`), { logout: 'yes' });
      const jws = parseJws(told[0]?.get('logout_token') ?? '');
      assert.ok(jws);
      const [key] = world.idTokenKeys;
      assert.ok(key && verifySignature(jws, toPublicJwk(key), 'RS256'));
      const { claims, header } = jws;
      assert.equal(header.typ, 'logout+jwt');
      assert.deepEqual([claims.iss, claims.aud, claims.sid], [world.issuer, 'claude-code', sid]);
      assert.deepEqual(claims.events, { 'http://schemas.openid.net/event/backchannel-logout': {} });
      for (const name of ['sub', 'jti']) assert.equal(typeof claims[name], 'string');
      assert.equal(Number(claims.exp) - Number(claims.iat), 120);
      assert.equal('nonce' in claims, false);
    });

    test('and is told when somebody else signs in with the same browser', async () => {
      const browser = newBrowser();
      const at = (who: string) => {
        const asked = ask(world, 'claude-code', callback, { prompt: 'login' });
        return browser
          .get(asked.url)
          .then((page) => browser.submit(page, { do: 'password', email: who }))
          .then((page) => browser.submit(page, { email: who, password: 'tulip-42-harbour', do: 'sign-in' }));
      };
      await at(alice.email);
      await at(bob.email);
      assert.equal(told.length, 1);
      assert.equal(claimsOf(told[0]?.get('logout_token')).sub, alice.id);
    });

    test('a client that cannot be told holds up nothing, and the operator learns of it', async () => {
      clientAnswers = 500;
      const { browser, sid } = await signedIn();
      await browser.submit(await browser.get(`${world.issuer}/session/end`), { logout: 'yes' });
      assert.equal(await stands(sid), false);
      assert.equal(world.faults.length, 1);
      const another = await signedIn();
      assert.equal((await notify(await world.company.logoutToken({ sub: dana.sub }))).status, 200);
      assert.equal(await stands(another.sid), false);
    });

    test('the metadata says that it is done', async () => {
      const metadata = (await (await fetch(`${world.issuer}/.well-known/openid-configuration`)).json()) as Record<
        string,
        unknown
      >;
      assert.equal(metadata.backchannel_logout_supported, true);
      assert.equal(metadata.backchannel_logout_session_supported, true);
    });
  });
});
