import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import { claimsOf, openWorld, partnerIssuer, rasIssuer, refused } from './world.ts';

const urlOf = (id: string) => `${rasIssuer}/${id}/mcp`;

const servers = {
  wiki: { scopes: { 'pages:read': {} }, tools: { '*': 'pages:read' } },
  tickets: {
    scopes: { read: {}, comment: {}, close: { risk: 'high' } },
    authorization_details: { reading: { scope: 'read' }, closing: { scope: 'close' } },
    tools: { '*': 'close' },
  },
  payroll: { scopes: { all: { risk: 'high' } }, tools: { '*': 'all' } },
};

/** A RAS with three servers, and a partner trusted for some of them; what it says is good in every other way. */
async function open(spoken: object | undefined, more: object = {}) {
  const world = await openWorld();
  const keys = { keys: [toPublicJwk(world.keys.partner)] };
  const entry = { keys, accounts: 'create', clients: ['cc-at-ras'], ...(spoken && { servers: spoken }), ...more };
  const document = { servers, clients: { 'cc-at-ras': {} }, trust: { [partnerIssuer]: entry } };
  const ras = openOtherRas(world, JSON.stringify(document));
  const redeem = async (claims: object, fields = {}) => {
    const said = { iss: partnerIssuer, resource: undefined, scope: undefined, ...claims };
    return ras.redeem(await world.idJag(said, {}, world.keys.partner), fields);
  };
  return { world, redeem };
}

const some = { wiki: 'all', tickets: ['read', 'comment'] };

describe('RAS-19, EMA §7.2.1: "Grant = claim scope ∩ requested scope ∩ local policy", of the servers of an issuer', () => {
  const granted: [name: string, spoken: object | undefined, id: string, claims: object, fields: object, is: string][] =
    [
      ['an issuer without a limit: every server', undefined, 'payroll', { scope: 'all' }, {}, 'all'],
      ['a server that is listed with all of its scopes', some, 'wiki', { scope: 'pages:read' }, {}, 'pages:read'],
      ['all of the scopes, high-risk ones too', { payroll: 'all' }, 'payroll', { scope: 'all' }, {}, 'all'],
      ['scopes beyond it are withheld', some, 'tickets', { scope: 'close comment read' }, {}, 'comment read'],
      ['a scope parameter narrows further', some, 'tickets', { scope: 'close read' }, { scope: 'close read' }, 'read'],
      ['without a scope claim the baseline, less what is beyond', { tickets: ['read'] }, 'tickets', {}, {}, 'read'],
    ];
  for (const [name, spoken, id, claims, fields, is] of granted) {
    test(`${name}: ${is}`, async () => {
      const { redeem } = await open(spoken);
      const { status, body } = await redeem({ resource: urlOf(id), ...claims }, fields);
      assert.deepEqual([status, body.scope], [200, is]);
      const token = claimsOf(body.access_token);
      assert.deepEqual([token.aud, token.scope], [urlOf(id), is]);
    });
  }

  const refusals: [name: string, spoken: object, claims: object, fields: object, reason: Refusal][] = [
    ['a server it may not speak for', some, { resource: urlOf('payroll') }, {}, 'issuer_server_not_trusted'],
    [
      'one of two, though the other is asked for',
      some,
      { resource: [urlOf('wiki'), urlOf('payroll')] },
      { resource: urlOf('wiki') },
      'issuer_server_not_trusted',
    ],
    ['a server that nobody has', some, { resource: urlOf('ledger') }, {}, 'id_jag_resource_foreign'],
    ['by the parameter alone', some, {}, { resource: urlOf('payroll') }, 'resource_parameter_refused'],
    ['no server named, where it has several', some, {}, {}, 'id_jag_resource_missing'],
    ['nothing left', some, { resource: urlOf('tickets'), scope: 'close' }, {}, 'scope_not_granted'],
    ['nothing left of the baseline', { tickets: ['close'] }, { resource: urlOf('tickets') }, {}, 'scope_not_granted'],
    [
      'a scope that the server does not have is unknown, not withheld',
      some,
      { resource: urlOf('tickets'), scope: 'read fly' },
      {},
      'id_jag_scope_unknown',
    ],
  ];
  for (const [name, spoken, claims, fields, reason] of refusals) {
    test(`${name}: ${reason}`, async () => {
      const { world, redeem } = await open(spoken);
      const scope = 'scope' in claims ? {} : { scope: undefined };
      await refused(world, await redeem({ ...claims, ...scope }, fields), reason);
    });
  }

  test('what is not its own looks to its clients like what is not there', async () => {
    const { redeem } = await open(some);
    const answers = [await redeem({ resource: urlOf('payroll') }), await redeem({ resource: urlOf('ledger') })];
    const [foreign, unknown] = answers.map(({ status, body, record }) => [
      status,
      body.error,
      String(body.error_description).replace(record.id, 'ID'),
    ]);
    assert.deepEqual(foreign, unknown);
  });

  test('RAS-15: without a resource claim or parameter it is the only one that the issuer has', async () => {
    const { redeem } = await open({ wiki: 'all' });
    const { status, body } = await redeem({});
    assert.deepEqual([status, body.resource], [200, urlOf('wiki')]);
  });

  test('RAS-22: authorization details go with their scope, and are withheld with it', async () => {
    const { redeem } = await open(some);
    const details = [{ type: 'reading' }, { type: 'closing' }];
    const claims = { resource: urlOf('tickets'), scope: 'read close', authorization_details: details };
    const { body } = await redeem(claims);
    assert.deepEqual([body.scope, body.authorization_details], ['read', [{ type: 'reading' }]]);
  });

  test('the switches of older drafts give nothing back', async () => {
    const { world, redeem } = await open(some, { unknown_scopes: 'drop', strict_scope_match: true });
    const resource = urlOf('tickets');
    const { body } = await redeem({ resource, scope: 'read close fly' }, { scope: 'read close' });
    assert.equal(body.scope, 'read');
    await refused(world, await redeem({ resource, scope: 'close fly' }), 'scope_not_granted');
  });

  test('catalogue section 9, replay: an ID-JAG is good until it expires where the issuer may speak for no MCP server', async () => {
    const apis = { reports: { scopes: { read: {} } } };
    const world = await openWorld();
    const keys = { keys: [toPublicJwk(world.keys.partner)] };
    for (const [spoken, statuses] of [
      [{ reports: 'all' }, [200, 200]],
      [{ reports: 'all', wiki: 'all' }, [200, 400]],
    ] as const) {
      const more = { servers: spoken, replay: 'until_expiry' };
      const entry = { keys, accounts: 'create', clients: ['cc-at-ras'], ...more };
      const document = { servers: { ...servers, ...apis }, clients: { 'cc-at-ras': {} } };
      const ras = openOtherRas(world, JSON.stringify({ ...document, trust: { [partnerIssuer]: entry } }));
      const said = { iss: partnerIssuer, resource: undefined, scope: 'read' };
      const assertion = await world.idJag(said, {}, world.keys.partner);
      const fields = { resource: urlOf('reports') };
      const first = await ras.redeem(assertion, fields);
      const again = await ras.redeem(assertion, fields);
      assert.deepEqual([first.status, again.status], statuses);
    }
  });

  test('RAS-28: of tenants each has its own', async () => {
    const speaker = { accounts: 'create', clients: ['cc-at-ras'] };
    const tenants = {
      acme: { ...speaker, servers: { wiki: 'all' } },
      globex: { ...speaker, servers: { payroll: 'all' } },
      initech: speaker,
    };
    const { world, redeem } = await open(undefined, { accounts: undefined, clients: undefined, tenants });
    const claims = { resource: urlOf('payroll'), scope: 'all' };
    await refused(world, await redeem({ ...claims, tenant: 'acme' }), 'issuer_server_not_trusted');
    for (const tenant of ['globex', 'initech']) assert.equal((await redeem({ ...claims, tenant })).status, 200);
  });

  test('no account is made for a subject that gets nothing', async () => {
    const { world, redeem } = await open(some);
    await redeem({ resource: urlOf('payroll'), sub: 'stranger' });
    const key = { issuer: partnerIssuer, tenant: undefined, subject: 'stranger' };
    assert.equal(await world.store.accounts.find(key), undefined);
  });
});
