import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openOtherRas } from './other-ras.ts';
import { openWorld, refused } from './world.ts';

describe('RAS-38, RFC 7662: a token stands only while its server and its client are in the resource document', () => {
  const tracker = 'tracker: { scopes: { issues:read: {}, issues:write: {} } }';
  const wiki = 'wiki: { scopes: { pages:read: {} } }';
  const asServer = { client_id: 'server:tracker', client_secret: 'server:tracker-secret' };
  const documents: [name: string, document: string, caller: object, active: boolean][] = [
    ['both are there', `{ servers: { ${tracker} }, clients: { cc-at-ras: {} } }`, {}, true],
    ['the server is gone', `{ servers: { ${wiki} }, clients: { cc-at-ras: {} } }`, {}, false],
    ['the client is gone', `{ servers: { ${tracker} }, clients: { vs-at-ras: {} } }`, asServer, false],
  ];
  for (const [name, document, caller, active] of documents) {
    test(`${name}: ${active ? 'active' : '{"active":false} alone'}`, async () => {
      const world = await openWorld();
      const { body } = await world.redeem();
      const { introspect } = openOtherRas(world, document);
      const answer = await introspect(String(body.access_token), { ...caller });
      assert.equal(answer.status, 200);
      assert.equal(answer.body.active, active);
      if (!active) assert.deepEqual(answer.body, { active: false });
    });
  }
});

test('RAS-37: a revocation that names no token: missing_parameter', async () => {
  const world = await openWorld();
  const answer = await world.ask('revoke', { client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret' });
  await refused(world, answer, 'missing_parameter');
});
