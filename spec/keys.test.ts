import assert from 'node:assert/strict';
import crypto, { createHash, createHmac, createPublicKey } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, mock, test } from 'node:test';
import { clientAssertionType, joseType, mintJws, type Refusal } from '@credence/mcp/protocol';
import { hashSecret } from '../packages/server/src/clients/authenticate.ts';
import { openInForce } from '../packages/server/src/in-force.ts';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import { signText } from './other-ras.ts';
import { type Fields, idpIssuer, openWorld, rasIssuer, refused, type World } from './world.ts';

describe('RAS-05, KEY-02: algorithms that are never allowed', () => {
  const hs256 = (claims: object, typ: string, key: PrivateJwk) => {
    const pem = createPublicKey({ key: { ...toPublicJwk(key) }, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const sign = (input: string) => createHmac('sha256', pem).update(input).digest();
    return mintJws({ alg: 'HS256', kid: key.kid, typ }, { ...claims }, sign);
  };
  const payloadOf = (jws: string) => JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());

  test('B36: an ID-JAG under HS256, keyed with the public key', async () => {
    const world = await openWorld();
    const assertion = await hs256(payloadOf(await world.idJag()), joseType.idJag, world.keys.idJag);
    await refused(world, await world.redeem({ assertion }), 'id_jag_algorithm_refused');
  });

  test('B13: an ID Token under HS256, keyed with the RSA public key', async () => {
    const world = await openWorld();
    const subject_token = await hs256(payloadOf(await world.idToken()), 'JWT', world.keys.idToken);
    await refused(world, await world.exchange({ subject_token }), 'subject_token_bad_signature');
  });

  test('B08: a client assertion under HS256, keyed with the public key', async () => {
    const world = await openWorld();
    const fields = await world.clientAssertion(idpIssuer);
    const client_assertion = await hs256(payloadOf(String(fields.client_assertion)), 'JWT', world.keys.client);
    await refused(world, await world.exchange({ ...fields, client_assertion }), 'client_assertion_invalid');
  });

  for (const alg of ['ES384', 'ES512', 'RS384', 'RS512', 'HS512', 'es256', 'ES256 ', 256, null]) {
    test(`B36: alg ${JSON.stringify(alg)}, not listed`, async () => {
      const world = await openWorld();
      await refused(
        world,
        await world.redeem({ assertion: await world.idJag({}, { alg }) }),
        'id_jag_algorithm_refused',
      );
    });
  }
});

describe('KEY-06, KEY-07: "Parse strictly", "claim types checked"', () => {
  const header = (world: World) => JSON.stringify({ typ: joseType.idJag, alg: 'ES256', kid: world.keys.idJag.kid });
  const payload = async (world: World) =>
    JSON.parse(Buffer.from((await world.idJag()).split('.')[1] ?? '', 'base64url').toString());
  const table: [name: string, text: (json: string) => string, reason: Refusal][] = [
    ['B43 aud twice', (json) => json.replace('{', '{"aud":"https://other.example",'), 'id_jag_malformed'],
    ['B43 aud twice, once escaped', (json) => json.replace('{', '{"\\u0061ud":"x",'), 'id_jag_malformed'],
    ['two objects', (json) => `${json}${json}`, 'id_jag_malformed'],
    ['an array', (json) => `[${json}]`, 'id_jag_malformed'],
    ['a trailing comma', (json) => json.replace(/}$/, ',}'), 'id_jag_malformed'],
    ['a byte order mark', (json) => `\ufeff${json}`, 'id_jag_malformed'],
    [
      'B02 nested 20 levels deep',
      (json) => json.replace('{', `{"a":${'['.repeat(20)}${']'.repeat(20)},`),
      'id_jag_malformed',
    ],
    ['B50 exp 1e309', (json) => json.replace(/"exp":\d+/, '"exp":1e309'), 'id_jag_time_malformed'],
    ['B50 exp a string', (json) => json.replace(/"exp":(\d+)/, '"exp":"$1"'), 'id_jag_time_malformed'],
    ['B50 exp negative', (json) => json.replace(/"exp":\d+/, '"exp":-1'), 'id_jag_time_malformed'],
    ['exp true', (json) => json.replace(/"exp":\d+/, '"exp":true'), 'id_jag_time_malformed'],
    ['iat null', (json) => json.replace(/"iat":\d+/, '"iat":null'), 'id_jag_time_malformed'],
    ['sub a number', (json) => json.replace(/"sub":"[^"]*"/, '"sub":7'), 'id_jag_subject_malformed'],
    ['jti a number', (json) => json.replace(/"jti":"[^"]*"/, '"jti":7'), 'id_jag_jti_malformed'],
    [
      '__proto__ in place of claims',
      (json) => json.replace(/"aud":"[^"]*"/, '"__proto__":{"aud":"x"}'),
      'id_jag_wrong_audience',
    ],
  ];
  for (const [name, change, reason] of table) {
    test(`${name}: ${reason}`, async () => {
      const world = await openWorld();
      const text = change(JSON.stringify(await payload(world)));
      const assertion = await signText(header(world), text, world.keys.idJag);
      await refused(world, await world.redeem({ assertion }), reason);
    });
  }

  test('the same text unchanged is redeemed', async () => {
    const world = await openWorld();
    const assertion = await signText(header(world), JSON.stringify(await payload(world)), world.keys.idJag);
    assert.equal((await world.redeem({ assertion })).status, 200);
  });

  test('B02: an ID Token nested too deep', async () => {
    const world = await openWorld();
    const text = JSON.stringify({ a: JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`) });
    const subject_token = await signText('{"alg":"RS256"}', text, world.keys.idToken);
    await refused(world, await world.exchange({ subject_token }), 'subject_token_malformed');
  });
});

describe('KEY-09: "Constant-time compare for secrets; client secrets stored hashed, two live during rotation"', () => {
  test('a secret is compared with every live hash by timingSafeEqual, also for a client nobody knows', async () => {
    const world = await openWorld();
    const compare = mock.method(crypto, 'timingSafeEqual');
    syncBuiltinESMExports();
    try {
      for (const fields of [{}, { client_secret: 'wrong' }, { client_id: 'nobody' }]) {
        compare.mock.resetCalls();
        await world.redeem(fields);
        assert.equal(compare.mock.callCount(), 1);
        for (const bytes of compare.mock.calls[0]?.arguments ?? []) {
          assert.equal((bytes as Buffer).length, hashSecret('').length, 'hashes are compared, not secrets');
        }
      }
    } finally {
      compare.mock.restore();
      syncBuiltinESMExports();
    }
  });

  test('what is kept of a secret is its hash, two at a time, each side its own', async () => {
    const store = await openSqliteStore(':memory:', { node: 'spec' });
    const digestOf = (document: string) => createHash('sha256').update(document).digest('base64url');
    for (const secret of ['old', 'new']) {
      await store.credentials.add({ domain: 'ras', clientId: 'c', secretHash: hashSecret(secret), createdAt: 1 });
    }
    for (const kind of ['access', 'resource'] as const) {
      const parsed = parsePolicy('servers: {}', kind);
      assert.ok(parsed.ok);
      const document = JSON.stringify(parsed.document);
      await store.policies.append(
        { kind, version: 1, document, digest: digestOf(document), author: 'test', publishedAt: 1 },
        [],
      );
    }
    const inForce = await openInForce(store, { idp: idpIssuer, ras: rasIssuer });
    assert.deepEqual([...inForce.secretHashes('ras', 'c')].sort(), ['old', 'new'].map(hashSecret).sort());
    assert.deepEqual(inForce.secretHashes('idp', 'c'), []);
    await store.close();
  });
});

describe('KEY-10: "A validator asks for one token kind"', () => {
  const kinds: [name: string, token: (world: World) => Promise<string>][] = [
    ['an ID Token', (w) => w.idToken()],
    ['an ID Token addressed to the RAS', (w) => w.idToken({ aud: rasIssuer, client_id: 'cc-at-ras', jti: 'j' })],
    ['an ID-JAG', (w) => w.idJag()],
    ['an ID-JAG addressed to the client', (w) => w.idJag({ aud: 'claude-code', sid: 'sid-1' })],
    ['an access token', async (w) => String((await w.redeem()).body.access_token)],
    ['a client assertion', async (w) => String((await w.clientAssertion(idpIssuer)).client_assertion)],
    ['a DPoP proof', (w) => w.proof('idp')],
  ];
  const places: [
    name: string,
    takes: string[],
    ask: (world: World, token: string) => Promise<Record<string, unknown>>,
  ][] = [
    ['subject_token', ['an ID Token'], async (w, t) => (await w.exchange({ subject_token: t })).body],
    ['assertion', ['an ID-JAG'], async (w, t) => (await w.redeem({ assertion: t })).body],
    [
      'client_assertion at the IdP',
      [],
      async (w, t) => (await w.exchange({ ...(await w.clientAssertion(idpIssuer)), client_assertion: t })).body,
    ],
    [
      'client_assertion at the RAS',
      [],
      async (w, t) => (await w.redeem({ ...(await w.clientAssertion(rasIssuer)), client_assertion: t })).body,
    ],
  ];
  for (const [place, takes, ask] of places) {
    for (const [kind, token] of kinds) {
      const isTaken = takes.includes(kind);
      test(`${kind} as ${place}: ${isTaken ? 'taken' : 'refused'}`, async () => {
        const world = await openWorld();
        const body = await ask(world, await token(world));
        assert.equal(typeof body.access_token, isTaken ? 'string' : 'undefined');
        assert.deepEqual(world.faults, []);
      });
    }
  }

  describe('no other kind is a client assertion, whoever signed it for whom', () => {
    const types: [typ: unknown, isTaken: boolean][] = [
      ...[joseType.idJag, joseType.accessToken, joseType.securityEvent, joseType.dpopProof, joseType.logoutToken].map(
        (typ): [string, boolean] => [typ, false],
      ),
      ['AT+JWT', false],
      ['application/oauth-id-jag+jwt', false],
      ['credence-checkpoint+jwt', false],
      ['', false],
      [7, false],
      [null, false],
      [undefined, true],
      ['JWT', true],
      ['jwt', true],
      ['JOSE', true],
      ['application/jwt', true],
      ['client-authentication+jwt', true],
    ];
    const platform = 'https://platform.example';
    const key = generatePrivateJwk('ES256');
    const workload = JSON.stringify({ issuer: platform, subject: 'bot', keys: { keys: [toPublicJwk(key)] } });
    const more = {
      access: `  triage: { workload: ${workload}, client_ids: { ${rasIssuer}: triage } }`,
      resource: `  triage: { workload: ${workload} }`,
      trusted: ['triage'],
    };
    const proofs: [
      name: string,
      client: string,
      prove: (world: World, aud: string, typ: unknown) => Promise<Fields>,
    ][] = [
      ['its own assertion', 'keyed', (w, aud, typ) => w.clientAssertion(aud, {}, { typ })],
      [
        'a token of its platform',
        'triage',
        async (w, aud, typ) => ({
          client_id: 'triage',
          client_secret: undefined,
          client_assertion_type: clientAssertionType,
          client_assertion: await w.idToken({ iss: platform, sub: 'bot', aud, jti: 'once' }, { typ }, key),
        }),
      ],
    ];
    for (const [name, client, prove] of proofs) {
      for (const [typ, isTaken] of types) {
        test(`${name}, typ ${JSON.stringify(typ)}: ${isTaken ? 'taken' : 'refused'} at both endpoints`, async () => {
          const world = await openWorld(undefined, { more });
          const subject_token = await world.idToken({ aud: client });
          const answers = [
            await world.exchange({ subject_token, ...(await prove(world, idpIssuer, typ)) }),
            await world.redeem({
              assertion: await world.idJag({ client_id: client }),
              ...(await prove(world, rasIssuer, typ)),
            }),
          ];
          for (const answer of answers) {
            if (isTaken) assert.equal(answer.status, 200);
            else await refused(world, answer, 'client_assertion_wrong_type');
          }
        });
      }
    }

    test('an ID-JAG of an issuer that is trusted for ID-JAGs and for workload tokens, made out to somebody else', async () => {
      const { keys } = await openWorld();
      const both = JSON.stringify({ issuer: idpIssuer, subject: 'bot', keys: { keys: [toPublicJwk(keys.idJag)] } });
      const world = await openWorld(undefined, {
        more: { resource: `  triage: { workload: ${both} }`, trusted: ['triage'] },
      });
      const answer = await world.redeem({
        assertion: await world.idJag({ client_id: 'triage' }),
        client_id: 'triage',
        client_secret: undefined,
        client_assertion_type: clientAssertionType,
        client_assertion: await world.idJag({ sub: 'bot', client_id: 'cc-at-ras' }),
      });
      await refused(world, answer, 'client_assertion_wrong_type');
    });
  });

  test('an ID-JAG under the key of ID Tokens, and an ID Token under the key of ID-JAGs: refused (KEY-01)', async () => {
    const world = await openWorld();
    const assertion = await world.idJag({}, {}, world.keys.idToken);
    await refused(world, await world.redeem({ assertion }), 'id_jag_key_unknown');
    const subject_token = await world.idToken({}, {}, world.keys.idJag);
    await refused(world, await world.exchange({ subject_token }), 'subject_token_bad_signature');
  });
});
