import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import { type Fields, idpIssuer, openWorld, partnerIssuer, refused, type World } from './world.ts';

const scopes = { 'issues:read': {}, 'issues:write': {} };
const asServer = { client_id: 'server:tracker', client_secret: 'server:tracker-secret' };

/** What the document says of an issuer. */
const speaker = (world: World, more: object = {}) => ({
  keys: { keys: [world.keys.idJag, world.keys.partner].map(toPublicJwk) },
  accounts: 'create',
  clients: ['cc-at-ras', 'vs-at-ras'],
  ...more,
});

/** A document in which nothing is missing that a token of `cc-at-ras` for the tracker rests on. */
const complete = (world: World) => ({
  servers: { tracker: { scopes }, wiki: { scopes: { 'pages:read': {} } } },
  clients: { 'cc-at-ras': {}, 'vs-at-ras': {} },
  trust: { [idpIssuer]: speaker(world) },
});

/** Introspects under another document a token that was given under this one. */
async function afterwards(
  world: World,
  { said = {}, given, now }: { said?: object; given: object; now: object },
  caller: Fields = {},
) {
  const before = openOtherRas(world, JSON.stringify(given));
  const { status, body } = await before.redeem(await world.idJag(said));
  assert.equal(status, 200, JSON.stringify(body));
  const token = String(body.access_token);
  assert.equal((await before.introspect(token)).body.active, true);
  const answer = await openOtherRas(world, JSON.stringify(now)).introspect(token, caller);
  assert.equal(answer.status, 200);
  if (!answer.body.active) assert.deepEqual(answer.body, { active: false });
  return answer.body.active;
}

describe('RAS-38, RFC 7662: a token stands only while its server and its client are in the resource document', () => {
  test('the server is gone: {"active":false} alone', async () => {
    const world = await openWorld();
    const given = complete(world);
    const { wiki } = given.servers;
    assert.equal(await afterwards(world, { given, now: { ...given, servers: { wiki } } }), false);
  });

  test('the client is gone: {"active":false} alone', async () => {
    const world = await openWorld();
    const given = complete(world);
    const now = {
      ...given,
      clients: { 'vs-at-ras': {} },
      trust: { [idpIssuer]: speaker(world, { clients: ['vs-at-ras'] }) },
    };
    assert.equal(await afterwards(world, { given, now }, asServer), false);
  });
});

describe('T10, RAS-19: a token stands only while the issuer that spoke for it is trusted for what it says', () => {
  const trusts: [name: string, trust: (world: World) => object, active: boolean][] = [
    ['it is trusted as before', (world) => ({ [idpIssuer]: speaker(world) }), true],
    ['it is trusted with other keys', (world) => ({ [idpIssuer]: speaker(world, { keys: 'discovery' }) }), true],
    ['it is trusted no longer', () => ({}), false],
    ['another is trusted', (world) => ({ [partnerIssuer]: speaker(world) }), false],
    [
      'it speaks for the client no longer',
      (world) => ({ [idpIssuer]: speaker(world, { clients: ['vs-at-ras'] }) }),
      false,
    ],
    [
      'it may give all of the server',
      (world) => ({ [idpIssuer]: speaker(world, { servers: { tracker: 'all' } }) }),
      true,
    ],
    [
      'it may give these scopes',
      (world) => ({ [idpIssuer]: speaker(world, { servers: { tracker: Object.keys(scopes) } }) }),
      true,
    ],
    [
      'it may give some of the scopes',
      (world) => ({ [idpIssuer]: speaker(world, { servers: { tracker: ['issues:read'] } }) }),
      false,
    ],
    [
      'it may speak for another server',
      (world) => ({ [idpIssuer]: speaker(world, { servers: { wiki: 'all' } }) }),
      false,
    ],
    [
      'it has tenants, and said none',
      (world) => ({ [idpIssuer]: { keys: 'discovery', tenants: { acme: { ...speaker(world), keys: undefined } } } }),
      false,
    ],
  ];
  for (const [name, trust, active] of trusts) {
    test(`${name}: ${active ? 'active' : '{"active":false} alone'}`, async () => {
      const world = await openWorld();
      const given = complete(world);
      assert.equal(await afterwards(world, { given, now: { ...given, trust: trust(world) } }), active);
    });
  }

  const tenants: [name: string, now: (of: (...names: string[]) => object, world: World) => object, active: boolean][] =
    [
      ['its tenant is there', (of) => of('acme', 'globex'), true],
      ['its tenant is gone', (of) => of('globex'), false],
      ['the issuer has no tenants any more', (_, world) => speaker(world), false],
    ];
  for (const [name, now, active] of tenants) {
    test(`RAS-28: ${name}: ${active ? 'active' : '{"active":false} alone'}`, async () => {
      const world = await openWorld();
      const { keys, ...tenant } = speaker(world);
      const of = (...names: string[]) => ({ keys, tenants: Object.fromEntries(names.map((each) => [each, tenant])) });
      const toDocument = (entry: object) => ({ ...complete(world), trust: { [idpIssuer]: entry } });
      const given = toDocument(of('acme', 'globex'));
      const said = { tenant: 'acme' };
      assert.equal(await afterwards(world, { said, given, now: toDocument(now(of, world)) }), active);
    });
  }
});

test('RAS-37: a revocation that names no token: missing_parameter', async () => {
  const world = await openWorld();
  const answer = await world.ask('revoke', { client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret' });
  await refused(world, answer, 'missing_parameter');
});
