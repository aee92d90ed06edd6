import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import { claimsOf, openWorld, partnerIssuer, rasIssuer, refused } from './world.ts';

/** A resource document with two MCP servers (one by its upstream, one by its tools) and two APIs of another kind. */
const mcpServers = {
  tracker: { scopes: { read: {} }, tools: { '*': 'read' } },
  files: { scopes: { read: {} }, upstream: { http: 'http://127.0.0.1:9/mcp' } },
};
const apis = { reports: { scopes: { read: {} } }, billing: { scopes: { read: {} } } };

async function open(servers: object, trust: object = { replay: 'until_expiry' }) {
  const world = await openWorld();
  const keys = { keys: [toPublicJwk(world.keys.partner)] };
  const entry = { keys, accounts: 'create', clients: ['cc-at-ras'], ...trust };
  const document = { servers, clients: { 'cc-at-ras': {} }, trust: { [partnerIssuer]: entry } };
  const ras = openOtherRas(world, JSON.stringify(document));
  const idJag = (claims: object = {}) =>
    world.idJag({ iss: partnerIssuer, resource: urlOf('reports'), scope: 'read', ...claims }, {}, world.keys.partner);
  return { world, redeem: ras.redeem, idJag };
}

const urlOf = (id: string) => `${rasIssuer}/${id}/mcp`;

describe('catalogue section 9, replay: "single use; per-issuer switch for non-MCP resources"', () => {
  test('an API: again and again, each time another token, and the record says why', async () => {
    const { redeem, idJag } = await open({ ...mcpServers, ...apis });
    const assertion = await idJag();
    const answers = [await redeem(assertion), await redeem(assertion), await redeem(assertion)];
    for (const { status, record } of answers) {
      assert.equal(status, 200);
      assert.deepEqual(record.loosened, ['replay']);
    }
    assert.equal(new Set(answers.map(({ body }) => claimsOf(body.access_token).jti)).size, 3);
  });

  test('until it expires, and not a second longer than any other', async () => {
    const { world, redeem, idJag } = await open(apis);
    const assertion = await idJag();
    assert.equal((await redeem(assertion)).status, 200);
    world.clock.ms += 329_000;
    assert.equal((await redeem(assertion)).status, 200);
    world.clock.ms += 1000;
    await refused(world, await redeem(assertion), 'id_jag_expired');
  });

  test('without the switch: single use for an API too', async () => {
    for (const trust of [{}, { replay: 'refuse' }, { unknown_scopes: 'drop' }]) {
      const { world, redeem, idJag } = await open({ ...mcpServers, ...apis }, trust);
      const assertion = await idJag();
      const { status, record } = await redeem(assertion);
      assert.equal(status, 200);
      assert.equal(record.loosened, undefined);
      await refused(world, await redeem(assertion), 'id_jag_replayed');
    }
  });

  for (const id of Object.keys(mcpServers)) {
    test(`RAS-12, B54: the MCP server ${id} of the same issuer: single use`, async () => {
      const { world, redeem, idJag } = await open({ ...mcpServers, ...apis });
      const assertion = await idJag({ resource: urlOf(id) });
      const { status, record } = await redeem(assertion);
      assert.equal(status, 200);
      assert.equal(record.loosened, undefined);
      await refused(world, await redeem(assertion), 'id_jag_replayed');
    });
  }

  const both = [urlOf('reports'), urlOf('tracker')];
  const orders: [name: string, first: string, then: string][] = [
    ['at the API, then there', 'reports', 'tracker'],
    ['there, then at the API', 'tracker', 'reports'],
    ['at the API, then again', 'reports', 'reports'],
  ];
  for (const claim of [both, undefined]) {
    for (const [name, first, then] of orders) {
      const what = claim ? 'names an MCP server beside the API' : 'names no resource, where there are MCP servers';
      test(`RAS-12, B54: one that ${what}: single use, ${name}`, async () => {
        const { world, redeem, idJag } = await open({ ...mcpServers, ...apis });
        const assertion = await idJag({ resource: claim });
        assert.equal((await redeem(assertion, { resource: urlOf(first) })).status, 200);
        await refused(world, await redeem(assertion, { resource: urlOf(then) }), 'id_jag_replayed');
      });
    }
  }

  test('several APIs, by name or because there is nothing else: each of them, again and again', async () => {
    for (const resource of [[urlOf('reports'), urlOf('billing')], undefined]) {
      const { redeem, idJag } = await open(apis);
      const assertion = await idJag({ resource });
      for (const id of ['reports', 'billing', 'reports']) {
        const { status, record } = await redeem(assertion, { resource: urlOf(id) });
        assert.equal(status, 200);
        assert.deepEqual(record.loosened, ['replay']);
      }
    }
  });

  test('beside the other switches of the issuer: all that made a difference are on the record', async () => {
    const trust = { replay: 'until_expiry', scope_array: 'accept', unknown_scopes: 'drop' };
    const { redeem, idJag } = await open(apis, trust);
    const { status, record } = await redeem(await idJag({ scope: ['read', 'unheard-of'] }));
    assert.equal(status, 200);
    assert.deepEqual(record.loosened, ['scope_array', 'unknown_scopes', 'replay']);
  });
});
