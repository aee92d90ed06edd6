import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import vectors from './vectors/id-jag.json' with { type: 'json' };
import { claimsOf, openWorld, refused } from './world.ts';

interface Vector {
  readonly name: string;
  readonly shape: keyof typeof vectors.shapes;
  readonly header?: object;
  readonly change?: Record<string, unknown>;
  readonly trust?: object;
  readonly servers?: readonly string[];
  readonly fields?: Record<string, string>;
  /** Address of an account made beforehand; subject of one that is there. */
  readonly waiting?: string;
  readonly account?: string;
  readonly outcome: string;
  readonly scope?: string;
  readonly expires_in?: number;
  readonly loosened?: readonly string[];
  /** What becomes of it when it is shown again; refused as replayed when absent. */
  readonly again?: 'accepted';
}

const timeClaims = ['iat', 'exp', 'auth_time', 'session_expiry'];

/** Opens a RAS that trusts the issuer as the vector says, and redeems what the vector describes, once. */
async function play(vector: Vector) {
  const world = await openWorld();
  const { issuer } = vectors;
  const entry = {
    keys: { keys: [toPublicJwk(world.keys.partner)] },
    accounts: 'create',
    clients: ['cc-at-ras'],
    ...vector.trust,
  };
  const scopes = { 'issues:read': {}, 'issues:write': {} };
  const servers = Object.fromEntries((vector.servers ?? ['tracker']).map((id) => [id, { scopes }]));
  const ras = openOtherRas(
    world,
    JSON.stringify({ servers, clients: { 'cc-at-ras': {} }, trust: { [issuer]: entry } }),
  );
  const owner = { issuer, tenant: undefined };
  if (vector.waiting) await world.store.accounts.reserve(owner, vector.waiting, 'a_waiting');
  if (vector.account) await world.store.accounts.findOrCreate({ ...owner, subject: vector.account }, 'a_there');

  const shape = vectors.shapes[vector.shape];
  const claims: Record<string, unknown> = { resource: undefined, ...(shape.claims as object), ...vector.change };
  for (const name of timeClaims) if (typeof claims[name] === 'number') claims[name] = world.now() + claims[name];
  const assertion = await world.idJag(claims, { ...shape.header, ...vector.header }, world.keys.partner);
  return {
    world,
    again: () => ras.redeem(assertion, vector.fields),
    answer: await ras.redeem(assertion, vector.fields),
  };
}

describe('catalogue section 9: how older and other issuers are met', () => {
  for (const vector of vectors.vectors as readonly Vector[]) {
    test(`${vector.name}: ${vector.outcome}`, async () => {
      const { world, answer, again } = await play(vector);
      if (vector.outcome !== 'accepted') return refused(world, answer, vector.outcome as Refusal);
      assert.equal(answer.status, 200, answer.record.reason);
      assert.equal(answer.body.scope, vector.scope ?? 'issues:read issues:write');
      assert.equal(answer.body.expires_in, vector.expires_in ?? 600);
      assert.deepEqual(answer.record.loosened, vector.loosened);
      const token = claimsOf(answer.body.access_token);
      assert.equal(token.aud, vectors.resource);
      assert.equal(Number(token.exp) - Number(token.iat), vector.expires_in ?? 600);
      if (vector.waiting) assert.equal(token.sub, 'a_waiting');
      if (vector.account) assert.equal(token.sub, 'a_there');
      for (const name of ['act', 'sub_profile']) assert.ok(!(name in token), `${name} gives no rights (B71)`);
      if (vector.again === 'accepted') assert.equal((await again()).status, 200);
      else await refused(world, await again(), 'id_jag_replayed');
    });
  }
});

test('the vectors meet what only they meet', () => {
  const outcomes: readonly string[] = vectors.vectors.map(({ outcome }) => outcome);
  for (const reason of ['id_jag_session_ended', 'account_unknown_to_old_client', 'scope_narrower_refused']) {
    assert.ok(outcomes.includes(reason), reason);
  }
});

test('RAS-27: an account that is off is told as invalid_grant where account_error says so', async () => {
  const vector: Vector = { name: '', shape: 'okta', outcome: '', trust: { account_error: 'invalid_grant' } };
  const { world } = await play(vector);
  const [account] = await world.store.accounts.list('', 1);
  await world.store.accounts.setActive(account?.id ?? '', false);
  const entry = {
    keys: { keys: [toPublicJwk(world.keys.partner)] },
    accounts: 'create',
    clients: ['cc-at-ras'],
    account_error: 'invalid_grant',
  };
  const servers = { tracker: { scopes: { 'issues:read': {}, 'issues:write': {} } } };
  const ras = openOtherRas(
    world,
    JSON.stringify({ servers, clients: { 'cc-at-ras': {} }, trust: { [vectors.issuer]: entry } }),
  );
  const { claims, header } = vectors.shapes.okta;
  const times = { iat: world.now(), exp: world.now() + 300, jti: 'IDAAG.another' };
  const assertion = await world.idJag({ ...claims, ...times }, header, world.keys.partner);
  await refused(world, await ras.redeem(assertion), 'account_inactive_to_old_client');
  await world.store.accounts.setActive(account?.id ?? '', true);
  const none = { grantsBefore: 0, tokensBefore: 0, enabledAt: 0, until: world.now() };
  const key = { issuer: vectors.issuer, tenant: undefined, subject: String(claims.sub) };
  const effect = { ...none, key, disabledAt: world.now() };
  await world.store.cutOffs.take({ id: 'set', until: world.now(), effect }, []);
  await refused(world, await ras.redeem(assertion), 'subject_blocked_to_old_client');
});
