import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import { generatePrivateJwk, toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import { alice, claimsOf, idpIssuer, openWorld, rasIssuer, refused, type World } from './world.ts';

/** A RAS with two customers behind one issuer, and a third that has keys of its own. */
async function withTenants() {
  const world = await openWorld();
  const ownKey = generatePrivateJwk('ES256');
  const inline = (key: World['keys']['idJag']) => JSON.stringify({ keys: [toPublicJwk(key)] });
  const ras = openOtherRas(
    world,
    `
servers: { tracker: { scopes: { issues:read: {}, issues:write: {} } } }
clients: { cc-at-ras: {}, other: {} }
trust:
  "${idpIssuer}":
    keys: ${inline(world.keys.idJag)}
    tenants:
      acme: { accounts: create, clients: [cc-at-ras], aud_tenant: acme-here }
      globex: { accounts: { email_domains: [globex.example] }, clients: [cc-at-ras] }
      initech: { accounts: create, clients: [other] }
      hooli: { accounts: create, clients: [cc-at-ras], keys: ${inline(ownKey)} }`,
  );
  const acme = { tenant: 'acme', aud_tenant: 'acme-here' };
  return {
    world,
    ownKey,
    acme,
    redeem: async (claims: object, key = world.keys.idJag) =>
      ras.redeem(await world.idJag(claims, { kid: key.kid }, key)),
  };
}

describe('RAS-28, ID-JAG §6: "tenant / aud_tenant present: match configuration; configured as multi-tenant and absent: refuse"', () => {
  test('a tenant that is listed is accepted, and stands on the record', async () => {
    const { acme, redeem } = await withTenants();
    const { status, record } = await redeem(acme);
    assert.deepEqual([status, record.tenant], [200, 'acme']);
  });

  const refusals: [name: string, claims: object, reason: Refusal][] = [
    ['no tenant', { aud_tenant: 'acme-here' }, 'id_jag_tenant_unexpected'],
    ['a tenant nobody listed', { tenant: 'umbrella' }, 'id_jag_tenant_unexpected'],
    ['another case', { tenant: 'Acme', aud_tenant: 'acme-here' }, 'id_jag_tenant_unexpected'],
    ['a list', { tenant: ['acme'], aud_tenant: 'acme-here' }, 'id_jag_tenant_unexpected'],
    ['null', { tenant: null, aud_tenant: 'acme-here' }, 'id_jag_tenant_unexpected'],
    ['no aud_tenant where it is configured', { tenant: 'acme' }, 'id_jag_tenant_unexpected'],
    ['B68 aud_tenant of another customer', { tenant: 'acme', aud_tenant: 'globex-here' }, 'id_jag_tenant_unexpected'],
    [
      'aud_tenant where none is configured, at globex',
      { tenant: 'globex', aud_tenant: 'x' },
      'id_jag_tenant_unexpected',
    ],
    ['B48 a client of another tenant', { tenant: 'initech' }, 'issuer_client_not_trusted'],
  ];
  for (const [name, claims, reason] of refusals) {
    test(`${name}: ${reason}`, async () => {
      const { world, redeem } = await withTenants();
      await refused(world, await redeem(claims), reason);
    });
  }

  test('T09: a tenant with keys of its own is spoken for by no other: not by the key of its neighbours', async () => {
    const { world, ownKey, acme, redeem } = await withTenants();
    assert.equal((await redeem({ tenant: 'hooli' }, ownKey)).status, 200);
    await refused(world, await redeem({ tenant: 'hooli' }), 'id_jag_key_unknown');
    await refused(world, await redeem(acme, ownKey), 'id_jag_key_unknown');
  });

  test('T09: accounts never cross: one subject in two tenants is two accounts, and an address links within its own', async () => {
    const { world, ownKey, acme, redeem } = await withTenants();
    const here = claimsOf((await redeem(acme)).body.access_token).sub;
    const there = claimsOf((await redeem({ tenant: 'hooli' }, ownKey)).body.access_token).sub;
    assert.notEqual(here, there);
    const globex = { issuer: idpIssuer, tenant: 'globex' };
    await world.store.accounts.reserve(globex, 'boss@globex.example', 'a_boss');
    const boss = { email: 'boss@globex.example', email_verified: true };
    assert.notEqual(claimsOf((await redeem({ ...acme, ...boss, sub: 'u_2' })).body.access_token).sub, 'a_boss');
    const linked = await redeem({ tenant: 'globex', ...boss });
    assert.equal(claimsOf(linked.body.access_token).sub, 'a_boss');
    const [, linking] = (await world.store.audit.last(2)).toReversed();
    assert.ok(linking);
    const { tenant, detail } = readRecord(linking);
    assert.equal(tenant, 'globex');
    assert.match(detail ?? '', /account linked by email/);
  });

  test('RAS-12: "Single use: record (iss, tenant, jti)": the same jti of two tenants is two assertions', async () => {
    const { world, ownKey, acme, redeem } = await withTenants();
    const jti = 'the-same';
    assert.equal((await redeem({ ...acme, jti })).status, 200);
    assert.equal((await redeem({ tenant: 'hooli', jti }, ownKey)).status, 200);
    await refused(world, await redeem({ ...acme, jti }), 'id_jag_replayed');
  });
});

describe('IDP-28, ID-JAG §6: "tenant when the RAS is multi-tenant; aud_tenant + aud_sub when known"', () => {
  const told = (text: string) =>
    text.replace('audiences:', `audiences:\n  ${rasIssuer}: { tenant: acme, aud_tenant: acme-here, aud_sub: true }`);

  test('they are in the ID-JAG for that audience, and in no other', async () => {
    const world = await openWorld(undefined, { access: told });
    await world.store.people.setIdAt(alice.id, rasIssuer, 'U019');
    const claims = claimsOf((await world.exchange()).body.access_token);
    assert.deepEqual([claims.tenant, claims.aud_tenant, claims.aud_sub], ['acme', 'acme-here', 'U019']);
    const elsewhere = { audience: 'https://lonely.example', resource: undefined };
    const other = claimsOf((await world.exchange(elsewhere)).body.access_token);
    for (const name of ['tenant', 'aud_tenant', 'aud_sub']) assert.ok(!(name in other), name);
  });

  test('an id that was not set is not told, nor one of another server, nor without the switch', async () => {
    const world = await openWorld(undefined, { access: told });
    await world.store.people.setIdAt(alice.id, 'https://lonely.example', 'U019');
    assert.ok(!('aud_sub' in claimsOf((await world.exchange()).body.access_token)));
    const plain = await openWorld();
    await plain.store.people.setIdAt(alice.id, rasIssuer, 'U019');
    assert.ok(!('aud_sub' in claimsOf((await plain.exchange()).body.access_token)));
  });

  const tenants: [name: string, tenant: unknown, accepted: boolean][] = [
    ['the one of the audience', 'acme', true],
    ['none', undefined, true],
    ['B30 another', 'globex', false],
    ['B30 a list', ['acme'], false],
    ['B30 null', null, false],
  ];
  for (const [name, tenant, accepted] of tenants) {
    test(`tenant in the subject token: ${name}: ${accepted ? 'accepted' : 'subject_token_other_tenant'}`, async () => {
      const world = await openWorld(undefined, { access: told });
      const answer = await world.exchange({ subject_token: await world.idToken({ tenant }) });
      if (accepted) assert.equal(answer.status, 200);
      else await refused(world, answer, 'subject_token_other_tenant');
    });
  }

  test('B30: a tenant in the subject token where the audience is told none: subject_token_other_tenant', async () => {
    const world = await openWorld();
    const answer = await world.exchange({ subject_token: await world.idToken({ tenant: 'acme' }) });
    await refused(world, answer, 'subject_token_other_tenant');
  });

  test('both sides together: what is issued for a RAS with tenants is redeemed there', async () => {
    const { world, acme, redeem } = await withTenants();
    const issued = await openWorld(undefined, { access: told });
    const claims = claimsOf((await issued.exchange()).body.access_token);
    assert.deepEqual({ tenant: claims.tenant, aud_tenant: claims.aud_tenant }, acme);
    const { status } = await redeem({ ...claims, jti: 'both', iat: world.now(), exp: world.now() + 300 });
    assert.equal(status, 200);
  });
});
