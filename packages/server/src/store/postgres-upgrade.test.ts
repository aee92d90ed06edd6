import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { Problem } from '../problem.ts';
import { far, fresh, idJag, row, subjectKey } from './contract/fixtures.ts';
import { usePostgres } from './contract/postgres-databases.ts';
import { migrations } from './migrate.ts';
import { openPostgresStore, upgradePostgres } from './postgres.ts';
import type { SchemaStep } from './schema-steps.ts';
import { StoreUnavailable } from './store.ts';

const postgres = usePostgres();
const latest = Object.keys(migrations).sort().at(-1) ?? '';
const all = migrations as Record<string, SchemaStep>;
/** Adds a column to every table that is read by statements that are prepared. */
const up = async (db: Kysely<unknown>) => {
  for (const table of ['accounts', 'people', 'artifacts', 'audit', 'marks', 'cut_offs']) {
    await sql`ALTER TABLE ${sql.table(table)} ADD COLUMN later text`.execute(db);
  }
};
/** What a version with one step more does. */
const asLaterVersion = async <T>(step: Omit<SchemaStep, 'up'>, work: () => Promise<T>): Promise<T> => {
  all['9000-later'] = { up, ...step };
  try {
    return await work();
  } finally {
    delete all['9000-later'];
  }
};
after(() => delete all['9000-later']);

describe('PostgreSQL, tables of the next version', () => {
  test('that only add: the old node goes on, on connections it has and on new ones, and another may start', async () => {
    const settings = await postgres.fresh();
    const old = await openPostgresStore(settings, { node: 'old' });
    const use = async () => {
      assert.equal((await old.commit({ marks: [idJag()], records: [row()] })).won, true);
      await old.accounts.find(subjectKey());
      await old.people.find(fresh('u'));
      await old.artifacts.upsert('Grant', fresh('g'), {}, far);
    };
    for (let at = 0; at < 5; at++) await use();
    const steps = await asLaterVersion({ livesBeside: latest }, () => upgradePostgres(settings));
    assert.deepEqual(steps, ['9000-later']);
    for (let at = 0; at < 5; at++) await use();
    const another = await openPostgresStore(settings, { node: 'another' });
    assert.deepEqual(await upgradePostgres(settings), []);
    await Promise.all([old.close(), another.close()]);
  });

  test('that change what it uses: not while an old node is at work; and one that comes back finds out', async () => {
    const settings = await postgres.fresh();
    const old = await openPostgresStore(settings, { node: 'old' });
    const upgrade = () => asLaterVersion({}, () => upgradePostgres(settings));
    await assert.rejects(upgrade(), (error: Problem) => {
      assert.ok(error instanceof Problem, String(error));
      return error.message.includes(`credence ${latest}`);
    });
    await old.commit({ marks: [], records: [row()] });
    // As if its connections were gone for just that moment.
    await postgres
      .server()
      .run(settings.database, `INSERT INTO kysely_migration (name, timestamp) VALUES ('9000-later', '')`);
    await postgres
      .server()
      .run('postgres', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
        settings.database,
      ]);
    for (let at = 0; at < 3; at++) {
      await assert.rejects(old.commit({ marks: [], records: [row()] }), StoreUnavailable);
      await assert.rejects(old.lossSequence(), StoreUnavailable);
    }
    await old.close();
    await assert.rejects(openPostgresStore(settings, { node: 'old' }), /newer version of credence/);
  });

  test('a login that may only read the names of others sees them too', async () => {
    const settings = await postgres.withRoles('idp', 'ras', 'gateway');
    const node = await openPostgresStore(settings, { node: 'one' });
    const owner = { ...settings, user: 'postgres' };
    await assert.rejects(
      asLaterVersion({}, () => upgradePostgres(owner)),
      /Nodes of an older version/,
    );
    await node.close();
    assert.deepEqual(await asLaterVersion({}, () => upgradePostgres(owner)), ['9000-later']);
  });
});
