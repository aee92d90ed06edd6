import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Refusal, tokenType } from '@credence/mcp/protocol';
import type { ClientCertificate } from '../packages/server/src/clients/client-certificate.ts';
import { subjectAt as subjectAtRas } from '../packages/server/src/idp/subject.ts';
import {
  alice,
  claimsOf,
  type Fields,
  idpIssuer,
  openSession,
  openWorld,
  rasIssuer,
  refused,
  tracker,
  type World,
  wiki,
} from './world.ts';

describe('leg 1, ID-JAG §4.3: an ID Token in, an ID-JAG out', () => {
  test('IDP-21, IDP-25, IDP-26, IDP-30, IDP-33: what is issued and how it is answered', async () => {
    const world = await openWorld();
    const { status, body, headers, record } = await world.exchange();
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(body.token_type, 'N_A');
    assert.equal(body.issued_token_type, tokenType.idJag);
    assert.equal(body.expires_in, 300);
    assert.equal(body.scope, 'issues:read'); // write is high-risk: never granted unasked
    assert.ok(!('refresh_token' in body));
    const claims = claimsOf(body.access_token);
    assert.deepEqual(
      {
        iss: claims.iss,
        sub: claims.sub,
        aud: claims.aud,
        client_id: claims.client_id,
        resource: claims.resource,
        scope: claims.scope,
      },
      {
        iss: idpIssuer,
        sub: alice.id,
        aud: rasIssuer,
        client_id: 'cc-at-ras',
        resource: tracker,
        scope: 'issues:read',
      },
    );
    assert.equal(claims.exp, Number(claims.iat) + 300);
    assert.ok(String(claims.jti).length >= 22, 'jti has 128 bits');
    assert.ok(!('email' in claims), 'no e-mail unless it is needed (IDP-29)');
    assert.equal(record.kind, 'issuance');
    assert.equal(record.idJag, claims.jti);
    assert.deepEqual(record.decision, { effect: 'allow', because: ['eng'] });
    assert.deepEqual(record.inputs?.groups, ['engineering']);
  });

  test('LOG-03: a trace id that the client sends joins its records', async () => {
    const world = await openWorld();
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const { record } = await world.exchange({}, { traceparent: `00-${trace}-b7ad6b7169203331-01` });
    assert.equal(record.correlation, trace);
    const nonsense = await world.exchange({}, { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` });
    assert.equal(nonsense.record.correlation, undefined);
  });

  test('LOG-01: the record holds no token and no secret', async () => {
    const world = await openWorld();
    const subject_token = await world.idToken();
    const { body } = await world.exchange({ subject_token });
    await world.exchange({ subject_token, client_secret: 'a-wrong-secret' });
    const text = (await world.store.audit.last(10)).map(({ body, personal }) => body + personal).join();
    for (const secret of [subject_token, String(body.access_token), 'claude-code-secret', 'a-wrong-secret']) {
      assert.ok(!text.includes(secret));
    }
  });

  test('LOG-01, LOG-02: what was sent to the wrong place is not on the record either', async () => {
    const world = await openWorld();
    const secret = await world.idToken();
    const address = 'alice@acme.example';
    for (const wrong of [secret, address]) {
      await world.exchange({ audience: wrong });
      await world.exchange({ resource: `https://x.example/?token=${wrong}` });
      await world.exchange({ scope: `issues:read ${wrong}` });
      await world.exchange({ grant_type: wrong });
      await world.exchange({ requested_token_type: wrong });
      await world.exchange({ client_id: wrong });
      await world.redeem({ scope: `issues:read ${wrong}` });
      await world.redeem({ resource: wrong });
      await world.redeem({ grant_type: wrong });
    }
    const text = (await world.store.audit.last(100)).map(({ body, personal }) => body + personal).join();
    assert.ok(!text.includes(secret) && !text.includes(address));
  });

  test('design.md §4.7: a decision is on the record also through a public client and in a flood', async () => {
    const world = await openWorld(undefined, { linesPerSecond: 0 });
    await openSession(world.store, 'sid-p', 'kiosk', alice.id, world.now());
    await world.store.people.save({ ...alice, groups: [] });
    const subject_token = await world.idToken({ aud: 'kiosk', sid: 'sid-p' });
    const answer = await world.exchange({ subject_token, client_id: 'kiosk', client_secret: undefined });
    await refused(world, answer, 'policy_denied');
    assert.equal(answer.record.person, alice.id);
  });

  test('IDP-44: without resource an audience with a single server is enough', async () => {
    const world = await openWorld();
    const { status, body } = await world.exchange({ audience: 'https://lonely.example', resource: undefined });
    assert.equal(status, 200);
    assert.equal(body.resource, 'https://lonely.example/mcp');
  });

  test('IDP-08: an alias leads to the RAS, and aud carries its issuer', async () => {
    const world = await openWorld();
    const { body } = await world.exchange({ audience: 'urn:lonely', resource: undefined });
    assert.equal(claimsOf(body.access_token).aud, 'https://lonely.example');
  });

  test('IDP-26, IDP-29: a pairwise subject, stable and not the public one; e-mail only where the RAS needs it', async () => {
    const world = await openWorld();
    const subjectAt = async (audience: string, resource?: string) =>
      claimsOf((await world.exchange({ audience, resource })).body.access_token);
    const first = await subjectAt('https://lonely.example');
    assert.equal((await subjectAt('urn:lonely')).sub, first.sub);
    assert.notEqual(first.sub, alice.id);
    const audience = world.policy().audiences.get('https://lonely.example');
    assert.equal(
      first.sub,
      subjectAtRas(alice.id, 'https://lonely.example', audience, 'a secret of this organisation'),
      'what its own client signs people in by: idp/sign-in/subjects-of.test.ts',
    );
    assert.equal(first.email, alice.email);
    const elsewhere = await subjectAt(rasIssuer, tracker);
    assert.deepEqual([elsewhere.sub, elsewhere.email], [alice.id, undefined]);
  });

  test('B23: a scope beyond policy is narrowed and reported', async () => {
    const world = await openWorld();
    await world.store.people.save({ ...alice, groups: ['marketing'] });
    const { status, body } = await world.exchange({ scope: 'issues:read issues:write unknown' });
    assert.equal(status, 200);
    assert.equal(body.scope, 'issues:read');
  });

  const requests: [name: string, change: Fields, reason: Refusal, headers?: Record<string, string>][] = [
    ['B03 duplicate audience', { audience: [rasIssuer, rasIssuer] }, 'repeated_parameter'],
    ['B03 duplicate grant_type', { grant_type: ['a', 'b'] }, 'repeated_parameter'],
    ['B03 duplicate client_id', { client_id: ['claude-code', 'claude-code'] }, 'repeated_parameter'],
    ['B03 duplicate scope', { scope: ['a', 'b'] }, 'repeated_parameter'],
    ['B04 empty audience', { audience: '' }, 'missing_parameter'],
    ['B04 empty subject_token', { subject_token: '' }, 'missing_parameter'],
    ['B05 Basic and body secret', {}, 'two_client_methods', { authorization: 'Basic Y2xhdWRlLWNvZGU6eA==' }],
    ['B06 wrong secret', { client_secret: 'wrong' }, 'client_secret_wrong'],
    ['B06 unknown client', { client_id: 'nobody' }, 'client_unknown'],
    ['B06, IDP-03 public client', { client_id: 'inspector', client_secret: undefined }, 'client_is_public'],
    [
      'exchange switched off for the client',
      { client_id: 'paused', client_secret: 'paused-secret' },
      'client_not_enabled',
    ],
    ['IDP-01 no credentials', { client_secret: undefined }, 'client_not_authenticated'],
    ['B09 requested type missing', { requested_token_type: undefined }, 'missing_parameter'],
    [
      'B09 requested type in another case',
      { requested_token_type: tokenType.idJag.toUpperCase() },
      'requested_type_unsupported',
    ],
    [
      'B09 requested an access token',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
      'requested_type_unsupported',
    ],
    [
      'subject token of another type',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
      'subject_type_unsupported',
    ],
    ['B10 an opaque value called an ID Token', { subject_token: 'opaque' }, 'subject_token_not_of_type'],
    ['B14 three parts that are no JWT', { subject_token: 'a.b.c' }, 'subject_token_malformed'],
    ['B20 unknown audience', { audience: 'https://other.example' }, 'audience_unknown'],
    ['B20 audience with a slash', { audience: `${rasIssuer}/` }, 'audience_unknown'],
    ['B22 resource of another RAS', { resource: 'https://lonely.example/mcp' }, 'resource_unknown'],
    ['B22 relative resource', { resource: '/tracker/mcp' }, 'resource_invalid'],
    ['B22 resource with fragment', { resource: `${tracker}#x` }, 'resource_invalid'],
    ['B22 javascript:', { resource: 'javascript:alert(1)' }, 'resource_unknown'],
    ['B22 one of two foreign', { resource: [tracker, 'https://evil.example/mcp'] }, 'resource_unknown'],
    ['two servers at once', { resource: [tracker, wiki] }, 'resource_unknown'],
    ['IDP-44 resource absent, several servers', { resource: undefined }, 'resource_ambiguous'],
    ['B23 bad characters in scope', { scope: 'issues:read "x"' }, 'scope_malformed'],
    ['B23 5 000 scopes', { scope: Array.from({ length: 5000 }, (_, n) => `s${n}`).join(' ') }, 'scope_malformed'],
    ['B23 a scope the server does not have', { scope: 'admin' }, 'scope_unknown'],
    ['B24 authorization_details', { authorization_details: '[{"type":"x"}]' }, 'authorization_details_unsupported'],
    ['B25 actor_token without type', { actor_token: 'x' }, 'actor_token_refused'],
    ['B25 type without actor_token', { actor_token_type: 'x' }, 'actor_token_refused'],
    ['IDP-31 a DPoP proof is never ignored', {}, 'dpop_proof_malformed', { dpop: 'proof' }],
  ];
  for (const [name, change, reason, headers] of requests) {
    test(`${name}: ${reason}`, async () => {
      const world = await openWorld();
      await refused(world, await world.exchange(change, headers), reason);
    });
  }

  const tokens: [name: string, token: (world: World) => Promise<string>, reason: Refusal][] = [
    ['B11 of another client', (w) => w.idToken({ aud: 'vscode' }), 'subject_token_other_client'],
    ['B12 expired', (w) => w.idToken({ exp: w.now() }), 'subject_token_expired'],
    ['B12 iat in the future', (w) => w.idToken({ iat: w.now() + 31 }), 'subject_token_not_yet_valid'],
    ['B12 wrong iss', (w) => w.idToken({ iss: 'https://other.example' }), 'subject_token_wrong_issuer'],
    [
      'B12 signed by another key',
      (w) => w.idToken({}, { kid: w.keys.idToken.kid }, w.keys.partner),
      'subject_token_bad_signature',
    ],
    ['B13 alg none', (w) => w.idToken({}, { alg: 'none' }), 'subject_token_bad_signature'],
    ['B13 alg HS256', (w) => w.idToken({}, { alg: 'HS256' }), 'subject_token_bad_signature'],
    ['B14 an ID-JAG', (w) => w.idJag(), 'subject_token_wrong_type'],
    ['B14 an access token', (w) => w.idToken({}, { typ: 'at+jwt' }), 'subject_token_wrong_type'],
    ['B14 a logout token', (w) => w.idToken({ events: {} }), 'subject_token_wrong_type'],
    [
      'B15 two audiences, no azp',
      (w) => w.idToken({ aud: ['claude-code', 'vscode'] }),
      'subject_token_ambiguous_audience',
    ],
    ['B16 a session that has ended', (w) => w.idToken({ sid: 'sid-2' }), 'session_ended'],
    ['a person nobody knows', (w) => w.idToken({ sub: 'u_nobody' }), 'person_unknown'],
  ];
  for (const [name, token, reason] of tokens) {
    test(`${name}: ${reason}`, async () => {
      const world = await openWorld();
      await refused(world, await world.exchange({ subject_token: await token(world) }), reason);
    });
  }

  test('B16, IDP-13: a person switched off after sign-in, with the ID Token seen before', async () => {
    const world = await openWorld();
    const subject_token = await world.idToken();
    assert.equal((await world.exchange({ subject_token })).status, 200);
    await world.store.people.save({ ...alice, active: false });
    await refused(world, await world.exchange({ subject_token }), 'person_inactive');
  });

  test('T14: the ID Token key retired, with the ID Token seen before', async () => {
    const world = await openWorld();
    const subject_token = await world.idToken();
    assert.equal((await world.exchange({ subject_token })).status, 200);
    world.retireIdTokenKey();
    await refused(world, await world.exchange({ subject_token }), 'subject_token_bad_signature');
  });

  test('IDP-19: the last granting group lost, with the ID Token seen before', async () => {
    const world = await openWorld();
    const subject_token = await world.idToken();
    assert.equal((await world.exchange({ subject_token })).status, 200);
    await world.store.people.save({ ...alice, groups: [] });
    const answer = await world.exchange({ subject_token });
    await refused(world, answer, 'policy_denied');
    assert.equal(answer.record.kind, 'decision');
    assert.deepEqual(answer.record.decision, { effect: 'deny', because: [] });
  });

  test('IDP-03: a public client that an administrator has let in says so on each of its records', async () => {
    const world = await openWorld();
    await openSession(world.store, 'sid-p', 'kiosk', alice.id, world.now());
    const subject_token = await world.idToken({ aud: 'kiosk', sid: 'sid-p' });
    const { status, record } = await world.exchange({ subject_token, client_id: 'kiosk', client_secret: undefined });
    assert.equal(status, 200);
    assert.match(String(record.detail), /public client/);
  });

  test('IDP-38: sixty exchanges of one person at once, the next one has to wait: 503, so that no ID Token is dropped', async () => {
    const world = await openWorld();
    const subject_token = await world.idToken();
    for (let n = 0; n < 60; n++) assert.equal((await world.exchange({ subject_token })).status, 200);
    const answer = await world.exchange({ subject_token });
    await refused(world, answer, 'person_too_fast');
    assert.equal(answer.headers.get('retry-after'), '1');
    world.clock.ms += 1000;
    assert.equal((await world.exchange({ subject_token })).status, 200);
  });

  test('IDP-38: an agent that has been ended takes nothing of what the others of its person may ask for', async () => {
    const world = await openWorld();
    const subject_token = await world.idToken({ sid: 'sid-ended' });
    for (let n = 0; n < 70; n++) await refused(world, await world.exchange({ subject_token }), 'session_ended');
    assert.equal((await world.exchange()).status, 200);
  });

  test('IDP-19: a denial by rule names the rule on the record, not in the answer', async () => {
    const world = await openWorld();
    await world.store.people.save({ ...alice, roles: ['contractor'] });
    const answer = await world.exchange();
    await refused(world, answer, 'policy_denied');
    assert.ok(answer.record.decision?.because.includes('out'));
  });

  test('IDP-20: allowed here, but none of the scopes asked for', async () => {
    const world = await openWorld();
    await world.store.people.save({ ...alice, groups: ['marketing'] });
    await refused(world, await world.exchange({ scope: 'issues:write' }), 'policy_no_scope');
  });

  test('B26, IDP-24: a stale sign-in asking for a guarded scope is told what would do', async () => {
    const world = await openWorld();
    const subject_token = await world.idToken({ auth_time: world.now() - 3601 });
    const answer = await world.exchange({ subject_token, scope: 'issues:write' });
    await refused(world, answer, 'step_up_needed');
    assert.equal(answer.body.max_age, 3600);
    const fresh = await world.exchange({ scope: 'issues:write' });
    assert.equal(fresh.body.scope, 'issues:write');
  });

  test('B27, IDP-25: no client id at that RAS', async () => {
    const world = await openWorld();
    await openSession(world.store, 'sid-v', 'vscode', alice.id, world.now());
    const subject_token = await world.idToken({ aud: 'vscode', sid: 'sid-v' });
    const answer = await world.exchange({ subject_token, client_id: 'vscode', client_secret: 'vscode-secret' });
    await refused(world, answer, 'client_unmapped');
  });

  describe('IDP-02, IDP-04: private_key_jwt', () => {
    const keyed = async (world: World) => {
      await openSession(world.store, 'sid-k', 'keyed', alice.id, world.now());
      return world.idToken({ aud: 'keyed', sid: 'sid-k' });
    };
    test('accepted, once (B08)', async () => {
      const world = await openWorld();
      const fields = { subject_token: await keyed(world), ...(await world.clientAssertion(idpIssuer)) };
      assert.equal((await world.exchange(fields)).status, 200);
      await refused(world, await world.exchange(fields), 'client_assertion_replayed');
    });
    test('used up also by a request that is refused', async () => {
      const world = await openWorld();
      const fields = { subject_token: await keyed(world), ...(await world.clientAssertion(idpIssuer)) };
      await refused(world, await world.exchange({ ...fields, audience: 'https://x.example' }), 'audience_unknown');
      await refused(world, await world.exchange(fields), 'client_assertion_replayed');
    });
    test('aud is the token endpoint (B07)', async () => {
      const world = await openWorld();
      const fields = { subject_token: await keyed(world), ...(await world.clientAssertion(`${idpIssuer}/token`)) };
      await refused(world, await world.exchange(fields), 'client_assertion_invalid');
    });
    test('raced four times: exactly one wins', async () => {
      const world = await openWorld();
      const fields = { subject_token: await keyed(world), ...(await world.clientAssertion(idpIssuer)) };
      const answers = await Promise.all([1, 2, 3, 4].map(() => world.exchange(fields)));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401]);
    });
  });

  describe('B01, B02, B32: the door itself', () => {
    const request = (init: RequestInit) => new Request(`${idpIssuer}/token`, init);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const doors: [name: string, init: RequestInit, reason: Refusal][] = [
      ['GET', { method: 'GET' }, 'wrong_method'],
      ['PUT', { method: 'PUT', headers: form, body: 'a=b' }, 'wrong_method'],
      ['JSON', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }, 'wrong_content_type'],
      ['text/plain', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'a=b' }, 'wrong_content_type'],
      ['no content type', { method: 'POST' }, 'wrong_content_type'],
      ['a body over 64 KiB', { method: 'POST', headers: form, body: `a=${'x'.repeat(65_536)}` }, 'body_too_large'],
      ['broken escapes', { method: 'POST', headers: form, body: 'a=%zz' }, 'malformed_form'],
    ];
    for (const [name, init, reason] of doors) {
      test(`${name}: ${reason}`, async () => {
        const world = await openWorld();
        await refused(world, await world.send('idp', request(init)), reason);
      });
    }

    test('after ten failures a client has to wait, elsewhere and others do not (IDP-38)', async () => {
      const world = await openWorld();
      for (let n = 0; n < 10; n++) await world.exchange({ client_secret: 'wrong' });
      const answer = await world.exchange({ client_secret: 'another guess' });
      await refused(world, answer, 'too_many_requests');
      assert.equal(answer.headers.get('retry-after'), '60');
      world.caller.address = '198.51.100.9';
      await refused(world, await world.exchange({ client_secret: 'wrong' }), 'client_secret_wrong');
      world.caller.address = '192.0.2.1';
      world.clock.ms += 60_000;
      await refused(world, await world.exchange({ client_secret: 'wrong' }), 'client_secret_wrong');
    });

    test('interop.md 9: who has the secret is not kept out by others who fail in its name, and drops no ID Token', async () => {
      const world = await openWorld();
      for (let n = 0; n < 12; n++) await world.exchange({ client_secret: 'wrong' });
      assert.equal((await world.exchange()).status, 200);
    });

    test('IDP-38: one network, without credentials: what is too fast is not even looked at; 429, of others nothing', async () => {
      const world = await openWorld(undefined, { perSecond: 2 });
      const asKiosk = { client_id: 'kiosk', client_secret: undefined };
      for (let n = 0; n < 10; n++) {
        await refused(world, await world.exchange({ ...asKiosk, subject_token: 'a.b.c' }), 'subject_token_malformed');
      }
      const answer = await world.exchange({ ...asKiosk, subject_token: 'a.b.c' });
      await refused(world, answer, 'too_many_requests');
      assert.equal(answer.headers.get('retry-after'), '1');
      assert.equal((await world.exchange()).status, 200, 'a client that shows its secret');
      world.caller.address = '198.51.100.9';
      await refused(world, await world.exchange({ ...asKiosk, subject_token: 'a.b.c' }), 'subject_token_malformed');
    });

    test('IDP-38: nor is it where a certificate is shown that proves nothing of the client', async () => {
      const world = await openWorld(undefined, { perSecond: 2 });
      world.connection.certificate = { thumbprint: 'self-made', isVouchedFor: false } as ClientCertificate;
      const asKiosk = { client_id: 'kiosk', client_secret: undefined, subject_token: 'a.b.c' };
      for (let n = 0; n < 10; n++) await refused(world, await world.exchange(asKiosk), 'subject_token_malformed');
      const answer = await world.exchange(asKiosk);
      await refused(world, answer, 'too_many_requests');
      assert.equal(answer.headers.get('retry-after'), '1');
    });

    test('IDP-38, IDP-04: what is too fast uses up no client assertion: it may be sent again as it is', async () => {
      const world = await openWorld(undefined, { perSecond: 2 });
      await openSession(world.store, 'sid-k', 'keyed', alice.id, world.now());
      const subject_token = await world.idToken({ aud: 'keyed', sid: 'sid-k' });
      const ask = async (assertion?: Awaited<ReturnType<typeof world.clientAssertion>>) =>
        world.exchange({ subject_token, ...(assertion ?? (await world.clientAssertion(idpIssuer))) });
      for (let n = 0; n < 10; n++) assert.equal((await ask()).status, 200);
      const assertion = await world.clientAssertion(idpIssuer);
      await refused(world, await ask(assertion), 'client_too_fast');
      world.clock.ms += 1000;
      assert.equal((await ask(assertion)).status, 200);
      await refused(world, await ask(assertion), 'client_assertion_replayed');
    });

    test('IDP-38: one client that has proven who it is: 503 before its subject token is looked at, so that none is dropped', async () => {
      const world = await openWorld(undefined, { perSecond: 2 });
      for (let n = 0; n < 10; n++) {
        await refused(world, await world.exchange({ subject_token: 'a.b.c' }), 'subject_token_malformed');
      }
      const answer = await world.exchange();
      await refused(world, answer, 'client_too_fast');
      assert.equal(answer.headers.get('retry-after'), '1');
      await refused(world, await world.exchange({ client_secret: 'wrong' }), 'client_secret_wrong');
      world.clock.ms += 1000;
      assert.equal((await world.exchange()).status, 200);
    });

    test('RFC 6749 §5.2: 401 names the scheme when the client used the header', async () => {
      const world = await openWorld();
      const answer = await world.exchange(
        { client_id: undefined, client_secret: undefined },
        { authorization: `Basic ${Buffer.from('claude-code:wrong').toString('base64')}` },
      );
      await refused(world, answer, 'client_secret_wrong');
      assert.match(String(answer.headers.get('www-authenticate')), /^Basic /);
    });
  });

  test('design.md §4.5: no store, no token: 503, nothing issued, and the client may try again', async () => {
    const world = await openWorld();
    const request = await world.exchangeRequest();
    await world.store.close();
    const response = await world.raw('idp', request);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.equal(((await response.json()) as { error: string }).error, 'temporarily_unavailable');
  });
});
