import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { Kysely } from 'kysely';
import type { Engine } from './engine.ts';
import type { Schema } from './schema.ts';
import { openSqliteStore } from './sqlite.ts';
import { nodeSqliteDialect, StatementCache } from './sqlite-dialect.ts';
import { sweep } from './sweep.ts';

const day = 86_400;

describe('what is too old is removed once a day', () => {
  test('and again at the next occasion where it failed on the way, never twice at once', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'credence-sweep-'));
    t.after(() => rmSync(dir, { recursive: true }));
    await (await openSqliteStore(join(dir, 'store.db'), { node: 'one' })).close();
    const database = new DatabaseSync(join(dir, 'store.db'));
    t.after(() => database.close());
    const use = database.prepare("INSERT INTO agent_uses VALUES ('u_1', 'code', ?, 0, ?)");
    const [old, young] = [3 * day * 1000, 900 * day * 1000];
    use.run('wiki', old);
    use.run('tracker', young);
    const db = new Kysely<Schema>({ dialect: nodeSqliteDialect(new StatementCache(database)) });
    let [isAway, writes] = [true, 0];
    const write: Engine['write'] = async ({ steps }) => {
      writes += 1;
      await Promise.resolve();
      if (isAway && writes === 2) throw new Error('the store is away');
      for (const step of steps) await db.executeQuery(step.compile());
      return [];
    };
    const engine = { db, write };
    const left = () => database.prepare('SELECT count(*) AS lines FROM agent_uses').get()?.lines;

    await assert.rejects(sweep(engine, 500 * day), /away/);
    isAway = false;
    const done = writes;
    use.run('files', old);
    await Promise.all([sweep(engine, 500 * day + 60), sweep(engine, 500 * day + 60)]);
    const once = writes - done;
    assert.equal(left(), 1, 'what is young stays');
    await sweep(engine, 500 * day + 3600);
    assert.equal(writes - done, once, 'through for today');
    use.run('files', old);
    await sweep(engine, 501 * day);
    assert.equal(left(), 1);
    assert.equal(writes - done, 2 * once, 'of two at once one went through it');
  });
});
