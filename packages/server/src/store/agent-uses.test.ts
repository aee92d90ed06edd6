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
import type { AuditRow } from './store.ts';

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

test('what was told apart is forgotten where there is too much of it, and then written once more', async (t) => {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  t.after(() => store.close());
  const use = (person: string, ms: number) =>
    ({
      id: `d_${person}_${ms}`,
      kind: 'issuance',
      timeMs: startMs + ms,
      body: '{}',
      person,
      client: 'c',
      server: 's',
    }) as const;
  const write = async (records: readonly AuditRow[]) => {
    await store.commit({ marks: [], records });
    await store.agentUses.catchUp(records.length);
  };
  const lastMs = async () => ((await store.agentUses.of('p'))[0]?.lastMs ?? 0) - startMs;
  await write([use('p', 0)]);
  await write(Array.from({ length: 49_999 }, (_, n) => use(`other ${n}`, 0)));
  await write([use('p', 1000)]);
  assert.equal(await lastMs(), 0);
  await write([use('one more', 0)]);
  await write([use('p', 2000)]);
  assert.equal(await lastMs(), 2000);
});

test('who met nobody, or nothing, used nothing', async (t) => {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  t.after(() => store.close());
  const line = { kind: 'issuance', timeMs: startMs, body: '{}', person: 'p' } as const;
  const records = [
    { ...line, id: 'd_1', client: 'c' },
    { ...line, id: 'd_2', server: 's' },
    { ...line, id: 'd_3', client: 'c', server: 's' },
  ];
  await store.commit({ marks: [], records });
  await store.agentUses.catchUp(10);
  assert.equal((await store.agentUses.of('p')).length, 1);
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
