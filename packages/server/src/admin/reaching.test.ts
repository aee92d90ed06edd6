import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileAccess } from '../policy/compile.ts';
import { parsePolicy } from '../policy/parse.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { firstPlace, givenTo, isOnTheWay, type Reaching, reachingFrom } from './reaching.ts';

const ras = 'https://mcp.acme.example';
const text = `
servers: { wiki: { resource: ${ras}/wiki/mcp, ras: ${ras}, scopes: { read: {} } } }
clients: { code: { redirect_uris: [http://localhost/cb], client_ids: { ${ras}: code } } }
rules: [{ id: some, allow: [read], on: wiki, to: [user:u_a, group:eng] }]
`;

async function open(more = ''): Promise<Reaching> {
  const parsed = parsePolicy(text.replace('}]\n', `}${more}]\n`), 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
  const store = await openSqliteStore(':memory:', { node: 'one' });
  const person = { source: 'local', roles: [], active: true } as const;
  for (const id of ['u_a', 'u_b']) {
    await store.people.save({ ...person, id, name: id, email: `${id}@acme.example`, groups: ['eng'] });
  }
  const server = index.servers.get('wiki');
  assert.ok(server);
  return { store, index, server, now: 1_800_000_000, hidden: undefined };
}

test('a walk goes from one whom rules name to the next, each person once, and ends', async () => {
  const asked = await open();
  const found: string[] = [];
  let place = firstPlace(asked);
  for (let steps = 0; place && steps < 10; steps += 1) {
    const step = await reachingFrom(asked, place, 1);
    found.push(...step.found.map(({ person }) => person.id));
    place = step.next;
  }
  assert.equal(place, undefined);
  assert.deepEqual(found, ['u_a', 'u_b']);
});

test('a walk that stands at whom nothing is given any more goes no further', async () => {
  const asked = await open();
  const place = { subject: 'group:other', after: '' };
  assert.equal(isOnTheWay(asked, place), false);
  await assert.rejects(reachingFrom(asked, place, 1), /nothing is given to group:other any more/);
});

test('where a rule names everybody it is everybody who is walked through, and no group besides', async () => {
  const everybody = await open(', { id: all, allow: [read], on: wiki, to: [everyone] }');
  assert.deepEqual(givenTo(everybody), ['everyone']);
  assert.deepEqual(givenTo(await open()), ['user:u_a', 'group:eng']);
});
