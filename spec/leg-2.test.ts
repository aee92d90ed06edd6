import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jwtDpopGrantType, mintJws, type Refusal } from '@credence/mcp/protocol';
import { generatePrivateJwk, toSigner } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import {
  alice,
  claimsOf,
  type Fields,
  idpIssuer,
  openWorld,
  partnerIssuer,
  rasIssuer,
  refused,
  tracker,
  type World,
  wiki,
} from './world.ts';

type Change = (world: World) => Promise<string>;
const jag =
  (change: object = {}, header: object = {}): Change =>
  (world) =>
    world.idJag(change, header);

describe('leg 2, ID-JAG §4.4: an ID-JAG in, an access token out', () => {
  test('RAS-17, RAS-32, RAS-33, RAS-35: what is issued and how it is answered', async () => {
    const world = await openWorld();
    const assertion = await world.idJag();
    const { status, body, headers, record } = await world.redeem({ assertion });
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.deepEqual(
      { type: body.token_type, expires: body.expires_in, scope: body.scope, resource: body.resource },
      { type: 'Bearer', expires: 600, scope: 'issues:read issues:write', resource: tracker },
    );
    assert.ok(!('refresh_token' in body));
    const claims = claimsOf(body.access_token);
    assert.deepEqual([claims.iss, claims.aud, claims.client_id], [rasIssuer, tracker, 'cc-at-ras']);
    assert.equal(claims.exp, Number(claims.iat) + 600);
    assert.notEqual(claims.sub, alice.id, 'the account is the own one of this RAS');
    const header = JSON.parse(Buffer.from(String(body.access_token).split('.')[0] ?? '', 'base64url').toString());
    assert.equal(header.typ, 'at+jwt');
    assert.equal(record.kind, 'redemption');
    assert.deepEqual([record.accessToken, record.idJag], [claims.jti, claimsOf(assertion).jti]);
  });

  test('RAS-23: the same subject is the same account, another subject another', async () => {
    const world = await openWorld();
    const subjectOf = async (change: object) =>
      claimsOf((await world.redeem({ assertion: await world.idJag(change) })).body.access_token).sub;
    const first = await subjectOf({});
    assert.equal(await subjectOf({}), first);
    assert.notEqual(await subjectOf({ sub: 'u_bob' }), first);
  });

  test('T09: two issuers that name the same subject mean two accounts', async () => {
    const world = await openWorld();
    await world.store.accounts.findOrCreate(
      { issuer: partnerIssuer, tenant: undefined, subject: alice.id },
      'a_partner',
    );
    const own = await world.redeem();
    const theirs = await world.redeem({ assertion: await world.idJag({ iss: partnerIssuer }, {}, world.keys.partner) });
    assert.notEqual(claimsOf(own.body.access_token).sub, claimsOf(theirs.body.access_token).sub);
  });

  const accepted: [name: string, change: Change, fields: Fields, scope: string, resource: string][] = [
    [
      'B35 typ with application/ prefix',
      jag({}, { typ: 'application/oauth-id-jag+jwt' }),
      {},
      'issues:read issues:write',
      tracker,
    ],
    ['B35 typ in another case', jag({}, { typ: 'OAuth-Id-Jag+JWT' }), {}, 'issues:read issues:write', tracker],
    ['B47 aud as an array of one', jag({ aud: [rasIssuer] }), {}, 'issues:read issues:write', tracker],
    [
      'B41 jwk and jku in the header are not looked at',
      jag({}, { jku: 'https://evil.example/jwks', jwk: { kty: 'EC' } }),
      {},
      'issues:read issues:write',
      tracker,
    ],
    [
      'B58 no resource claim, the parameter names one',
      jag({ resource: undefined }),
      { resource: tracker },
      'issues:read issues:write',
      tracker,
    ],
    [
      'B59 one of two, narrowed',
      jag({ resource: [tracker, wiki], scope: 'pages:read' }),
      { resource: wiki },
      'pages:read',
      wiki,
    ],
    [
      'B61 scope parameter beyond the claim: narrowed',
      jag({ scope: 'issues:read' }),
      { scope: 'issues:read issues:write' },
      'issues:read',
      tracker,
    ],
    ['B61 scope parameter below the claim (RAS-20 off)', jag(), { scope: 'issues:read' }, 'issues:read', tracker],
    ['B62 empty scope claim: the baseline', jag({ scope: '' }), {}, 'issues:read', tracker],
    ['RAS-21 no scope claim: the baseline', jag({ scope: undefined }), {}, 'issues:read', tracker],
    ['B71 act gives no rights', jag({ act: { sub: 'u_root' } }), {}, 'issues:read issues:write', tracker],
  ];
  for (const [name, change, fields, scope, resource] of accepted) {
    test(`${name}: accepted`, async () => {
      const world = await openWorld();
      const { status, body } = await world.redeem({ assertion: await change(world), ...fields });
      assert.deepEqual([status, body.scope, body.resource], [200, scope, resource]);
    });
  }

  const rejected: [name: string, change: Change, reason: Refusal, fields?: Fields][] = [
    ['B34 typ missing', jag({}, { typ: undefined }), 'id_jag_wrong_type'],
    ['B34 typ JWT', jag({}, { typ: 'JWT' }), 'id_jag_wrong_type'],
    ['B34 typ at+jwt', jag({}, { typ: 'at+jwt' }), 'id_jag_wrong_type'],
    ['B34 typ oauth-id-jag', jag({}, { typ: 'oauth-id-jag' }), 'id_jag_wrong_type'],
    ['B36 alg none', jag({}, { alg: 'none' }), 'id_jag_algorithm_refused'],
    ['B36 alg nOnE', jag({}, { alg: 'nOnE' }), 'id_jag_algorithm_refused'],
    ['B36 alg empty', jag({}, { alg: '' }), 'id_jag_algorithm_refused'],
    ['B36 alg HS256', jag({}, { alg: 'HS256' }), 'id_jag_algorithm_refused'],
    ['B36 RS256 with an EC key', jag({}, { alg: 'RS256' }), 'id_jag_key_unknown'],
    [
      'B36 alg not listed for this issuer',
      (w) => w.idJag({ iss: partnerIssuer }, { alg: 'PS256' }, w.keys.partner),
      'id_jag_algorithm_refused',
    ],
    [
      'B37 signature stripped',
      async (w) => `${(await w.idJag()).split('.').slice(0, 2).join('.')}.`,
      'id_jag_malformed',
    ],
    ['B37 signature truncated', async (w) => (await w.idJag()).slice(0, -2), 'id_jag_bad_signature'],
    [
      'B37 r = s = 0',
      async (w) => `${(await w.idJag()).split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`,
      'id_jag_bad_signature',
    ],
    ['B38 kid unknown', jag({}, { kid: 'unknown' }), 'id_jag_key_unknown'],
    ['B38 kid a path', jag({}, { kid: '../../etc/passwd' }), 'id_jag_key_unknown'],
    ['B38 kid SQL', jag({}, { kid: "' OR 1=1 --" }), 'id_jag_key_unknown'],
    ['B38 kid a number', jag({}, { kid: 7 }), 'id_jag_key_unknown'],
    ['B38 kid of 1 MB', jag({}, { kid: 'k'.repeat(40_000) }), 'id_jag_malformed'],
    ['B42 crit', jag({}, { crit: ['exp'] }), 'id_jag_malformed'],
    ['B42 b64=false', jag({}, { b64: false, crit: ['b64'] }), 'id_jag_malformed'],
    ['B42 b64=false without crit', jag({}, { b64: false }), 'id_jag_malformed'],
    ['B43 four parts', async (w) => `${await w.idJag()}.YQ`, 'id_jag_malformed'],
    ['B43 padding', async (w) => `${await w.idJag()}=`, 'id_jag_malformed'],
    ['B43 white space', async (w) => `${await w.idJag()} `, 'id_jag_malformed'],
    ['B43 JSON serialization', async () => '{"payload":"e30","signatures":[]}', 'id_jag_malformed'],
    ['B44 a JWE', async () => 'eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn', 'id_jag_jwe_refused'],
    ['B45 iss unknown', jag({ iss: 'https://evil.example' }), 'id_jag_issuer_untrusted'],
    ['B45 iss with a slash', jag({ iss: `${idpIssuer}/` }), 'id_jag_issuer_untrusted'],
    ['B45 iss in upper case', jag({ iss: 'https://ID.acme.example' }), 'id_jag_issuer_untrusted'],
    ['B45 iss a number', jag({ iss: 7 }), 'id_jag_issuer_untrusted'],
    ['B45 signed by the key of another trusted issuer', (w) => w.idJag({ iss: partnerIssuer }), 'id_jag_key_unknown'],
    [
      'B45 the same under the right kid',
      (w) => w.idJag({}, { kid: w.keys.idJag.kid, alg: 'ES256' }, { ...generatePrivateJwk('ES256') }),
      'id_jag_bad_signature',
    ],
    ['B46 aud missing', jag({ aud: undefined }), 'id_jag_wrong_audience'],
    ['B46 other RAS', jag({ aud: 'https://other.example' }), 'id_jag_wrong_audience'],
    ['B46 own token endpoint', jag({ aud: `${rasIssuer}/token` }), 'id_jag_wrong_audience'],
    ['B46 own and other', jag({ aud: [rasIssuer, 'https://other.example'] }), 'id_jag_wrong_audience'],
    ['B46 the resource', jag({ aud: tracker }), 'id_jag_wrong_audience'],
    ['B48 client_id absent', jag({ client_id: undefined }), 'id_jag_other_client'],
    ['B48 other client', jag({ client_id: 'vs-at-ras' }), 'id_jag_other_client'],
    ['B50 exp missing', jag({ exp: undefined }), 'id_jag_time_malformed'],
    ['B50 exp past', (w) => w.idJag({ iat: w.now() - 400, exp: w.now() - 30 }), 'id_jag_expired'],
    ['B51 iat in the future', (w) => w.idJag({ iat: w.now() + 31 }), 'id_jag_not_yet_valid'],
    ['B51 a life of a year', (w) => w.idJag({ exp: w.now() + 31_536_000 }), 'id_jag_lives_too_long'],
    ['B52 sub empty', jag({ sub: '' }), 'id_jag_subject_malformed'],
    ['B53 jti missing', jag({ jti: undefined }), 'id_jag_jti_malformed'],
    ['B53 jti over 256', jag({ jti: 'j'.repeat(257) }), 'id_jag_jti_malformed'],
    ['B57 resource foreign', jag({ resource: 'https://evil.example/mcp' }), 'id_jag_resource_foreign'],
    ['B57 one of two foreign', jag({ resource: [tracker, 'https://evil.example/mcp'] }), 'id_jag_resource_foreign'],
    ['B57 resource with fragment', jag({ resource: `${tracker}#x` }), 'id_jag_resource_foreign'],
    ['B57 empty array', jag({ resource: [] }), 'id_jag_resource_malformed'],
    ['B57 a number', jag({ resource: 7 }), 'id_jag_resource_malformed'],
    ['B58 resource absent, several governed', jag({ resource: undefined }), 'id_jag_resource_missing'],
    ['two resources and nothing that selects', jag({ resource: [tracker, wiki] }), 'id_jag_resource_missing'],
    ['B59 parameter outside the claim', jag(), 'resource_parameter_refused', { resource: wiki }],
    ['B59 parameter unknown', jag(), 'resource_parameter_refused', { resource: 'https://evil.example/mcp' }],
    [
      'B59 parameter twice, different',
      jag({ resource: [tracker, wiki] }),
      'resource_parameter_refused',
      { resource: [tracker, wiki] },
    ],
    ['B61 scope parameter disjoint', jag({ scope: 'issues:read' }), 'scope_not_granted', { scope: 'issues:write' }],
    ['scope parameter malformed', jag(), 'scope_malformed', { scope: 'a"b' }],
    ['B62 scope claim as an array', jag({ scope: ['issues:read'] }), 'id_jag_scope_malformed'],
    ['B62 unknown scope in the claim', jag({ scope: 'issues:read admin' }), 'id_jag_scope_unknown'],
    ['B63 cnf.jkt and no proof', jag({ cnf: { jkt: 'x' } }), 'id_jag_proof_missing'],
    ['B64 cnf of an unknown kind', jag({ cnf: { kid: 'x' } }), 'id_jag_binding_unsupported'],
    ['B64 cnf of both kinds', jag({ cnf: { jkt: 'x', 'x5t#S256': 'y'.repeat(43) } }), 'id_jag_binding_unsupported'],
    ['B68 aud_tenant', jag({ aud_tenant: 'other' }), 'id_jag_tenant_unexpected'],
    ['RAS-22 authorization_details', jag({ authorization_details: [{ type: 'x' }] }), 'id_jag_details_unsupported'],
    ['B72 a plain RFC 7523 JWT', jag({ client_id: undefined }, { typ: 'JWT' }), 'id_jag_wrong_type'],
    [
      'RAS-26 no account, and none is created',
      (w) => w.idJag({ iss: partnerIssuer }, {}, w.keys.partner),
      'account_unknown',
    ],
  ];
  for (const [name, change, reason, fields] of rejected) {
    test(`${name}: ${reason}, and nothing is used up`, async () => {
      const world = await openWorld();
      const assertion = await change(world);
      await refused(world, await world.redeem({ assertion, ...fields }), reason);
      const jti = world.now().toString();
      const again = await world.redeem({ assertion: await world.idJag({ jti }) });
      assert.equal(again.status, 200);
    });
  }

  const doors: [name: string, fields: Fields, reason: Refusal, headers?: Record<string, string>][] = [
    ['B33 no assertion', { assertion: undefined }, 'missing_parameter'],
    ['B33 assertion twice', { assertion: ['a', 'b'] }, 'repeated_parameter'],
    ['B72 unknown grant_type', { grant_type: 'password' }, 'unknown_grant_type'],
    ['no grant_type', { grant_type: undefined }, 'missing_parameter'],
    ['RAS-01 wrong secret', { client_secret: 'wrong' }, 'client_secret_wrong'],
    ['RAS-01 no credentials', { client_secret: undefined }, 'client_not_authenticated'],
    ['a client of the IdP only', { client_id: 'claude-code' }, 'client_unknown'],
    ['RAS-30 a DPoP proof is never ignored', {}, 'dpop_proof_malformed', { dpop: 'proof' }],
  ];
  for (const [name, fields, reason, headers] of doors) {
    test(`${name}: ${reason}`, async () => {
      const world = await openWorld();
      await refused(world, await world.redeem(fields, headers), reason);
    });
  }

  test('RAS-01, IDP-38: one client that is too fast waits, before its ID-JAG is looked at, and the ID-JAG is not used up', async () => {
    const world = await openWorld(undefined, { perSecond: 2 });
    for (let n = 0; n < 10; n++) await refused(world, await world.redeem({ assertion: 'a.b.c' }), 'id_jag_malformed');
    const assertion = await world.idJag();
    await refused(world, await world.redeem({ assertion }), 'client_too_fast');
    world.clock.ms += 1000;
    assert.equal((await world.redeem({ assertion })).status, 200);
  });

  test('RAS-01: a failed authentication does not use up the ID-JAG', async () => {
    const world = await openWorld();
    const assertion = await world.idJag();
    await refused(world, await world.redeem({ assertion, client_secret: 'wrong' }), 'client_secret_wrong');
    assert.equal((await world.redeem({ assertion })).status, 200);
  });

  test('RAS-06: an issuer that is not trusted for this client', async () => {
    const world = await openWorld();
    const assertion = await world.idJag({ client_id: 'vs-at-ras' });
    const answer = await world.redeem({ assertion, client_id: 'vs-at-ras', client_secret: 'vs-at-ras-secret' });
    await refused(world, answer, 'issuer_client_not_trusted');
  });

  test('B69, RAS-27: an account switched off here', async () => {
    const world = await openWorld();
    const account = await world.store.accounts.findOrCreate(
      { issuer: idpIssuer, tenant: undefined, subject: alice.id },
      'a_1',
    );
    await world.store.accounts.setActive(account.id, false);
    await refused(world, await world.redeem(), 'account_inactive');
  });

  describe('RAS-12, B54: "single use: record (iss, tenant, jti) atomically until exp + skew"', () => {
    test('the same ID-JAG again', async () => {
      const world = await openWorld();
      const assertion = await world.idJag();
      assert.equal((await world.redeem({ assertion })).status, 200);
      await refused(world, await world.redeem({ assertion }), 'id_jag_replayed');
    });

    test('eight at once on two nodes: exactly one wins', async () => {
      const world = await openWorld();
      const other = await openWorld(world.store);
      const assertion = await world.idJag();
      const nodes = [world, other, world, other, world, other, world, other];
      const answers = await Promise.all(nodes.map((node) => node.redeem({ assertion })));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400, 400, 400, 400, 400]);
    });

    test('in the last second of the skew it is still remembered, after the purge too', async () => {
      const world = await openWorld();
      const assertion = await world.idJag();
      assert.equal((await world.redeem({ assertion })).status, 200);
      world.clock.ms += 329_000;
      await world.store.purge(world.now());
      await refused(world, await world.redeem({ assertion }), 'id_jag_replayed');
      world.clock.ms += 1000;
      await world.store.purge(world.now());
      await refused(world, await world.redeem({ assertion }), 'id_jag_expired');
    });

    test('B55: the same jti from another trusted issuer', async () => {
      const world = await openWorld();
      await world.store.accounts.findOrCreate(
        { issuer: partnerIssuer, tenant: undefined, subject: alice.id },
        'a_partner',
      );
      assert.equal((await world.redeem({ assertion: await world.idJag({ jti: 'same' }) })).status, 200);
      const theirs = await world.idJag({ jti: 'same', iss: partnerIssuer }, {}, world.keys.partner);
      assert.equal((await world.redeem({ assertion: theirs })).status, 200);
    });

    test('B56: no store, no token', async () => {
      const world = await openWorld();
      const request = await world.redeemRequest();
      await world.store.close();
      const response = await world.raw('ras', request);
      assert.equal(response.status, 503);
    });
  });

  test('RAS-42: the same body for an unknown issuer, a bad signature and a wrong audience, but for the reference', async () => {
    const world = await openWorld();
    const bodies = [];
    for (const assertion of [
      await world.idJag({ iss: 'https://evil.example' }),
      (await world.idJag()).slice(0, -2),
      await world.idJag({ aud: 'https://other.example' }),
    ]) {
      const { body } = await world.redeem({ assertion });
      bodies.push({ ...body, error_description: String(body.error_description).replace(/d_\S+/, '') });
    }
    assert.deepEqual(bodies[0], bodies[1]);
    assert.deepEqual(bodies[0], bodies[2]);
  });

  test('RAS-39, RAS-42: whom the server trusts for other clients is told to none: neither by the answer nor by what is fetched', async () => {
    const world = await openWorld();
    const fetched: string[] = [];
    const ras = openOtherRas(
      world,
      `
servers: { tracker: { scopes: { issues:read: {}, issues:write: {} } } }
clients: { cc-at-ras: {}, other: {} }
trust:
  https://customer.example: { keys: discovery, accounts: create, clients: [other], require_encryption: true, algorithms: [RS256] }
  https://tenants.example: { keys: discovery, tenants: { acme: { accounts: create, clients: [other] } } }`,
      async (url) => {
        fetched.push(url);
        throw new Error('unreachable');
      },
    );
    const ask = async (claims: object, header: object, fields: Fields = {}) => {
      const answer = await ras.redeem(await world.idJag(claims, header), fields);
      const { error_description, ...body } = answer.body;
      const told = String(error_description).replace(/d_\S+/, '');
      return { answer, told: { status: answer.status, ...body, told, retry: answer.headers.get('retry-after') } };
    };
    for (const header of [{}, { alg: 'HS256' }, { kid: 'guess' }]) {
      const unknown = await ask({ iss: 'https://nobody.example' }, header);
      await refused(world, unknown.answer, 'id_jag_issuer_untrusted');
      for (const claims of [{ iss: 'https://customer.example' }, { iss: 'https://tenants.example', tenant: 'acme' }]) {
        const known = await ask(claims, header);
        await refused(world, known.answer, 'issuer_client_not_trusted');
        assert.deepEqual(known.told, unknown.told);
      }
    }
    assert.deepEqual(fetched, []);

    const other = { client_id: 'other', client_secret: 'other-secret' };
    const tenant = { iss: 'https://tenants.example', tenant: 'acme' };
    await refused(world, (await ask(tenant, {}, other)).answer, 'issuer_keys_unavailable');
    assert.notDeepEqual(fetched, [], 'who is trusted has them fetched');
  });

  test('no changed byte of a valid ID-JAG redeems', async () => {
    const world = await openWorld();
    const assertion = await world.idJag();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.';
    for (let at = 0; at < assertion.length; at += 3) {
      const other = alphabet[(alphabet.indexOf(assertion[at] ?? '') + 1) % alphabet.length];
      const { status } = await world.redeem({ assertion: assertion.slice(0, at) + other + assertion.slice(at + 1) });
      assert.equal(status, 400, `byte ${at}`);
    }
    assert.equal((await world.redeem({ assertion })).status, 200);
  });

  test('RAS-39, RAS-40: metadata says what is offered and never whom is trusted', async () => {
    const world = await openWorld();
    const response = await world.raw('ras', new Request(`${rasIssuer}/.well-known/oauth-authorization-server`));
    const metadata = (await response.json()) as Record<string, unknown>;
    assert.equal(metadata.issuer, rasIssuer);
    assert.deepEqual(metadata.grant_types_supported, ['urn:ietf:params:oauth:grant-type:jwt-bearer']);
    assert.deepEqual(metadata.authorization_grant_profiles_supported, ['urn:ietf:params:oauth:grant-profile:id-jag']);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert.ok(!JSON.stringify(metadata).includes(idpIssuer));
  });

  test('KEY-03: the JWK Set has public members only', async () => {
    const world = await openWorld();
    const { keys } = (await (await world.raw('ras', new Request(`${rasIssuer}/jwks`))).json()) as { keys: object[] };
    assert.equal(keys.length, 3, 'one that signs tokens, one for what servers hear, one to encrypt to');
    for (const key of keys) for (const member of ['d', 'p', 'q', 'k']) assert.ok(!(member in key));
  });

  test('B54 by hand: a second JWS over the same claims is the same ID-JAG', async () => {
    const world = await openWorld();
    const claims = claimsOf(await world.idJag());
    const sign = () =>
      mintJws(
        { alg: 'ES256', kid: world.keys.idJag.kid, typ: 'oauth-id-jag+jwt' },
        claims,
        toSigner(world.keys.idJag).sign,
      );
    assert.equal((await world.redeem({ assertion: await sign() })).status, 200);
    await refused(world, await world.redeem({ assertion: await sign() }), 'id_jag_replayed');
  });
});

describe('catalogue section 1, ID-JAG §9.8.1: grant_type jwt-dpop, which the example there has and nothing else', () => {
  test('with a proof it is jwt-bearer, and the record says how it was asked', async () => {
    const world = await openWorld();
    const asked = { grant_type: jwtDpopGrantType };
    const { status, body, record } = await world.redeem(asked, { dpop: await world.proof('ras') });
    assert.deepEqual([status, body.token_type], [200, 'DPoP']);
    assert.equal(record.grantType, 'urn:ietf:params:oauth:grant-type:jwt-dpop');
  });

  test('without one it is not offered, and nothing is used up', async () => {
    const world = await openWorld();
    const assertion = await world.idJag();
    const answer = await world.redeem({ assertion, grant_type: jwtDpopGrantType });
    await refused(world, answer, 'unknown_grant_type');
    assert.equal(answer.record.grantType, jwtDpopGrantType);
    assert.equal((await world.redeem({ assertion })).status, 200);
  });

  test('a proof makes no grant of another one', async () => {
    const world = await openWorld();
    const dpop = await world.proof('ras');
    await refused(world, await world.redeem({ grant_type: 'password' }, { dpop }), 'unknown_grant_type');
  });

  test('the metadata does not name it', async () => {
    const world = await openWorld();
    const response = await world.raw('ras', new Request(`${rasIssuer}/.well-known/oauth-authorization-server`));
    const { grant_types_supported } = (await response.json()) as Record<string, unknown>;
    assert.deepEqual(grant_types_supported, ['urn:ietf:params:oauth:grant-type:jwt-bearer']);
  });
});
