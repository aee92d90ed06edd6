import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Kysely } from 'kysely';
import { agentUseStore } from './agent-uses.ts';
import type { Schema } from './schema.ts';
import { openSqliteStore } from './sqlite.ts';
import { nodeSqliteDialect, StatementCache } from './sqlite-dialect.ts';

const startMs = 1_700_000_000_000;

test('of what is used all the time, one use in a minute is written down', async (t) => {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  t.after(() => store.close());
  const lastAfter = async (ms: number) => {
    const line = { id: `d_${ms}`, kind: 'issuance', timeMs: startMs + ms, body: '{}' } as const;
    await store.commit({ marks: [], records: [{ ...line, person: 'p', client: 'c', server: 's' }] });
    await store.agentUses.catchUp(10);
    const [use] = await store.agentUses.of('p');
    return use && use.lastMs - startMs;
  };
  assert.equal(await lastAfter(0), 0);
  assert.equal(await lastAfter(59_999), 0);
  assert.equal(await lastAfter(60_000), 60_000);
  assert.equal(await lastAfter(61_000), 60_000);
});

test('where there is nothing new, nothing is written', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'credence-agent-uses-')), 'store.db');
  t.after(() => rmSync(join(file, '..'), { recursive: true }));
  const store = await openSqliteStore(file, { node: 'one' });
  const database = new DatabaseSync(file);
  const db = new Kysely<Schema>({ dialect: nodeSqliteDialect(new StatementCache(database)) });
  const write = () => assert.fail('something is written');
  assert.equal(await agentUseStore({ db, write }).catchUp(10), 0);
  database.close();
  await store.close();
});
