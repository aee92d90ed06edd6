import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { generatePrivateJwk, toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import {
  alice,
  claimsOf,
  type Fields,
  openWorld,
  partnerIssuer,
  rasIssuer,
  refused,
  tracker,
  type World,
  wiki,
} from './world.ts';

describe('RAS-13: "Consume the jti last: after all checks, in the same step as issuing"', () => {
  const refusals: [name: string, claims: object, fields: Fields, reason: Refusal][] = [
    ['wrong secret', {}, { client_secret: 'wrong' }, 'client_secret_wrong'],
    ['wrong audience', { aud: 'https://other.example' }, {}, 'id_jag_wrong_audience'],
    ['foreign resource', { resource: 'https://evil.example/mcp' }, {}, 'id_jag_resource_foreign'],
    ['resource parameter outside the claim', {}, { resource: wiki }, 'resource_parameter_refused'],
    ['malformed scope parameter', {}, { scope: 'a"b' }, 'scope_malformed'],
    ['nothing left of the scopes', { scope: 'issues:read' }, { scope: 'issues:write' }, 'scope_not_granted'],
    ['a bound one without a proof', { cnf: { jkt: 'x' } }, {}, 'id_jag_proof_missing'],
  ];
  for (const [name, claims, fields, reason] of refusals) {
    test(`${name}: ${reason}, and an ID-JAG with this very jti is still good`, async () => {
      const world = await openWorld();
      const jti = 'the-same';
      await refused(world, await world.redeem({ assertion: await world.idJag({ ...claims, jti }), ...fields }), reason);
      assert.equal((await world.redeem({ assertion: await world.idJag({ jti }) })).status, 200);
      await refused(world, await world.redeem({ assertion: await world.idJag({ jti }) }), 'id_jag_replayed');
    });
  }

  test('an account that is switched off: account_inactive, and the ID-JAG is good again with the account', async () => {
    const world = await openWorld();
    const assertion = await world.idJag();
    const account = await world.store.accounts.findOrCreate(
      { issuer: String(claimsOf(assertion).iss), tenant: undefined, subject: alice.id },
      'a_1',
    );
    await world.store.accounts.setActive(account.id, false);
    await refused(world, await world.redeem({ assertion }), 'account_inactive');
    await world.store.accounts.setActive(account.id, true);
    assert.equal((await world.redeem({ assertion })).status, 200);
  });
});

describe('RAS-12: "in a store shared by all nodes"', () => {
  test('B54: again after the node was restarted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spec-'));
    const open = async () => openWorld(await openSqliteStore(join(folder, 'store.db'), { node: 'spec' }));
    try {
      const before = await open();
      const assertion = await before.idJag();
      assert.equal((await before.redeem({ assertion })).status, 200);
      await before.store.close();
      const after = await open();
      await refused(after, await after.redeem({ assertion }), 'id_jag_replayed');
      await after.store.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('RAS-24: "E-mail alone never takes over an account"', () => {
  test('B67: the address of an administrator from another issuer links to no account', async () => {
    const world = await openWorld();
    const own = claimsOf(
      (await world.redeem({ assertion: await world.idJag({ email: alice.email }) })).body.access_token,
    );
    const foreign = { iss: partnerIssuer, sub: 'someone', email: alice.email, email_verified: true };
    const assertion = () => world.idJag(foreign, {}, world.keys.partner);
    await refused(world, await world.redeem({ assertion: await assertion() }), 'account_unknown');
    await world.store.accounts.findOrCreate(
      { issuer: partnerIssuer, tenant: undefined, subject: 'someone' },
      'a_someone',
    );
    const theirs = claimsOf((await world.redeem({ assertion: await assertion() })).body.access_token);
    assert.notEqual(theirs.sub, own.sub);
  });

  test('B67: one issuer, another subject with the same address: another account', async () => {
    const world = await openWorld();
    const subOf = async (sub: string) => {
      const assertion = await world.idJag({ sub, email: alice.email });
      return claimsOf((await world.redeem({ assertion })).body.access_token).sub;
    };
    assert.notEqual(await subOf('u_alice'), await subOf('u_mallory'));
  });
});

describe('RAS-07, RAS-44: nothing leaves the RAS while it redeems', () => {
  async function connectionsDuring(work: () => Promise<void>): Promise<number> {
    const channels = ['net.client.socket', 'http.client.request.start', 'undici:request:create'];
    let count = 0;
    const onConnection = () => {
      count += 1;
    };
    for (const channel of channels) subscribe(channel, onConnection);
    try {
      await work();
    } finally {
      for (const channel of channels) unsubscribe(channel, onConnection);
    }
    return count;
  }
  const attacker = generatePrivateJwk('ES256');
  const pointers: [name: string, header: (world: World) => object][] = [
    ['jwk', () => ({ jwk: toPublicJwk(attacker) })],
    ['jwk under a kid of the issuer', (w) => ({ jwk: toPublicJwk(attacker), kid: w.keys.idJag.kid })],
    ['jku', () => ({ jku: 'https://127.0.0.1:9/jwks' })],
    ['x5u', () => ({ x5u: 'https://127.0.0.1:9/cert' })],
    ['x5c', () => ({ x5c: ['MIIB'] })],
  ];
  for (const [name, header] of pointers) {
    test(`B41: ${name} of an attacker who signs with it: refused, and no connection is made`, async () => {
      const world = await openWorld();
      const assertion = await world.idJag({}, header(world), attacker);
      const connections = await connectionsDuring(async () => {
        const { status, record } = await world.redeem({ assertion });
        assert.equal(status, 400);
        assert.ok(['id_jag_key_unknown', 'id_jag_bad_signature'].includes(String(record.reason)));
      });
      assert.equal(connections, 0);
    });
  }

  test('RAS-44: a good ID-JAG goes to nobody else, and is not in the answer', async () => {
    const world = await openWorld();
    const assertion = await world.idJag();
    const connections = await connectionsDuring(async () => {
      const { status, body } = await world.redeem({ assertion });
      assert.equal(status, 200);
      assert.ok(!JSON.stringify([body, claimsOf(body.access_token)]).includes(assertion));
    });
    assert.equal(connections, 0);
  });
});

describe('ID-JAGs that are wrong in other ways', () => {
  const withHeader = (header: object) => async () =>
    [JSON.stringify(header), 'key', 'iv', 'text', 'tag']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
  const year = 31_536_000;
  const table: [name: string, assertion: (world: World) => Promise<string>, reason: Refusal][] = [
    ['B37 the signature in DER form', async (w) => toDer(await w.idJag()), 'id_jag_bad_signature'],
    [
      'B37 another signature of the issuer',
      async (w) => spliced(await w.idJag(), await w.idJag()),
      'id_jag_bad_signature',
    ],
    ['B44 a zip bomb', withHeader({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' }), 'id_jag_jwe_refused'],
    [
      'B44 PBES2 with a huge count',
      withHeader({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31 }),
      'id_jag_jwe_refused',
    ],
    ['B45 iss absent', (w) => w.idJag({ iss: undefined }), 'id_jag_issuer_untrusted'],
    ['B45 iss of the object prototype', (w) => w.idJag({ iss: '__proto__' }), 'id_jag_issuer_untrusted'],
    ['B46 an empty array', (w) => w.idJag({ aud: [] }), 'id_jag_wrong_audience'],
    ['B46 our issuer twice', (w) => w.idJag({ aud: [rasIssuer, rasIssuer] }), 'id_jag_wrong_audience'],
    ['B46 a number', (w) => w.idJag({ aud: 7 }), 'id_jag_wrong_audience'],
    ['B46 our issuer and a slash', (w) => w.idJag({ aud: `${rasIssuer}/` }), 'id_jag_wrong_audience'],
    ['B51 iat missing', (w) => w.idJag({ iat: undefined }), 'id_jag_time_malformed'],
    ['B51 nbf in the future', (w) => w.idJag({ nbf: w.now() + 31 }), 'id_jag_not_yet_valid'],
    ['B51 exp a year after iat', (w) => w.idJag({ iat: w.now() - year, exp: w.now() + 60 }), 'id_jag_lives_too_long'],
    ['B51 exp before iat', (w) => w.idJag({ iat: w.now() + 20, exp: w.now() + 10 }), 'id_jag_lives_too_long'],
    ['B52 sub missing', (w) => w.idJag({ sub: undefined }), 'id_jag_subject_malformed'],
    ['B52 sub an object', (w) => w.idJag({ sub: { id: 'u_alice' } }), 'id_jag_subject_malformed'],
    ['B52 NUL in sub', (w) => w.idJag({ sub: 'u_alice\0' }), 'id_jag_subject_malformed'],
    ['B52 half a surrogate pair in sub', (w) => w.idJag({ sub: 'u_alice\ud83d' }), 'id_jag_subject_malformed'],
    ['B52 sub of 10 KB', (w) => w.idJag({ sub: 'u'.repeat(10_240) }), 'id_jag_subject_malformed'],
    ['B53 jti empty', (w) => w.idJag({ jti: '' }), 'id_jag_jti_malformed'],
    ['B64 cnf empty', (w) => w.idJag({ cnf: {} }), 'id_jag_binding_unsupported'],
    ['B68 tenant', (w) => w.idJag({ tenant: 'other' }), 'id_jag_tenant_unexpected'],
    ['RAS-28 tenant where none is configured, empty', (w) => w.idJag({ tenant: '' }), 'id_jag_tenant_unexpected'],
    [
      'RAS-14 one of three foreign',
      (w) => w.idJag({ resource: [tracker, wiki, `${tracker}/x`] }),
      'id_jag_resource_foreign',
    ],
  ];
  for (const [name, assertion, reason] of table) {
    test(`${name}: ${reason}`, async () => {
      const world = await openWorld();
      await refused(world, await world.redeem({ assertion: await assertion(world) }), reason);
    });
  }

  test('B49: authenticated as one client, client_id of another in the body', async () => {
    const world = await openWorld();
    const authorization = `Basic ${Buffer.from('cc-at-ras:cc-at-ras-secret').toString('base64')}`;
    const fields = { client_id: 'vs-at-ras', client_secret: undefined };
    await refused(world, await world.redeem(fields, { authorization }), 'client_ids_differ');
  });

  test('RAS-10: good to the last second of its life and skew, and not in the next', async () => {
    const world = await openWorld();
    const [early, late] = [await world.idJag(), await world.idJag()];
    world.clock.ms += 329_000;
    assert.equal((await world.redeem({ assertion: early })).status, 200);
    world.clock.ms += 1000;
    await refused(world, await world.redeem({ assertion: late }), 'id_jag_expired');
  });

  test('RAS-34: of a sign-in that ends, good to the second before, and for no longer than that', async () => {
    const world = await openWorld();
    const session_expiry = world.now() + 60;
    const [early, late] = [await world.idJag({ session_expiry }), await world.idJag({ session_expiry })];
    world.clock.ms += 59_000;
    assert.equal((await world.redeem({ assertion: early })).body.expires_in, 1);
    world.clock.ms += 1000;
    await refused(world, await world.redeem({ assertion: late }), 'id_jag_session_ended');
  });

  test('RFC 7519 §2: a NumericDate may have a fraction; the token ends with a whole second, and can be revoked', async () => {
    const world = await openWorld();
    const times = { iat: world.now() - 0.25, exp: world.now() + 300.5, session_expiry: world.now() + 60.75 };
    const assertion = await world.idJag(times);
    const { body } = await world.redeem({ assertion });
    assert.deepEqual([body.expires_in, claimsOf(body.access_token).exp], [60, world.now() + 60]);
    const asked = { token: String(body.access_token), client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret' };
    assert.equal((await world.ask('revoke', asked)).status, 200);
    assert.deepEqual((await world.ask('introspect', asked)).body, { active: false });
    await refused(world, await world.redeem({ assertion }), 'id_jag_replayed');
  });
});

function spliced(one: string, other: string): string {
  return [...one.split('.').slice(0, 2), other.split('.')[2]].join('.');
}

/** The same r and s as an ASN.1 SEQUENCE of two INTEGERs. */
function toDer(jws: string): string {
  const parts = jws.split('.');
  const signature = Buffer.from(parts[2] ?? '', 'base64url');
  const integers = [signature.subarray(0, 32), signature.subarray(32)].map((number) => {
    const value = Buffer.concat([Buffer.from([0]), number]);
    return Buffer.concat([Buffer.from([2, value.length]), value]);
  });
  const content = Buffer.concat(integers);
  const der = Buffer.concat([Buffer.from([0x30, content.length]), content]);
  return [parts[0], parts[1], der.toString('base64url')].join('.');
}
