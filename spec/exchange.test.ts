import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Refusal, tokenType } from '@credence/mcp/protocol';
import { alice, claimsOf, type Fields, idpIssuer, openSession, openWorld, refused, type World } from './world.ts';

const deep = `${'['.repeat(1000)}${']'.repeat(1000)}`;

describe('exchanges that are wrong in other ways', () => {
  const table: [name: string, fields: (world: World) => Promise<Fields>, reason: Refusal][] = [
    ['B03 subject_token twice', async (w) => ({ subject_token: [await w.idToken(), 'x'] }), 'repeated_parameter'],
    ['B04 audience absent', async () => ({ audience: undefined }), 'missing_parameter'],
    ['B04 subject_token absent', async () => ({ subject_token: undefined }), 'missing_parameter'],
    ['IDP-05 subject_token_type absent', async () => ({ subject_token_type: undefined }), 'missing_parameter'],
    [
      'B12 iss with a slash',
      async (w) => ({ subject_token: await w.idToken({ iss: `${idpIssuer}/` }) }),
      'subject_token_wrong_issuer',
    ],
    [
      'B14 an access token under its own type',
      async (w) => ({
        subject_token: await w.idToken({}, { typ: 'at+jwt' }),
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      }),
      'subject_type_unsupported',
    ],
    [
      'B14 a client assertion',
      async (w) => ({ subject_token: String((await w.clientAssertion(idpIssuer)).client_assertion) }),
      'subject_token_bad_signature',
    ],
    [
      'IDP-11 no sid: not an ID Token of a sign-in here',
      async (w) => ({ subject_token: await w.idToken({ sid: undefined }) }),
      'subject_token_wrong_type',
    ],
    [
      'IDP-12 one audience, azp another',
      async (w) => ({ subject_token: await w.idToken({ azp: 'vscode' }) }),
      'subject_token_other_client',
    ],
    ['B23 an empty token in scope', async () => ({ scope: 'issues:read  issues:write' }), 'scope_malformed'],
    [
      'B06 an unknown client without credentials',
      async () => ({ client_id: 'nobody', client_secret: undefined }),
      'client_unknown',
    ],
    ['B24 not JSON', async () => ({ authorization_details: '{' }), 'authorization_details_malformed'],
    ['B24 an object', async () => ({ authorization_details: '{"type":"x"}' }), 'authorization_details_malformed'],
    ['B24, B02 nested deep', async () => ({ authorization_details: deep }), 'authorization_details_malformed'],
    ['B25 both: no profile is on', async () => ({ actor_token: 'x', actor_token_type: 'y' }), 'actor_token_refused'],
  ];
  for (const [name, fields, reason] of table) {
    test(`${name}: ${reason}`, async () => {
      const world = await openWorld();
      await refused(world, await world.exchange(await fields(world)), reason);
    });
  }
});

describe('IDP-04: "iss = sub = client_id, aud is exactly the IdP issuer as only value, exp, unique jti"', () => {
  const table: [name: string, aud: string | string[], change: object, reason: Refusal][] = [
    ['B07 the issuer and another', idpIssuer, { aud: [idpIssuer, `${idpIssuer}/token`] }, 'client_assertion_invalid'],
    ['B07 the issuer and a slash', `${idpIssuer}/`, {}, 'client_assertion_invalid'],
    ['B08 expired', idpIssuer, { exp: 1_800_000_000 - 30 }, 'client_assertion_invalid'],
    ['B08 iss is not sub', idpIssuer, { iss: 'claude-code' }, 'client_assertion_invalid'],
    ['no exp', idpIssuer, { exp: undefined }, 'client_assertion_invalid'],
    ['no jti', idpIssuer, { jti: undefined }, 'client_assertion_invalid'],
  ];
  for (const [name, aud, change, reason] of table) {
    test(`${name}: ${reason}`, async () => {
      const world = await openWorld();
      await openSession(world.store, 'sid-k', 'keyed', alice.id, world.now());
      const subject_token = await world.idToken({ aud: 'keyed', sid: 'sid-k' });
      const fields = await world.clientAssertion(String(aud), change);
      await refused(world, await world.exchange({ subject_token, ...fields }), reason);
      const good = await world.clientAssertion(idpIssuer);
      assert.equal((await world.exchange({ subject_token, ...good })).status, 200);
    });
  }

  test('catalogue section 9: the token endpoint, alone, where the entry says legacy_audience; the record says so', async () => {
    const access = (text: string) =>
      text.replace('jwks: { keys: [KEY] } }', 'jwks: { keys: [KEY] }, legacy_audience: true }');
    const world = await openWorld(undefined, { access });
    await openSession(world.store, 'sid-k', 'keyed', alice.id, world.now());
    const subject_token = await world.idToken({ aud: 'keyed', sid: 'sid-k' });
    const ask = async (aud: string | string[]) =>
      world.exchange({ subject_token, ...(await world.clientAssertion('', { aud })) });
    const { status, record } = await ask(`${idpIssuer}/token`);
    assert.equal(status, 200);
    assert.deepEqual(record.clientLoosened, ['legacy_audience']);
    await refused(world, await ask([idpIssuer, `${idpIssuer}/token`]), 'client_assertion_invalid');
    const strict = await ask(idpIssuer);
    assert.equal(strict.status, 200);
    assert.equal(strict.record.clientLoosened, undefined);
  });

  for (const [name, change] of [
    ['a text that is no JWT', { client_assertion: 'nonsense' }],
    ['nobody named as sub', { client_assertion: 'e30.e30.e30' }],
  ] as const) {
    test(`${name}: client_assertion_invalid`, async () => {
      const world = await openWorld();
      const fields = { ...(await world.clientAssertion(idpIssuer)), client_id: undefined, ...change };
      await refused(world, await world.exchange(fields), 'client_assertion_invalid');
    });
  }

  const seconds: [name: string, change: object, isTaken: boolean][] = [
    ['valid for an hour', { exp: 1_800_000_000 + 3600 }, true],
    ['valid for an hour and a second', { exp: 1_800_000_000 + 3601 }, false],
    ['begun within the skew', { nbf: 1_800_000_000 + 30, iat: 1_800_000_000 + 30 }, true],
    ['begun beyond the skew', { iat: 1_800_000_000 + 31 }, false],
    ['expired within the skew', { exp: 1_800_000_000 - 29 }, true],
  ];
  for (const [name, change, isTaken] of seconds) {
    test(`${name}: ${isTaken ? 'taken' : 'refused'}`, async () => {
      const world = await openWorld();
      await openSession(world.store, 'sid-k', 'keyed', alice.id, world.now());
      const subject_token = await world.idToken({ aud: 'keyed', sid: 'sid-k' });
      const fields = await world.clientAssertion(idpIssuer, change);
      const { status } = await world.exchange({ subject_token, ...fields });
      assert.equal(status, isTaken ? 200 : 401);
    });
  }

  test('an assertion whose type is not named: client_assertion_invalid', async () => {
    const world = await openWorld();
    const fields = { ...(await world.clientAssertion(idpIssuer)), client_assertion_type: undefined };
    await refused(world, await world.exchange(fields), 'client_assertion_invalid');
  });
});

describe('IDP-26, IDP-30: whom an ID-JAG names, and how it is told from every other', () => {
  test('IDP-26: the same subject at the same server, however often', async () => {
    const world = await openWorld();
    for (const fields of [{}, { audience: 'https://lonely.example', resource: undefined }]) {
      const [first, second] = [await world.exchange(fields), await world.exchange(fields)];
      assert.ok(claimsOf(first.body.access_token).sub);
      assert.equal(claimsOf(first.body.access_token).sub, claimsOf(second.body.access_token).sub);
    }
  });

  test('IDP-30: how the person signed in, and no word about it when nothing is known', async () => {
    const world = await openWorld();
    const amrOf = async (amr: unknown) => {
      const { body } = await world.exchange({ subject_token: await world.idToken({ amr }) });
      return claimsOf(body.access_token).amr;
    };
    assert.deepEqual(await amrOf(['pwd', 'otp']), ['pwd', 'otp']);
    for (const nothing of [[], undefined]) assert.equal(await amrOf(nothing), undefined);
  });

  test('IDP-30: kid and alg of the published key, typ, and no jti twice', async () => {
    const world = await openWorld();
    const tokens = [await world.exchange(), await world.exchange()].map(({ body }) => String(body.access_token));
    const header = JSON.parse(Buffer.from(tokens[0]?.split('.')[0] ?? '', 'base64url').toString());
    assert.deepEqual(header, { typ: 'oauth-id-jag+jwt', alg: 'ES256', kid: world.keys.idJag.kid });
    assert.notEqual(claimsOf(tokens[0]).jti, claimsOf(tokens[1]).jti);
  });

  test('IDP-34: its own ID-JAG is no subject here', async () => {
    const world = await openWorld();
    const { body } = await world.exchange();
    const subject_token = String(body.access_token);
    await refused(world, await world.exchange({ subject_token }), 'subject_token_wrong_type');
    const asType = { subject_token, subject_token_type: tokenType.idJag };
    await refused(world, await world.exchange(asType), 'subject_type_unsupported');
  });
});

describe('RFC 9449 §8: a nonce is given when it is needed', () => {
  test('neither with an ID-JAG, nor with another refusal', async () => {
    const world = await openWorld(undefined, { demandNonce: true });
    const challenged = await world.exchange({}, { dpop: await world.proof('idp') });
    const nonce = String(challenged.headers.get('dpop-nonce'));
    const stale = await world.exchange({}, { dpop: await world.proof('idp', { nonce, iat: world.now() - 61 }) });
    await refused(world, stale, 'dpop_proof_stale');
    const good = await world.exchange({}, { dpop: await world.proof('idp', { nonce }) });
    assert.equal(good.status, 200);
    assert.deepEqual([stale.headers.get('dpop-nonce'), good.headers.get('dpop-nonce')], [null, null]);
  });
});
