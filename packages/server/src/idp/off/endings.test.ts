import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { AccessDocument } from '../../policy/access-document.ts';
import { compileAccess } from '../../policy/compile.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { createEndings } from './endings.ts';

const start = 1_800_000_000;
const toText = (second: number) => new Date(second * 1000).toISOString();
const parsed = parsePolicy(
  `
servers:
  s: { resource: https://mcp.example/s, ras: https://mcp.example, scopes: { a: {} } }
  t: { resource: https://mcp.example/t, ras: https://mcp.example, scopes: { a: {} } }
clients: { c: { redirect_uris: [http://localhost/cb], client_ids: { https://mcp.example: c } } }
rules:
  - { id: soon, allow: [a], on: s, to: [group:g], until: "${toText(start + 60)}" }
  - { id: later, allow: [a], on: t, to: [group:g], until: "${toText(start + 120)}" }`,
  'access',
);
assert.ok(parsed.ok);
const index = compileAccess(parsed.document as AccessDocument, { version: 3, localRas: undefined });

async function world() {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  after(() => store.close());
  const clock = { now: start };
  let reads = 0;
  const readers = store.stops.shelf.readers;
  Object.assign(store.stops.shelf, {
    readers: () => {
      reads += 1;
      return readers();
    },
  });
  const now = () => clock.now;
  const node = () => createEndings({ issuer: 'https://idp.example', store, now, nowMs: () => clock.now * 1000 });
  const ended = async () => (await store.stops.list({ over: true, limit: 9 })).map(({ target }) => target).toSorted();
  return { clock, node, ended, reads: () => reads };
}

describe('rules that allow until a time', () => {
  test('each ends in its second, once, by whichever node comes first', async () => {
    const { clock, node, ended } = await world();
    const [one, other] = [node(), node()];
    const look = () => Promise.all([one(index)]).then(() => other(index));
    await look();
    clock.now = start + 59;
    await look();
    assert.deepEqual(await ended(), []);
    clock.now = start + 60;
    await look();
    assert.deepEqual(await ended(), ['soon'], 'the other has seen that it was done');
    clock.now = start + 3600;
    await look();
    await node()(index);
    assert.deepEqual(await ended(), ['later', 'soon'], 'and so has one that starts');
  });

  test('while nothing is due the store is not asked', async () => {
    const { node, reads } = await world();
    const one = node();
    for (let round = 0; round < 5; round += 1) await one(index);
    assert.equal(reads(), 1);
    await node()({ ...index, endings: undefined });
    assert.equal(reads(), 1);
  });
});
