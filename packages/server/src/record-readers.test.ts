import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type AuditRecord, toRow } from './audit/record.ts';
import type { Role } from './config-schema.ts';
import { createLog } from './log.ts';
import { gatherAgentUses, openRecordReaders } from './record-readers.ts';
import { stretchLength } from './store/audit-index.ts';
import { openSqliteStore } from './store/sqlite.ts';

/** A record whose lines are read by somebody and, where it says so, written by others meanwhile. */
function recordOf(lines: number, writtenMeanwhile: number) {
  let waiting = lines;
  let steps = 0;
  const catchUp = async (limit: number) => {
    steps += 1;
    assert.ok(steps < 10, 'it comes to an end');
    const read = Math.min(waiting, limit);
    waiting += writtenMeanwhile - read;
    return read;
  };
  return { agentUses: { catchUp, of: async () => [] }, waiting: () => waiting };
}

test('what agents did is gathered to the end, however much waits', async () => {
  const record = recordOf(2500, 0);
  await gatherAgentUses(record);
  assert.equal(record.waiting(), 0);
});

test('lines that never cease to come do not keep it from an end: the next time is for them', async () => {
  const record = recordOf(2500, 20);
  await gatherAgentUses(record);
  assert.equal(record.waiting(), 20);
});

const issuers = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };
const timeMs = 1_800_000_000_000;
const lines: readonly Partial<AuditRecord>[] = [
  { kind: 'issuance', person: 'u_1', client: 'agent', server: 'files' },
  { kind: 'redemption', idJag: 'forged', issuer: issuers.idp },
  { kind: 'tool_call', accessToken: 'forged' },
  ...Array.from({ length: stretchLength }, () => ({})), // fewer wait for more before they are indexed
];

/** Resolves to what those who read it have made of a record of these lines, where these roles are played. */
async function readBy(roles: readonly Role[]) {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  const orphans: unknown[] = [];
  const log = createLog({ level: 'info', format: 'json' }, { write: (line) => orphans.push(JSON.parse(line).orphan) });
  const [idp, ras] = [{ issuer: issuers.idp }, { issuer: issuers.ras }];
  const parts = { config: { roles: new Set(roles), idp, ras }, edge: { nowMs: () => timeMs }, store, log };
  {
    await using opened = new AsyncDisposableStack();
    openRecordReaders(opened, parts);
    await setTimeout(1500); // they begin with what is written from then on
    const records = lines.map((line, at) =>
      toRow({ v: 2, id: `d_${at}`, kind: 'refusal', domain: 'idp', timeMs, outcome: 'allowed', ...line }),
    );
    await store.commit({ marks: [], records });
    await setTimeout(1500);
  }
  const uses = await store.agentUses.of('u_1');
  const isIndexed = (await store.auditSearch.indexFurther()) === 0;
  await store.close();
  return { orphans, uses: uses.length, isIndexed };
}

describe('the record is read for what the roles need', { concurrency: true, timeout: 10_000 }, () => {
  test('that of both: what was forged, and what acted for people', async () => {
    assert.deepEqual(await readBy(['idp', 'ras']), { orphans: ['id_jag', 'access_token'], uses: 1, isIndexed: true });
  });

  test('that of an authorization server: nobody here has agents, and who issues is elsewhere', async () => {
    assert.deepEqual(await readBy(['ras']), { orphans: ['access_token'], uses: 0, isIndexed: true });
  });
});
