import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { Kysely } from 'kysely';
import { type AuditFilter, type AuditSearchStore, auditSearchStore } from './audit-search.ts';
import { indexAll } from './contract/audit-search.ts';
import type { Schema } from './schema.ts';
import { openSqliteStore } from './sqlite.ts';
import { nodeSqliteDialect, StatementCache } from './sqlite-dialect.ts';
import type { AuditRow, Store } from './store.ts';

const start = 1_700_000_000_000;

function line(at: number): AuditRow {
  const body = { outcome: 'allowed', correlation: `trace-${at}`, scopesGranted: [`scope-${at % 7}`] };
  return { id: `d_${at}`, kind: 'tool_call', timeMs: start + at * 1000, body: JSON.stringify(body), client: 'one' };
}

/** A record of so many lines, in the index or not, and the statements of searches in it. */
async function openRecord(count: number, isIndexed: boolean) {
  const dir = mkdtempSync(join(tmpdir(), 'credence-search-work-'));
  const file = join(dir, 'store.db');
  const store: Store = await openSqliteStore(file, { node: 'one' });
  for (let at = 1; at <= count; at += 1000) {
    const records = Array.from({ length: Math.min(1000, count - at + 1) }, (_, next) => line(at + next));
    await store.commit({ marks: [], records });
    if (isIndexed) await indexAll(store);
  }
  const database = new DatabaseSync(file);
  const statements: { sql: string; parameters: readonly unknown[] }[] = [];
  const db = new Kysely<Schema>({
    dialect: nodeSqliteDialect(new StatementCache(database)),
    log: ({ query: { sql, parameters } }) => {
      statements.push({ sql, parameters });
    },
  });
  const search: AuditSearchStore = auditSearchStore({ db, write: async () => [] });
  /** What it finds, and how many statements read lines, with how many places each. */
  const find = async (filter: AuditFilter, page: { before?: number; limit: number }) => {
    statements.length = 0;
    const { rows, next } = await search.find(filter, page);
    const reading = statements.filter(({ sql }) => sql.startsWith('select * from "audit" '));
    return { found: rows.map(({ id }) => id), next, reads: reading.map(({ parameters }) => parameters.length) };
  };
  const close = async () => {
    database.close();
    await store.close();
    rmSync(dir, { recursive: true });
  };
  return { find, close };
}

describe('a search of what is not in the index', () => {
  let record: Awaited<ReturnType<typeof openRecord>>;
  before(async () => {
    record = await openRecord(10_000, false);
  });
  after(() => record.close());

  test('that finds little ends after a while, and says where to go on', async () => {
    const { found, next, reads } = await record.find({ scope: ['none'] }, { limit: 10 });
    assert.deepEqual(found, []);
    assert.ok(next !== undefined && next > 1 && next < 9000, `${next}`);
    assert.ok(reads.length < 150, `${reads.length} statements`);
    const rest = await record.find({ scope: ['none'] }, { before: next, limit: 10 });
    assert.deepEqual([rest.found, rest.next], [[], undefined]);
  });

  test('lines of which no column fits stay in the store, and whoever else works comes first after each turn', async () => {
    let [turns, isOver] = [0, false];
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const { found, next, reads } = await record.find({ client: ['nobody'] }, { limit: 10 });
    isOver = true;
    assert.deepEqual([found, next, reads.length], [[], undefined, 20]);
    // Four of these statements are as much as is done in one turn.
    assert.equal(turns, 5);
    assert.deepEqual((await record.find({ client: [] }, { limit: 10 })).found, []);
  });

  test('of a time, its first millisecond is in it and its last is not', async () => {
    const [fromMs, toMs] = [start + 9_000_000, start + 9_002_000];
    const { found } = await record.find({ fromMs, toMs }, { limit: 10 });
    assert.deepEqual(found, ['d_9001', 'd_9000']);
  });

  test('reads no further than it has to', async () => {
    const { found, next, reads } = await record.find({ client: ['one'] }, { limit: 3 });
    assert.deepEqual([found, next, reads.length], [['d_10000', 'd_9999', 'd_9998'], 9998, 1]);
  });
});

describe('a search of what is in the index', () => {
  let record: Awaited<ReturnType<typeof openRecord>>;
  before(async () => {
    record = await openRecord(2000, true);
  });
  after(() => record.close());

  test('reads the lines that it shows, and no other', async () => {
    const one = await record.find({ client: ['one'] }, { limit: 1 });
    assert.deepEqual([one.found, one.next, one.reads], [['d_2000'], 2000, [1]]);
    const some = await record.find({ scope: ['scope-3'], client: ['one'] }, { before: 2000, limit: 4 });
    assert.deepEqual(some.found, ['d_1998', 'd_1991', 'd_1984', 'd_1977']);
    assert.deepEqual([some.next, some.reads], [1977, [4]]);
    const many = await record.find({ client: ['one'] }, { limit: 100 });
    assert.deepEqual([many.found.length, many.reads], [100, [64, 64]]);
  });

  test('finds the first line of all, and reads nothing where there is nothing', async () => {
    assert.deepEqual((await record.find({ correlation: ['trace-1'] }, { limit: 5 })).found, ['d_1']);
    const none = await record.find({ correlation: ['trace-0'] }, { limit: 5 });
    assert.deepEqual([none.found, none.next, none.reads], [[], undefined, []]);
  });
});
