import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PostgresSettings } from '../store-config.ts';
import { verifyChains } from './chain.ts';
import { far, fresh, idJag, row } from './contract/fixtures.ts';
import { usePostgres } from './contract/postgres-databases.ts';
import { readLines, startWriterProcess } from './contract/writer-process.ts';
import { migrations } from './migrate.ts';
import { openPostgresStore } from './postgres.ts';
import { type Store, StoreConflict, type StoredAuditRow, StoreUnavailable } from './store.ts';

const postgres = usePostgres();

describe('PostgreSQL, several nodes', () => {
  const readAll = (store: Store): Promise<readonly StoredAuditRow[]> => store.audit.read(0, 1_000_000);
  const writerFile = fileURLToPath(new URL('postgres.test-writer.ts', import.meta.url));
  const startWriter = (settings: PostgresSettings, ...args: string[]) =>
    startWriterProcess(writerFile, [JSON.stringify(settings), ...args]);
  const withStores = async (
    nodes: readonly string[],
    work: (stores: Store[], settings: PostgresSettings) => Promise<void>,
  ) => {
    const settings = await postgres.fresh();
    const stores = await Promise.all(nodes.map((node) => openPostgresStore(settings, { node })));
    try {
      await work(stores, settings);
    } finally {
      for (const store of stores) await store.close();
    }
  };

  test('that start at once on an empty database: one makes the tables, all find them', async () => {
    await withStores(['a', 'b', 'c', 'd'], async (stores, { database }) => {
      for (const store of stores) assert.equal((await store.commit({ marks: [], records: [row()] })).won, true);
      const steps = await postgres.server().run(database, 'SELECT name FROM kysely_migration ORDER BY name');
      assert.deepEqual(
        steps.map(({ name }) => name),
        Object.keys(migrations).sort(),
      );
    });
  });

  test('two processes at the same marks: each mark is won once, and both chains are whole', async () => {
    await withStores(['reader'], async ([store], settings) => {
      const writers = ['left', 'right'].map((node) => startWriter(settings, node, '200'));
      const lines = (await Promise.all(writers.map((writer) => readLines(writer)))).flat();
      const wins = lines.filter(({ outcome }) => outcome === 'won').map(({ mark }) => mark);
      assert.deepEqual([lines.length, wins.length, new Set(wins).size], [400, 200, 200]);
      const rows = store ? await readAll(store) : [];
      assert.equal(rows.length, 400);
      assert.equal(verifyChains(rows), undefined);
    });
  });

  test('two stores by one name in turn and at once: the chain does not fork', async () => {
    await withStores(['twin', 'twin'], async ([one, two]) => {
      assert.ok(one && two);
      for (let round = 0; round < 5; round++) {
        await Promise.all([one, two, two, one].map((store) => store.commit({ marks: [idJag()], records: [row()] })));
        await one.commit({ marks: [], records: [row(), row()] });
      }
      const rows = await readAll(one);
      assert.equal(rows.length, 30);
      assert.equal(verifyChains(rows), undefined);
    });
  });

  test('who reads the record from a position onward misses no line, however many write', async () => {
    await withStores(['a', 'b', 'c'], async (stores) => {
      const ids: string[] = [];
      let writing = true;
      const writers = stores.map(async (store) => {
        for (let at = 0; at < 60; at++) {
          const record = row();
          await store.commit({ marks: at % 3 ? [idJag()] : [], records: [record] });
          ids.push(record.id);
        }
      });
      const seen: string[] = [];
      let position = 0;
      const read = async () => {
        const rows = (await stores[0]?.audit.read(position, 1000)) ?? [];
        seen.push(...rows.map(({ id }) => id));
        position = rows.at(-1)?.position ?? position;
      };
      const reader = (async () => {
        while (writing) await read();
      })();
      await Promise.all(writers);
      writing = false;
      await reader;
      await read();
      assert.deepEqual(seen.toSorted(), ids.toSorted());
    });
  });

  test('kill -9 during bursts loses nothing that was reported, and breaks no chain', async () => {
    await withStores(['reader'], async ([store], settings) => {
      assert.ok(store);
      for (const round of [1, 2]) {
        const writer = startWriter(settings, `killed-${round}`);
        const lines = await readLines(writer, 100 * round, () => writer.kill('SIGKILL'));
        assert.equal(writer.signalCode ?? (await once(writer, 'exit'))[1], 'SIGKILL');
        for (const { id } of lines) assert.ok(await store.audit.find(id), id);
        assert.equal(verifyChains(await readAll(store)), undefined);
      }
    });
  });

  test('a change to somebody is seen by every node from the next question on', async () => {
    await withStores(['a', 'b'], async ([here, there]) => {
      assert.ok(here && there);
      const person = { id: 'u_1', source: 'local', email: 'e@acme.example', name: 'E', groups: ['g'], roles: [] };
      await here.people.save({ ...person, active: true });
      for (const active of [true, false, true]) {
        await here.people.save({ ...person, active });
        assert.equal((await there.people.find('u_1'))?.active, active);
        assert.equal((await there.people.find('u_1'))?.active, active);
      }
    });
  });
});
describe('PostgreSQL, when things go wrong', () => {
  let settings: PostgresSettings;
  let store: Store;
  before(async () => {
    settings = await postgres.fresh();
    store = await openPostgresStore(settings, { node: 'one' });
  });
  after(() => store.close());
  const commit = (id = fresh('line')) => store.commit({ marks: [idJag()], records: [row({ id })] });

  test('the server is gone: every commit and read fails closed; it is back: they succeed, and nothing is lost', async () => {
    const kept = fresh('kept');
    await commit(kept);
    for (const how of ['immediate', 'fast'] as const) {
      await postgres.server().stop(how);
      const failed = fresh('failed');
      const outcomes = await Promise.allSettled([
        commit(failed),
        commit(),
        store.people.find('u'),
        store.people.list('', 1),
        store.changeSequence(),
        store.artifacts.upsert('Grant', 'g', {}, far),
        store.isMarked('token_revoked', 'x'),
      ]);
      for (const outcome of outcomes) {
        assert.ok(outcome.status === 'rejected' && outcome.reason instanceof StoreUnavailable, String(outcome));
      }
      await postgres.server().start();
      assert.deepEqual(await commit(), { won: true });
      assert.equal(await store.audit.find(failed), undefined);
      assert.ok(await store.audit.find(kept));
      assert.equal(verifyChains(await store.audit.read(0, 1_000_000)), undefined);
    }
  });

  test('connections are cut in the middle of work: what was answered is there, and the chain is whole', async () => {
    const answered: string[] = [];
    let cutting = true;
    const cutter = (async () => {
      while (cutting) {
        await postgres
          .server()
          .run('postgres', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, [
            settings.database,
          ]);
        await wait(15);
      }
    })();
    for (let at = 0; at < 60; at++) {
      const ids = [fresh('cut'), fresh('cut')];
      const outcomes = await Promise.allSettled(ids.map((id) => commit(id)));
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.status === 'fulfilled') answered.push(ids[index] ?? '');
        else assert.ok(outcome.reason instanceof StoreUnavailable, String(outcome.reason));
      }
    }
    cutting = false;
    await cutter;
    assert.ok(answered.length > 0);
    for (const id of answered) assert.ok(await store.audit.find(id), id);
    assert.equal(verifyChains(await store.audit.read(0, 1_000_000)), undefined);
  });

  test('somebody holds the turn to append: commits are given up in time, and later ones succeed', async () => {
    const held = postgres
      .server()
      .run(
        settings.database,
        `DO $$ BEGIN PERFORM 1 FROM turns WHERE name = 'audit' FOR UPDATE; PERFORM pg_sleep(3); END $$`,
      );
    await wait(100);
    const mark = idJag();
    await assert.rejects(store.commit({ marks: [mark], records: [row()] }), StoreUnavailable);
    // Changes without a line in the record do not wait for it.
    await store.artifacts.upsert('Grant', fresh('g'), {}, far);
    await held;
    assert.deepEqual(await store.commit({ marks: [mark], records: [row()] }), { won: true });
  });

  test('text that PostgreSQL cannot keep is not found, not saved, and keeps nothing off the record', async () => {
    assert.equal(await store.people.find('u\0'), undefined);
    assert.equal(await store.people.findByEmail('u\0@acme.example'), undefined);
    assert.equal(await store.artifacts.find('Grant', '\0'), undefined);
    await assert.rejects(
      store.people.save({ ...nobody, id: 'u_nul', email: 'a@b.example', name: 'a\0b' }),
      StoreConflict,
    );
    const line = row({ client: 'a\0b', person: 'u_1', body: JSON.stringify({ client: 'a\0b' }) });
    await store.commit({ marks: [], records: [line] });
    const found = await store.audit.find(line.id);
    assert.deepEqual([found?.client, found?.person, found?.body], [undefined, 'u_1', line.body]);
  });

  test('the record and the policy versions refuse to be changed, by whomever', async () => {
    await commit();
    for (const table of ['audit', 'policies']) {
      for (const statement of [`DELETE FROM ${table}`, `UPDATE ${table} SET digest = ''`, `TRUNCATE ${table}`]) {
        const named = table === 'audit' ? statement.replace('digest', 'hash') : statement;
        await assert.rejects(postgres.server().run(settings.database, named), /append-only/);
      }
    }
  });
});

const nobody = { source: 'local', active: true, groups: [], roles: [] };
