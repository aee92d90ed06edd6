import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileAccess } from '../../policy/compile.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { givenServers } from './reach-unused.ts';

const ras = 'https://mcp.acme.example';
const [early, late] = [1_800_000_600, 1_800_001_200];
const dateOf = (seconds: number) => new Date(seconds * 1000).toISOString().replace(/\.\d+Z/, 'Z');
const serverOf = (id: string) => `  ${id}: { resource: ${ras}/${id}/mcp, ras: ${ras}, scopes: { read: {} } }\n`;
const text = `
servers:
${['mail', 'wiki'].map(serverOf).join('')}
clients: { code: { redirect_uris: [http://localhost/cb], client_ids: { ${ras}: code } } }
rules:
  - { id: ends, allow: [read], on: wiki, to: [group:eng], until: ${dateOf(early)} }
  - { id: goes-on, allow: [read], on: mail, to: [group:eng], until: ${dateOf(late)} }
`;

test('what rules give is looked for once, and again in the second in which one of them ends', () => {
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
  const at = (now: number) => givenServers(index, now);
  const first = at(early - 100);
  assert.deepEqual(
    first.map(({ id }) => id),
    ['mail', 'wiki'],
  );
  assert.equal(at(early - 100), first);
  assert.equal(at(early - 1), first);
  const then = at(early);
  assert.deepEqual(
    then.map(({ id }) => id),
    ['mail'],
  );
  assert.equal(at(early), then);
  assert.equal(at(late - 1), then);
  const last = at(late);
  assert.deepEqual(last, []);
  assert.equal(at(late + 1_000_000), last);
  assert.equal(at(early - 100).length, 2, 'and where the clock was put back');
});
