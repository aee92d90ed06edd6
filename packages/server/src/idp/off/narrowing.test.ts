import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { AccessDocument } from '../../policy/access-document.ts';
import { type AccessIndex, compileAccess } from '../../policy/compile.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { issuerMark } from '../../stops/descent.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { createNarrowing, narrowingPlace } from './narrowing.ts';

const issuer = 'https://id.example';
const [near, far] = ['https://near.example', 'https://far.example'];
const now = 1_800_000_000;

/** A version in which these servers can be reached, through a client that these authorization servers know. */
function versionOf(version: number, servers: readonly ('s' | 't')[], knownAt: readonly string[] = [near, far]) {
  const rules = servers.map((id) => `{ id: ${id}, allow: [a], on: ${id}, to: [group:g] }`);
  const parsed = parsePolicy(
    `
servers:
  s: { resource: ${near}/s, ras: ${near}, scopes: { a: {} } }
  t: { resource: ${far}/t, ras: ${far}, scopes: { a: {} } }
clients: { c: { redirect_uris: [http://localhost/cb], client_ids: { ${knownAt.map((ras) => `${ras}: app`).join(', ')} } } }
rules: [${rules.join(', ')}]`,
    'access',
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document as AccessDocument, { version, localRas: undefined });
}

async function world(t: TestContext, versions: readonly AccessIndex[]) {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  t.after(() => store.close());
  const asked: number[] = [];
  const of = async (version: number) => {
    asked.push(version);
    return versions.find((each) => each.version === version);
  };
  const narrow = createNarrowing({
    issuer,
    ownRas: near,
    store,
    versionOf: of,
    now: () => now,
    nowMs: () => now * 1000,
  });
  return {
    asked,
    narrow,
    place: async () => (await store.stops.shelf.readers()).get(narrowingPlace),
    /** What was stopped, oldest first. */
    stops: async () => (await store.stops.list({ over: true, limit: 9 })).toReversed(),
  };
}

describe('PRV-02: a version that grants less', () => {
  test('the first that is seen is compared with none', async (t) => {
    const first = versionOf(3, ['s']);
    const { narrow, stops, place, asked } = await world(t, [versionOf(2, ['s', 't']), first]);
    await narrow(first);
    assert.deepEqual([await stops(), await place(), asked], [[], 3, []]);
    await narrow(first);
    assert.deepEqual([await place(), asked], [3, []]);
  });

  test('ends what was issued for its servers, once: here by itself, elsewhere by telling', async (t) => {
    const [first, second] = [versionOf(1, ['s', 't']), versionOf(2, [])];
    const { narrow, stops, place } = await world(t, [first, second]);
    await narrow(first);
    await narrow(second);
    await narrow(second);
    const [stop, ...more] = await stops();
    assert.deepEqual([more.length, await place()], [0, 2]);
    assert.equal(stop?.reason, 'version 2 of the access document grants less than version 1');
    assert.deepEqual(
      stop.hits.map(({ at, value, ras, from, cut }) => [at, value, ras, from, cut]),
      [
        ['told', `${near}/s`, near, undefined, true],
        ['ras', `${near}/s`, undefined, issuerMark(issuer), true],
        ['told', `${far}/t`, far, undefined, true],
      ],
    );
  });

  test('ends what a client has that an authorization server no longer knows', async (t) => {
    const [first, second] = [versionOf(1, []), versionOf(2, [], [near])];
    const { narrow, stops } = await world(t, [first, second]);
    await narrow(first);
    await narrow(second);
    const hits = (await stops()).flatMap((stop) => stop.hits.map(({ at, what, value, ras }) => [at, what, value, ras]));
    assert.deepEqual(hits, [['told', 'client', 'app', far]]);
  });

  test('one that grants as much or more ends nothing', async (t) => {
    const versions = [versionOf(1, ['s']), versionOf(2, ['s']), versionOf(3, ['s', 't'])];
    const { narrow, stops, place } = await world(t, versions);
    for (const version of versions) await narrow(version);
    assert.deepEqual([await stops(), await place()], [[], 3]);
  });

  test('each is compared with the one before it, also those that nobody saw; what is gone is passed over', async (t) => {
    const versions = [versionOf(1, ['s']), versionOf(2, ['s', 't']), versionOf(3, ['s']), versionOf(5, [])];
    const later = versionOf(6, []);
    const { narrow, stops, place, asked } = await world(t, versions);
    await narrow(versions[0] as AccessIndex);
    await narrow(later);
    const reasons = (await stops()).map(({ reason }) => reason);
    assert.deepEqual(reasons, ['version 3 of the access document grants less than version 2']);
    assert.equal(await place(), 6);
    assert.ok(
      asked.every((version) => version < 6),
      'the one in force is at hand',
    );
  });
});
