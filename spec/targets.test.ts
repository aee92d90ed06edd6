import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import { claimsOf, type Fields, idpIssuer, openWorld, rasIssuer, refused, tracker, type World, wiki } from './world.ts';

describe('where an ID-JAG may lead: audience and resource at the IdP', () => {
  test('IDP-08: the RAS issuer is understood as audience, and aud carries it as a single string', async () => {
    const world = await openWorld();
    const { body } = await world.exchange({ audience: rasIssuer });
    assert.equal(claimsOf(body.access_token).aud, rasIssuer);
  });

  test('IDP-21: asked for or not, what was granted is what is signed and what is answered', async () => {
    const world = await openWorld();
    const { body } = await world.exchange({ scope: 'issues:read issues:write nonsense' });
    assert.equal(claimsOf(body.access_token).scope, 'issues:read issues:write');
    assert.equal(body.scope, 'issues:read issues:write');
    assert.equal(claimsOf(body.access_token).resource, tracker);
    assert.equal(body.resource, tracker);
  });

  test('LOG-01: what matches nothing is on the record by its hash, since anything may have been sent there', async () => {
    const world = await openWorld();
    const [audience, resource] = ['https://nobody.example', 'https://nobody.example/mcp'];
    const nowhere = (await world.exchange({ audience, resource })).record;
    const known = (await world.exchange({ resource })).record;
    const unasked = (await world.exchange({ audience, resource: undefined })).record;
    for (const named of [nowhere.audience, nowhere.resource, known.audience, known.resource, unasked.audience]) {
      assert.match(String(named), /^sha256:[\w-]{16}$/);
    }
    assert.equal(nowhere.resource, known.resource);
    assert.equal(unasked.resource, undefined);
  });

  const lonely = 'https://lonely.example';
  const pairs: [name: string, audience: string, resource: string | string[], outcome: Refusal | 'issued'][] = [
    ['IDP-09 a pair of the table', rasIssuer, wiki, 'issued'],
    ['IDP-09 the other pair of the table', lonely, `${lonely}/mcp`, 'issued'],
    ['IDP-09 the resource of another RAS', lonely, tracker, 'resource_unknown'],
    ['IDP-09 a resource below one that is known', rasIssuer, `${tracker}/admin`, 'resource_unknown'],
    ['IDP-09 a known resource and a slash', rasIssuer, `${tracker}/`, 'resource_unknown'],
    ['IDP-10 a resource that is no absolute URI', rasIssuer, 'tracker', 'resource_invalid'],
    ['IDP-10 a fragment', rasIssuer, `${tracker}#admin`, 'resource_invalid'],
    ['IDP-10 an empty fragment', rasIssuer, `${tracker}#`, 'resource_invalid'],
    ['IDP-10 one of two has a fragment', rasIssuer, [tracker, `${tracker}#`], 'resource_invalid'],
    ['IDP-06 the same resource twice', rasIssuer, [tracker, tracker], 'issued'],
  ];
  for (const [name, audience, resource, outcome] of pairs) {
    test(`${name}: ${outcome}`, async () => {
      const world = await openWorld();
      const answer = await world.exchange({ audience, resource });
      if (outcome === 'issued') assert.deepEqual([answer.status, answer.body.resource], [200, [resource].flat()[0]]);
      else await refused(world, answer, outcome);
    });
  }

  const repeated: [name: string, audience: string[]][] = [
    ['IDP-07, B21 audience twice', [rasIssuer, lonely]],
    ['IDP-07, B21 the same audience twice', [rasIssuer, rasIssuer]],
  ];
  for (const [name, audience] of repeated) {
    test(`${name}: repeated_parameter`, async () => {
      const world = await openWorld();
      await refused(world, await world.exchange({ audience }), 'repeated_parameter');
    });
  }
});

describe('RAS-15: "Never issue an unrestricted token"', () => {
  const documentOf = (world: World, servers: string) =>
    `
servers: ${servers}
clients: { cc-at-ras: {} }
trust: { "${idpIssuer}": { keys: { keys: [${JSON.stringify(toPublicJwk(world.keys.idJag))}] }, accounts: create, clients: [cc-at-ras] } }`;
  const one = '{ tracker: { scopes: { issues:read: {} } } }';
  const two = '{ tracker: { scopes: { issues:read: {} } }, wiki: { scopes: { issues:read: {} } } }';
  const unclaimed = { resource: undefined, scope: 'issues:read' };

  const table: [name: string, servers: string, fields: Fields, outcome: Refusal | string][] = [
    ['B58 one resource governed: bound to it', one, {}, tracker],
    ['B58 one resource governed and named: bound to it', one, { resource: tracker }, tracker],
    ['B58 one governed, another named: refused', one, { resource: wiki }, 'resource_parameter_refused'],
    ['B58 two governed: refused', two, {}, 'id_jag_resource_missing'],
    ['B58, RAS-16 two governed, the parameter names one: bound to it', two, { resource: wiki }, wiki],
    ['none governed: refused', '{}', {}, 'id_jag_resource_missing'],
  ];
  for (const [name, servers, fields, outcome] of table) {
    test(name, async () => {
      const world = await openWorld();
      const { redeem } = openOtherRas(world, documentOf(world, servers));
      const answer = await redeem(await world.idJag(unclaimed), fields);
      if (!outcome.startsWith('https:')) return refused(world, answer, outcome as Refusal);
      assert.equal(claimsOf(answer.body.access_token).aud, outcome);
    });
  }
});

describe('RAS-16: "selects among the claim\'s values and narrows; outside the claim or unknown refused"', () => {
  const both = { resource: [tracker, wiki], scope: 'pages:read' };
  const table: [name: string, claim: object, resource: string | string[], outcome: Refusal | 'granted'][] = [
    ['one of the two claimed', both, wiki, 'granted'],
    ['the same one named twice', both, [wiki, wiki], 'granted'],
    ['both at once: one token is for one server', both, [tracker, wiki], 'resource_parameter_refused'],
    ['known, but not claimed', { resource: tracker, scope: 'pages:read' }, wiki, 'resource_parameter_refused'],
    ['one claimed and one unknown', both, [wiki, 'https://evil.example/mcp'], 'resource_parameter_refused'],
    ['B59 malformed', both, 'wiki', 'resource_parameter_refused'],
    ['B59 with a fragment', both, `${wiki}#`, 'resource_parameter_refused'],
  ];
  for (const [name, claim, resource, outcome] of table) {
    test(`${name}: ${outcome}`, async () => {
      const world = await openWorld();
      const answer = await world.redeem({ assertion: await world.idJag(claim), resource });
      if (outcome !== 'granted') return refused(world, answer, outcome);
      assert.equal(claimsOf(answer.body.access_token).aud, wiki);
    });
  }
});
