import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import { claimsOf, type Fields, idpIssuer, openWorld, rasIssuer, refused } from './world.ts';

const projectType = 'project: { scope: issues:read, members: { actions: [read, comment], name: text } }';
const types = `authorization_details: { ${projectType}, purge: { scope: issues:write }, secret: { scope: issues:read } }`;

const withDetails = (text: string) =>
  text
    .replace('issues:write: { risk: high } } }', `issues:write: { risk: high } }, ${types} }`)
    .replace('id: eng, allow: all, on', 'id: eng, allow: all, details: [project, purge], on');

const project = { type: 'project', actions: ['read'], name: 'apollo' };
const json = (...details: object[]) => JSON.stringify(details);

describe('IDP-23, ID-JAG §4.3.3: "valid JSON array, known types for that RAS, each with type; filter by policy"', () => {
  test('granted details are in the ID-JAG and in the answer, as they were asked for', async () => {
    const world = await openWorld(undefined, { access: withDetails });
    const { status, body, record } = await world.exchange({ authorization_details: json(project) });
    assert.equal(status, 200);
    assert.deepEqual(claimsOf(body.access_token).authorization_details, [project]);
    assert.deepEqual(body.authorization_details, [project]);
    assert.deepEqual([record.detailsAsked, record.detailsGranted], [['project'], ['project']]);
    assert.ok(!JSON.stringify(record).includes('apollo'), 'what a detail says is named by its hash (LOG-02)');
  });

  test('IDP-21: what policy does not grant is left out, and the answer says so', async () => {
    const world = await openWorld(undefined, { access: withDetails });
    const details = json(project, { type: 'secret' }, { type: 'purge' });
    const { body, record } = await world.exchange({ authorization_details: details, scope: 'issues:read' });
    assert.deepEqual(body.authorization_details, [project]);
    assert.deepEqual(claimsOf(body.access_token).authorization_details, [project]);
    assert.deepEqual(record.detailsAsked, ['project', 'secret', 'purge']);
  });

  test('without the parameter nothing is there', async () => {
    const world = await openWorld(undefined, { access: withDetails });
    const { body } = await world.exchange();
    assert.ok(!('authorization_details' in body) && !('authorization_details' in claimsOf(body.access_token)));
  });

  const refusals: [name: string, text: string, fields: Fields, reason: Refusal][] = [
    ['B24 not JSON', 'project', {}, 'authorization_details_malformed'],
    ['B24 object not array', JSON.stringify(project), {}, 'authorization_details_malformed'],
    ['B24 unknown type', json({ type: 'payment' }), {}, 'authorization_details_unsupported'],
    ['B24 one of two unknown', json(project, { type: 'payment' }), {}, 'authorization_details_unsupported'],
    ['a member its type does not have', json({ ...project, amount: '1' }), {}, 'authorization_details_malformed'],
    ['another resource', json({ ...project, locations: ['https://x.example'] }), {}, 'authorization_details_malformed'],
    ['no rule names the type', json({ type: 'secret' }), {}, 'authorization_details_not_granted'],
    [
      'the scope is not asked for',
      json({ type: 'purge' }),
      { scope: 'issues:read' },
      'authorization_details_not_granted',
    ],
  ];
  for (const [name, text, fields, reason] of refusals) {
    test(`${name}: ${reason}`, async () => {
      const world = await openWorld(undefined, { access: withDetails });
      await refused(world, await world.exchange({ authorization_details: text, ...fields }), reason);
    });
  }
});

/** A RAS whose one server knows two types. */
async function withRas() {
  const world = await openWorld();
  const keys = JSON.stringify({ keys: [toPublicJwk(world.keys.idJag)] });
  const ras = openOtherRas(
    world,
    `
servers: { tracker: { scopes: { issues:read: {}, issues:write: {} }, ${types} } }
clients: { cc-at-ras: {} }
trust: { "${idpIssuer}": { keys: ${keys}, accounts: create, clients: [cc-at-ras] } }`,
  );
  return {
    world,
    ras,
    redeem: async (details: unknown, fields: Fields = {}, claims: object = {}) =>
      ras.redeem(await world.idJag({ authorization_details: details, ...claims }), fields),
  };
}

describe('RAS-22, ID-JAG §4.4.1: "JSON array, known types, intersect; return what was granted"', () => {
  const wide = { type: 'project', actions: ['read', 'comment'] };

  test('RAS-33: they are in the access token, in the answer and in an introspection', async () => {
    const { ras, redeem } = await withRas();
    const { body, record } = await redeem([project]);
    assert.deepEqual(body.authorization_details, [project]);
    assert.deepEqual(claimsOf(body.access_token).authorization_details, [project]);
    assert.deepEqual((await ras.introspect(String(body.access_token))).body.authorization_details, [project]);
    assert.deepEqual(record.detailsGranted, ['project']);
    assert.ok(!JSON.stringify(record).includes('apollo'));
  });

  test('the parameter narrows; what the ID-JAG does not cover is left out', async () => {
    const { redeem } = await withRas();
    const asked = json(project, { type: 'secret' });
    assert.deepEqual((await redeem([wide], { authorization_details: asked })).body.authorization_details, [project]);
  });

  test('details whose scope is not granted are left out', async () => {
    const { redeem } = await withRas();
    const { status, body } = await redeem([wide, { type: 'purge' }], { scope: 'issues:read' });
    assert.deepEqual([status, body.authorization_details], [200, [wide]]);
    const none = await redeem([{ type: 'purge' }], { scope: 'issues:read' });
    assert.deepEqual([none.status, none.body.authorization_details], [200, undefined]);
  });

  const refusals: [name: string, claim: unknown, fields: Fields, reason: Refusal][] = [
    ['B24 the claim is an object', project, {}, 'id_jag_details_malformed'],
    ['the claim is a text', json(project), {}, 'id_jag_details_malformed'],
    ['the claim is empty', [], {}, 'id_jag_details_malformed'],
    ['the claim is null', null, {}, 'id_jag_details_malformed'],
    ['one without a type', [project, {}], {}, 'id_jag_details_malformed'],
    ['a member its type does not have', [{ ...project, amount: 1 }], {}, 'id_jag_details_malformed'],
    ['an unknown type', [project, { type: 'payment' }], {}, 'id_jag_details_unsupported'],
    ['the parameter is not JSON', [wide], { authorization_details: 'x' }, 'authorization_details_malformed'],
    [
      'a limit more that the type does not know',
      [wide],
      { authorization_details: json({ ...project, amount: 1 }) },
      'authorization_details_malformed',
    ],
    [
      'the parameter names an unknown type',
      [wide],
      { authorization_details: json({ type: 'payment' }) },
      'authorization_details_unsupported',
    ],
    ['beyond the claim', [project], { authorization_details: json(wide) }, 'authorization_details_not_granted'],
    ['no claim', undefined, { authorization_details: json(project) }, 'authorization_details_not_granted'],
  ];
  for (const [name, claim, fields, reason] of refusals) {
    test(`${name}: ${reason}`, async () => {
      const { world, redeem } = await withRas();
      await refused(world, await redeem(claim, fields), reason);
    });
  }
});

test('RFC 9396 §10: both metadata documents name the types, where there are any', async () => {
  const { ras } = await withRas();
  assert.deepEqual((await ras.metadata()).authorization_details_types_supported, ['project', 'purge', 'secret']);
  const plain = await openWorld();
  const response = await plain.raw('ras', new Request(`${rasIssuer}/.well-known/oauth-authorization-server`));
  assert.ok(!('authorization_details_types_supported' in ((await response.json()) as object)));
});
