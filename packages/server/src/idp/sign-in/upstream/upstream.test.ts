import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { toHandle } from '../../../directory/upstream/link.ts';
import { generatePrivateJwk } from '../../../keys/signer.ts';
import { ask, claimsOf, redeem } from '../test-client.ts';
import { alice, TestBrowser, type Visit } from '../test-world.ts';
import { dana, type Script } from './fixtures/scripted-provider.ts';
import {
  callback,
  leaveFor,
  openUpstreamWorld,
  signInUpstream,
  toTarget,
  type UpstreamWorld,
} from './fixtures/upstream-world.ts';

describe('signing in at an identity provider of the organisation', () => {
  let world: UpstreamWorld;
  before(async () => {
    world = await openUpstreamWorld();
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.faults.length = 0;
    world.company.script = {};
    world.other.script = {};
    for (const list of [world.company.asked, world.company.traded, world.other.traded]) list.length = 0;
  });
  after(() => world.close());

  const newBrowser = () => new TestBrowser(world.issuer);
  const personOf = async (sub = String(dana.sub)) => {
    const handle = toHandle(world.company.issuer, sub);
    const found = await world.store.directory.provisioned.findByHandle('upstream:company', handle);
    return found && world.store.people.find(found.id);
  };
  const reasonOf = () => world.notes.findLast(({ outcome }) => outcome === 'refused')?.reason;

  test('the person arrives at the client, is in the directory with the groups of the claim, and on the record', async () => {
    const asked = ask(world, 'claude-code', callback);
    const arrived = await signInUpstream(world, newBrowser(), asked);
    const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    const claims = claimsOf(body.id_token);
    const person = await personOf();
    assert.equal(claims.sub, person?.id);
    assert.deepEqual([claims.amr, claims.acr], [dana.amr, dana.acr]);
    assert.ok(Number(claims.auth_time) > 0);
    assert.equal(person?.source, 'upstream:company');
    assert.ok(person?.groups.includes('company/engineering'));
    assert.equal(person?.groups.length, 2);
    const [note] = world.notes;
    assert.deepEqual(
      [note?.kind, note?.outcome, note?.facts.person, note?.facts.upstream, note?.facts.detail],
      ['sign_in', 'allowed', person?.id, 'company', 'upstream, new device'],
    );
    assert.deepEqual(world.faults, []);
  });

  test('state, nonce, PKCE and an address of its own go out; the code is traded with the verifier and the secret', async () => {
    await signInUpstream(world, newBrowser());
    const [asked] = world.company.asked;
    assert.equal(asked?.get('redirect_uri'), `${world.issuer}/sign-in/upstream/company`);
    assert.equal(asked?.get('code_challenge_method'), 'S256');
    for (const name of ['state', 'nonce', 'code_challenge']) assert.match(asked?.get(name) ?? '', /^[\w-]{43}$/);
    assert.match(world.company.traded[0]?.get('code_verifier') ?? '', /^[\w-]{43}$/);
    assert.equal(asked?.has('max_age'), false);
  });

  test('T31: the page for looking after a sign-in sends nobody in a circle: it says where they have to look', async () => {
    for (const acr of [dana.acr, undefined]) {
      world.company.script = { claims: { acr } };
      const browser = newBrowser();
      await signInUpstream(world, browser);
      const page = await browser.get(`${world.issuer}/security`);
      assert.deepEqual([page.status, /<h1>(.*)<\/h1>/.exec(page.page)?.[1]], [403, 'You sign in elsewhere.']);
    }
  });

  test('T31: who has a password here too is asked for it there, whatever they were elsewhere', async () => {
    const browser = newBrowser();
    await signInUpstream(world, browser);
    const person = await personOf();
    assert.ok(person);
    await world.store.people.setPasswordHash(person.id, String(await world.store.people.passwordHash(alice.id)));
    const page = await browser.get(`${world.issuer}/security`);
    const login = await browser.submit(page, { do: 'password', email: person.email });
    const arrived = await browser.submit(login, { email: person.email, password: 'tulip-42-harbour', do: 'sign-in' });
    assert.deepEqual([arrived.status, /<h1>(.*)<\/h1>/.exec(arrived.page)?.[1]], [200, 'How you sign in']);
  });

  test('a password after somebody else came from the provider is on the record as one, and hangs on nothing over there', async () => {
    const first = ask(world, 'claude-code', callback);
    const browser = newBrowser();
    const byPassword = async (page: Visit) => {
      const form = await browser.submit(page, { do: 'password', email: alice.email });
      return browser.submit(form, { email: alice.email, password: 'tulip-42-harbour', do: 'sign-in' });
    };
    const arrived = await byPassword(await browser.get(first.url));
    const { body } = await redeem(world, first, arrived.url.searchParams.get('code') ?? '');
    const asked = ask(world, 'claude-code', callback, { id_token_hint: String(body.id_token), prompt: 'login' });
    const again = await signInUpstream(world, browser, asked);
    assert.match(again.page, /<h1>Sign in to Acme<\/h1>/, 'it is not whom the client means');
    world.notes.length = 0;
    assert.ok((await byPassword(again)).url.searchParams.get('code'));
    const [note] = world.notes;
    assert.deepEqual([note?.facts.person, note?.facts.upstream], [alice.id, undefined]);
    assert.match(String(note?.facts.detail), /^password\b/);
    const standing = { after: '', limit: 9, personId: alice.id, now: Math.floor(Date.now() / 1000) };
    const sessions = await world.store.sessions.list(standing);
    assert.deepEqual(new Set(sessions.map(({ upstream }) => upstream)), new Set([undefined]));
  });

  describe('the first page', () => {
    const table: [name: string, fields: Record<string, string>, to: string][] = [
      ['an address of the company', { do: 'identify', email: 'Dana@Acme.Example' }, 'company'],
      ['an address of nobody there', { do: 'identify', email: 'nobody@acme.example' }, 'company'],
      ['an address of another domain', { do: 'identify', email: 'x@elsewhere.example' }, 'password'],
      ['an address that only ends like it', { do: 'identify', email: 'x@notacme.example' }, 'password'],
      ['no address', { do: 'identify', email: '' }, 'password'],
      ['the button of a provider', { do: 'upstream:other' }, 'other'],
      ['the button for a password', { do: 'password', email: 'dana@acme.example' }, 'password'],
    ];
    for (const [name, fields, to] of table) {
      test(`${name}: ${to}`, async () => {
        const browser = newBrowser();
        const page = await browser.get(ask(world, 'claude-code', callback).url);
        assert.match(page.page, /Continue with Company/);
        const next = await browser.submit(page, fields);
        const target = toTarget(next);
        if (to === 'password') {
          assert.match(next.page, /name="password"/);
        } else {
          assert.ok(target.startsWith(to === 'company' ? world.company.issuer : world.other.issuer), target);
          assert.equal(new URL(target).searchParams.get('login_hint'), fields.email ?? null);
        }
      });
    }

    test('a password of this server still signs in', async () => {
      const browser = newBrowser();
      const page = await browser.get(ask(world, 'claude-code', callback).url);
      const login = await browser.submit(page, { do: 'password', email: alice.email });
      const arrived = await browser.submit(login, { email: alice.email, password: 'tulip-42-harbour', do: 'sign-in' });
      assert.ok(arrived.url.searchParams.get('code'));
    });

    test('a provider that is not configured is nobody', async () => {
      const browser = newBrowser();
      const page = await browser.get(ask(world, 'claude-code', callback).url);
      assert.equal(toTarget(await browser.submit(page, { do: 'upstream:evil' })), '');
    });
  });

  describe('MCC-07: what the provider says is verified', () => {
    const stranger = generatePrivateJwk('RS256');
    const now = Math.floor(Date.now() / 1000);
    const table: [name: string, script: Script, reason: Refusal][] = [
      ['another issuer', { claims: { iss: 'https://evil.example' } }, 'upstream_answer_invalid'],
      ['for another client', { claims: { aud: 'somebody-else' } }, 'upstream_answer_invalid'],
      ['another nonce: a token injected from elsewhere', { claims: { nonce: 'x' } }, 'upstream_answer_invalid'],
      ['no nonce', { claims: { nonce: undefined } }, 'upstream_answer_invalid'],
      ['expired', { claims: { exp: now - 100 } }, 'upstream_answer_invalid'],
      ['issued in the future', { claims: { iat: now + 500, nbf: now + 500 } }, 'upstream_answer_invalid'],
      ['no subject', { claims: { sub: undefined } }, 'upstream_answer_invalid'],
      ['an authentication in the future', { claims: { auth_time: now + 5000 } }, 'upstream_answer_invalid'],
      ['signed by a stranger', { key: stranger, header: { kid: stranger.kid } }, 'upstream_answer_invalid'],
      ['signed by a stranger under our kid', { key: stranger, header: {} }, 'upstream_answer_invalid'],
      ['unsigned', { header: { alg: 'none' } }, 'upstream_answer_invalid'],
      ['HS256', { header: { alg: 'HS256' } }, 'upstream_answer_invalid'],
      [
        'iss of another in the answer (RFC 9207)',
        { answer: { iss: 'https://evil.example' } },
        'upstream_answer_invalid',
      ],
      ['iss promised and missing', { answer: { iss: undefined } }, 'upstream_answer_invalid'],
      ['a code of somebody else', { answer: { code: 'injected' } }, 'upstream_code_refused'],
      [
        'our secret is refused',
        { token: { status: 401, body: { error: 'invalid_client' } } },
        'upstream_client_refused',
      ],
      ['an error of its own', { token: { status: 500, body: { error: 'x' } } }, 'upstream_unreachable'],
      ['KEY-06: an answer that is not UTF-8', { latin1: 'Dan\u00e1' }, 'upstream_unreachable'],
      ['a scope it does not have', { answer: { code: undefined, error: 'invalid_scope' } }, 'upstream_client_refused'],
      [
        'an acr it cannot give',
        { answer: { code: undefined, error: 'unmet_authentication_requirements' } },
        'upstream_too_weak',
      ],
      [
        'an error by a name that every object has',
        { answer: { code: undefined, error: 'constructor' } },
        'upstream_client_refused',
      ],
      ['the person cancelled', { answer: { code: undefined, error: 'access_denied' } }, 'upstream_refused'],
      [
        'an outage, said in the answer',
        { answer: { code: undefined, error: 'temporarily_unavailable' } },
        'upstream_unreachable',
      ],
    ];
    for (const [name, script, reason] of table) {
      test(`${name}: ${reason}`, async () => {
        const signed = script.key && { ...script, header: { kid: world.company.key.kid, ...script.header } };
        world.company.script = signed ?? script;
        const visit = await signInUpstream(world, newBrowser());
        assert.equal(reasonOf(), reason);
        assert.equal(visit.url.origin, world.issuer, 'no code for the client');
        assert.match(visit.page, /Reference <code>d_\d+<\/code>/);
        assert.ok(!visit.page.includes(reason), 'the page does not tell the reason');
      });
    }
  });

  describe('MCC-06: the answer belongs to the one who asked', () => {
    test('clocks that differ by less than the skew are no reason to refuse', async () => {
      const now = Math.floor(Date.now() / 1000);
      world.company.script = { claims: { iat: now + 20, auth_time: now + 20, exp: now - 20 } };
      assert.ok((await signInUpstream(world, newBrowser())).url.href.startsWith(callback));
    });

    test('login CSRF: an answer that arrives in another browser signs nobody in, and does not use it up', async () => {
      const attacker = newBrowser();
      const back = await world.company.visit(await leaveFor(attacker, ask(world, 'claude-code', callback)));
      for (const victim of [newBrowser(), newBrowser()]) {
        assert.equal((await victim.get(back)).status, 400);
        assert.equal(reasonOf(), 'upstream_other_browser');
      }
      const busy = newBrowser();
      await leaveFor(busy, ask(world, 'claude-code', callback));
      await busy.get(back);
      assert.equal(reasonOf(), 'upstream_other_browser', 'a browser with a sign-in of its own under way too');
      assert.equal(world.company.traded.length, 0, 'no code was sent anywhere');
      assert.ok((await attacker.get(back)).url.href.startsWith(callback));
    });

    test('mix-up: an answer at the address of another provider is refused before its code goes anywhere', async () => {
      const browser = newBrowser();
      const back = await world.company.visit(await leaveFor(browser, ask(world, 'claude-code', callback)));
      await browser.get(back.replace('/upstream/company', '/upstream/other'));
      assert.equal(reasonOf(), 'upstream_answer_unexpected');
      assert.deepEqual([world.company.traded.length, world.other.traded.length], [0, 0]);
    });

    test('raced: of four answers at once exactly one signs in', async () => {
      const browser = newBrowser();
      const back = await world.company.visit(await leaveFor(browser, ask(world, 'claude-code', callback)));
      const visits = await Promise.all([1, 2, 3, 4].map(() => browser.get(back)));
      assert.equal(visits.filter(({ url }) => url.href.startsWith(callback)).length, 1);
      assert.equal(world.notes.filter(({ reason }) => reason === 'upstream_answer_repeated').length, 3);
      assert.equal(world.company.traded.length, 1);
      await browser.get(back);
      assert.equal(reasonOf(), 'upstream_answer_repeated');
    });

    for (const [name, query] of [
      ['a state nobody gave', '?code=x&state=made-up'],
      ['no state', '?code=x'],
      ['nothing at all', ''],
    ]) {
      test(`${name}: refused`, async () => {
        assert.equal((await newBrowser().get(`${world.issuer}/sign-in/upstream/company${query}`)).status, 400);
        assert.equal(reasonOf(), 'upstream_answer_unexpected');
      });
    }

    test('two tabs of one sign-in: the second comes back to what is over, and its code goes nowhere', async () => {
      const browser = newBrowser();
      const page = await browser.get(ask(world, 'claude-code', callback).url);
      const targets = [toTarget(await browser.submit(page, { do: 'upstream:company' }))];
      targets.push(toTarget(await browser.submit(page, { do: 'upstream:company' })));
      const [first = '', second = ''] = await Promise.all(targets.map((target) => world.company.visit(target)));
      assert.ok((await browser.get(first)).url.href.startsWith(callback));
      assert.equal((await browser.get(second)).status, 400);
      assert.deepEqual([reasonOf(), world.company.traded.length], ['upstream_answer_unexpected', 1]);
    });

    test('an interaction that is over: refused, and nobody is signed in', async () => {
      const browser = newBrowser();
      const target = await leaveFor(browser, ask(world, 'claude-code', callback));
      const [first, second] = [await world.company.visit(target), await world.company.visit(target)];
      assert.notEqual(first, second);
      await browser.get(first);
      await browser.get(second);
      assert.equal(reasonOf(), 'upstream_answer_repeated', 'two codes for one state');
    });
  });

  test('an outage is a page with a reference and a way on, at every stage, and never a loop', async () => {
    const fresh = await openUpstreamWorld();
    try {
      fresh.company.script = { isDown: true };
      const browser = new TestBrowser(fresh.issuer);
      const page = await browser.get(ask(fresh, 'claude-code', callback).url);
      const down = await browser.submit(page, { do: 'upstream:company' });
      assert.equal(down.status, 503);
      assert.match(
        down.page,
        /Company does not answer\.[\s\S]*Try again, or sign in another way[\s\S]*Reference <code>/,
      );
      assert.equal(down.headers.get('refresh'), null);
      const [, again = ''] = /href="(\/interaction\/[^"]+)"/.exec(down.page) ?? [];
      fresh.company.script = {};
      const going = await browser.submit(await browser.get(`${fresh.issuer}${again}`), { do: 'upstream:company' });
      const back = await fresh.company.visit(toTarget(going));
      fresh.company.script = { isDown: true };
      assert.equal((await browser.get(back)).status, 503);
      assert.equal(fresh.notes.at(-1)?.reason, 'upstream_unreachable');
    } finally {
      await fresh.close();
    }
  });

  describe('who somebody is', () => {
    test('the same subject is the same person, whatever the claims say now; groups follow the claim', async () => {
      await signInUpstream(world, newBrowser());
      const before = await personOf();
      world.company.script = { claims: { name: 'Dana B.', email: 'dana.b@acme.example', groups: ['finance'] } };
      await signInUpstream(world, newBrowser());
      const now = await personOf();
      assert.deepEqual([now?.id, now?.email, now?.groups], [before?.id, 'dana.b@acme.example', ['company/finance']]);
      world.company.script = { claims: { groups: undefined } };
      await signInUpstream(world, newBrowser());
      assert.deepEqual((await personOf())?.groups, [], 'no claim, no groups');
    });

    test('two at once for the first time are one person', async () => {
      world.company.script = { claims: { sub: 'twice', email: 'twice@acme.example' } };
      const visits = await Promise.all([1, 2, 3].map(() => signInUpstream(world, newBrowser())));
      assert.ok(visits.every(({ url }) => url.href.startsWith(callback)));
    });

    const table: [name: string, claims: Record<string, unknown>, reason: Refusal][] = [
      ['the address of a local person', { sub: 's1', email: alice.email }, 'upstream_email_taken'],
      [
        'an address nobody verified',
        { sub: 's2', email: 'new@acme.example', email_verified: false },
        'upstream_email_unverified',
      ],
      ['an address of another domain', { sub: 's3', email: 'x@elsewhere.example' }, 'upstream_email_foreign'],
      ['no address', { sub: 's4', email: undefined }, 'upstream_no_user'],
      [
        'groups that are no list',
        { sub: 's5', email: 's5@acme.example', groups: { a: 1 } },
        'upstream_claims_malformed',
      ],
      [
        '5,000 groups',
        { sub: 's6', email: 's6@acme.example', groups: Array.from({ length: 5000 }, (_, at) => `g${at}`) },
        'upstream_too_many_groups',
      ],
      [
        'groups left out (Entra ID above 200)',
        { sub: 's7', email: 's7@acme.example', groups: undefined, _claim_names: { groups: 'src1' } },
        'upstream_groups_left_out',
      ],
    ];
    for (const [name, claims, reason] of table) {
      test(`${name}: ${reason}, and no person comes of it`, async () => {
        world.company.script = { claims };
        await signInUpstream(world, newBrowser());
        assert.equal(reasonOf(), reason);
        assert.equal(await personOf(String(claims.sub)), undefined);
      });
    }

    test('somebody switched off here stays off, and the record names them', async () => {
      world.company.script = { claims: { sub: 'off', email: 'off@acme.example' } };
      await signInUpstream(world, newBrowser());
      const person = await personOf('off');
      await world.store.directory.provisioned.block(person?.id ?? '', true, []);
      await signInUpstream(world, newBrowser());
      assert.equal(reasonOf(), 'person_inactive');
      assert.equal((await personOf('off'))?.active, false);
    });

    test('an identity linked to a local person signs them in, and its claims change nothing', async () => {
      const link = {
        issuer: world.company.issuer,
        subject: 'linked',
        upstream: 'company',
        personId: alice.id,
        linkedAt: 1,
      };
      await world.store.upstream.link(link, []);
      world.company.script = { claims: { sub: 'linked', email: 'evil@acme.example', groups: ['admins'] } };
      const asked = ask(world, 'claude-code', callback);
      const arrived = await signInUpstream(world, newBrowser(), asked);
      const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
      assert.equal(claimsOf(body.id_token).sub, alice.id);
      assert.deepEqual(await world.store.people.find(alice.id), alice);
    });

    test('somebody else in the same browser: the session before ends', async () => {
      const browser = newBrowser();
      const asked = ask(world, 'claude-code', callback);
      const first = await signInUpstream(world, browser, asked);
      const { body } = await redeem(world, asked, first.url.searchParams.get('code') ?? '');
      world.company.script = { claims: { sub: 'second', email: 'second@acme.example' } };
      const page = await browser.get(ask(world, 'claude-code', callback).url);
      const choice = await browser.submit(page, { do: 'switch' });
      const target = toTarget(await browser.submit(choice, { do: 'upstream:company' }));
      assert.equal(new URL(target).searchParams.get('prompt'), 'select_account');
      await browser.get(await world.company.visit(target));
      const { sid } = claimsOf(body.id_token);
      assert.equal(await world.store.artifacts.sessionStands(String(sid), 0), false);
    });
  });
});
