import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Problem } from '../problem.ts';
import type { PostgresSettings } from '../store-config.ts';
import { verifyChains } from './chain.ts';
import { fresh, idJag, row } from './contract/fixtures.ts';
import { type PostgresServer, startPostgres } from './contract/postgres-server.ts';
import { startProxy, type TestProxy } from './contract/proxy.ts';
import { openPostgresStore, type PostgresStore } from './postgres.ts';
import { type Mark, StoreUnavailable } from './store.ts';

// T22: a primary, a standby that follows it by streaming replication, and a node that reaches whichever of them is the one
// written to under one name, as behind a virtual address.

describe('T22: a standby takes over', () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  /** What the node connects to, and what the standby does. */
  let name: TestProxy;
  let replication: TestProxy;
  let settings: PostgresSettings;
  let store: PostgresStore;

  const begin = async (synchronous: boolean) => {
    primary = await startPostgres();
    const { database } = await primary.createDatabase('credence');
    [name, replication] = [await startProxy(primary.port), await startProxy(primary.port)];
    standby = await startPostgres({ standbyOf: { primary, through: replication.port } });
    if (synchronous) await setNames(primary, 'standby');
    const through = { host: '127.0.0.1', port: name.port, database, user: 'postgres', tls: undefined, maxReaders: 4 };
    settings = { ...through, passwordFile: primary.passwordFile, standby: synchronous ? 'require' : 'warn' };
    store = await openPostgresStore(settings, { node: 'one' });
  };
  const end = async () => {
    await store.close();
    await Promise.all([name.close(), replication.close()]);
    await Promise.all([primary.close(), standby.close()]);
  };
  /** The primary is gone, the standby is written to, and the name leads there. */
  const failOver = async () => {
    name.be('cut');
    await primary.stop('immediate');
    await standby.promote();
    name.pointTo(standby.port);
    name.be('open');
  };
  const commit = (mark: Mark, id = fresh('line')) => store.commit({ marks: [mark], records: [row({ id })] });
  const noticed = async () => {
    await store.lossSequence().catch(() => undefined);
    return store.hasForgotten();
  };
  const isAway = (error: unknown) => error instanceof StoreUnavailable;

  describe('that every commit waited for', () => {
    before(() => begin(true));
    after(end);

    test('no standby, no answer; what was answered is there after it took over, and no mark is won again', async () => {
      assert.deepEqual(await store.findRisks(), []);
      const answered: { mark: Mark; id: string }[] = [];
      const take = async () => {
        const [mark, id] = [idJag(), fresh('kept')];
        await commit(mark, id);
        answered.push({ mark, id });
      };
      for (let at = 0; at < 20; at++) await take();
      replication.be('silent');
      const lost = await Promise.allSettled([take(), take(), store.proveWritable()]);
      for (const outcome of lost) assert.ok(outcome.status === 'rejected' && isAway(outcome.reason), String(outcome));
      assert.equal(answered.length, 20);

      await failOver();
      // Nobody confirms what the new one writes: until somebody does it is not used.
      await assert.rejects(
        until(() => commit(idJag()), 1500),
        isAway,
      );
      await assert.rejects(openPostgresStore(settings, { node: 'two' }), (error: Problem) => {
        assert.ok(error instanceof Problem);
        return /store\.standby is require.*synchronous_standby_names/.test(error.message);
      });
      await setNames(standby, '');
      const copy = standby.copy('another');
      try {
        await setNames(standby, 'another');
        await until(() => commit(idJag()), 15_000);
        for (const { mark, id } of answered) {
          assert.ok(await store.audit.find(id), id);
          assert.deepEqual(await commit(mark), { won: false, lost: mark });
        }
        assert.equal(verifyChains(await store.audit.read(0, 1_000_000)), undefined);
      } finally {
        await copy.stop();
      }
    });
  });

  describe('that no commit waited for, and that lagged behind', () => {
    before(() => begin(false));
    after(end);

    test('is warned of; the node notices, and answers nobody until a new epoch has begun; its chains are whole', async () => {
      assert.match((await store.findRisks())[0] ?? '', /no standby is synchronous/);
      const [early, late] = [idJag(), idJag()];
      await commit(early, 'early');
      await caughtUp(primary);
      replication.be('silent');
      await commit(late, 'late');
      await failOver();
      await until(async () => assert.equal(await noticed(), true), 15_000);
      for (const work of [() => commit(late), () => store.audit.find('early'), () => store.proveWritable()]) {
        await assert.rejects(work(), isAway);
      }
      store.goOn();
      await until(() => commit(idJag()), 15_000);
      assert.deepEqual(await commit(early), { won: false, lost: early });
      assert.ok(await store.audit.find('early'));
      assert.equal(await store.audit.find('late'), undefined);
      assert.deepEqual(await commit(late), { won: true }, 'why there has to be a new epoch');
      const chains = new Set((await store.audit.read(0, 1000)).map(({ node }) => node));
      assert.deepEqual([...chains], ['one', 'one-again1'], 'no line is written under a number that was given before');
      assert.equal(verifyChains(await store.audit.read(0, 1_000_000)), undefined);
    });
  });
});

describe('T22: an administrator cuts the wait for the standby short', () => {
  let server: PostgresServer;
  let store: PostgresStore;
  before(async () => {
    server = await startPostgres();
    store = await openPostgresStore(await server.createDatabase('credence'), { node: 'one' });
  });
  after(async () => {
    await store.close();
    await server.close();
  });

  test('the server calls that a success, with a warning; for us nothing is known of it', async () => {
    assert.equal((await store.commit({ marks: [], records: [row()] })).won, true);
    await setNames(server, 'nobody');
    const waiting = assert.rejects(store.commit({ marks: [idJag()], records: [row()] }), (error: Error) => {
      assert.ok(error instanceof StoreUnavailable);
      return /confirmed by its standby/.test(error.message);
    });
    for (let cancelled = 0; cancelled === 0; await wait(50)) {
      const rows = await server.run(
        'credence',
        `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
      );
      cancelled = rows.length;
    }
    await waiting;
    assert.match((await store.findRisks())[0] ?? '', /nothing can be committed/);
    await setNames(server, '');
    await until(() => store.commit({ marks: [], records: [row()] }), 10_000);
  });

  test('who may not see more is told so', async () => {
    await setNames(server, '');
    await server.run('credence', `CREATE ROLE plain LOGIN PASSWORD 'a password of the tests'`);
    await server.run('credence', 'GRANT ALL ON ALL TABLES IN SCHEMA public TO plain');
    const settings = { host: '127.0.0.1', port: server.port, database: 'credence', user: 'plain', tls: undefined };
    const plain = await openPostgresStore(
      { ...settings, passwordFile: server.passwordFile, maxReaders: 2, standby: 'warn' },
      { node: 'two' },
    );
    const copy = server.copy('archive');
    try {
      await setNames(server, 'archive');
      await until(async () => assert.match((await plain.findRisks())[0] ?? '', /GRANT pg_monitor/), 5000);
      await until(async () => assert.deepEqual(await store.findRisks(), []), 5000);
      await server.run('credence', 'GRANT pg_monitor TO plain');
      await until(async () => assert.deepEqual(await plain.findRisks(), []), 5000);
    } finally {
      await setNames(server, '');
      await copy.stop();
      await plain.close();
    }
  });
});

async function setNames(server: PostgresServer, names: string): Promise<void> {
  await server.run('postgres', `ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
  await server.run('postgres', 'SELECT pg_reload_conf()');
  await until(async () => {
    const [row] = await server.run('postgres', 'SHOW synchronous_standby_names');
    assert.equal(row?.synchronous_standby_names, names);
  }, 5000);
}

/** Until the standby has everything. */
async function caughtUp(primary: PostgresServer): Promise<void> {
  await until(async () => {
    const [row] = await primary.run(
      'postgres',
      'SELECT bool_and(flush_lsn >= pg_current_wal_flush_lsn()) AS so FROM pg_stat_replication',
    );
    assert.equal(row?.so, true);
  }, 10_000);
}

/** Tries until it succeeds; in the end it fails as it did. */
async function until<T>(work: () => Promise<T>, milliseconds: number): Promise<T> {
  const end = performance.now() + milliseconds;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > end) throw error;
      await wait(50);
    }
  }
}
