import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Problem } from '../problem.ts';
import type { PostgresSettings } from '../store-config.ts';
import { createDevelopmentTls } from '../tls/development-ca.ts';
import { verifyChains } from './chain.ts';
import { far, fresh, idJag, row } from './contract/fixtures.ts';
import { type PostgresServer, startPostgres } from './contract/postgres-server.ts';
import { readLines, startWriterProcess } from './contract/writer-process.ts';
import { migrations } from './migrate.ts';
import { openPostgresStore, upgradePostgres } from './postgres.ts';
import { unfitness } from './postgres-connection.ts';
import { databaseRoles, toRolesSql } from './postgres-roles.ts';
import { storeContract } from './store.contract.ts';
import { type Store, StoreConflict, type StoredAuditRow, StoreUnavailable } from './store.ts';

let server: PostgresServer;
let databases = 0;
before(async () => {
  server = await startPostgres();
});
after(() => server.close());
const freshDatabase = () => server.createDatabase(`test_${++databases}`);

/** A database whose tables are there, and a login that has some of the roles and owns nothing. */
async function databaseWithRoles(...roles: string[]): Promise<PostgresSettings> {
  const settings = await freshDatabase();
  await upgradePostgres(settings);
  await server.run(settings.database, toRolesSql());
  const user = `login_${databases}`;
  await server.run('postgres', `CREATE ROLE ${user} LOGIN PASSWORD 'a password of the tests'`);
  for (const role of roles) await server.run('postgres', `GRANT credence_${role} TO ${user}`);
  return { ...settings, user };
}

/** The contract: as a database comes, where it gives up transactions for each other's sake, and with no more than the roles. */
const waysIn: [name: string, open: () => Promise<PostgresSettings>][] = [
  ['', freshDatabase],
  [
    ', serializable by default',
    async () => {
      const settings = await freshDatabase();
      const { database } = settings;
      await server.run(database, `ALTER DATABASE ${database} SET default_transaction_isolation = 'serializable'`);
      return settings;
    },
  ],
  [', as a login that has the roles', () => databaseWithRoles(...databaseRoles)],
];
for (const [name, open] of waysIn) {
  storeContract(`PostgreSQL${name}`, async () => {
    const settings = await open();
    let store = await openPostgresStore(settings, { node: 'one' });
    const others: Store[] = [];
    return {
      store,
      another: async () => {
        const other = await openPostgresStore(settings, { node: `other-${others.length}` });
        others.push(other);
        return other;
      },
      reopen: async () => {
        await store.close();
        store = await openPostgresStore(settings, { node: 'one' });
        return store;
      },
      close: async () => {
        for (const one of [store, ...others]) await one.close();
      },
    };
  });
}

describe('PostgreSQL, several nodes', () => {
  const readAll = (store: Store): Promise<readonly StoredAuditRow[]> => store.audit.read(0, 1_000_000);
  const writerFile = fileURLToPath(new URL('postgres.test-writer.ts', import.meta.url));
  const startWriter = (settings: PostgresSettings, ...args: string[]) =>
    startWriterProcess(writerFile, [JSON.stringify(settings), ...args]);
  const withStores = async (
    nodes: readonly string[],
    work: (stores: Store[], settings: PostgresSettings) => Promise<void>,
  ) => {
    const settings = await freshDatabase();
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
      const steps = await server.run(database, 'SELECT name FROM kysely_migration ORDER BY name');
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
    settings = await freshDatabase();
    store = await openPostgresStore(settings, { node: 'one' });
  });
  after(() => store.close());
  const commit = (id = fresh('line')) => store.commit({ marks: [idJag()], records: [row({ id })] });

  test('the server is gone: every commit and read fails closed; it is back: they succeed, and nothing is lost', async () => {
    const kept = fresh('kept');
    await commit(kept);
    for (const how of ['immediate', 'fast'] as const) {
      await server.stop(how);
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
      await server.start();
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
        await server.run('postgres', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, [
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
    const held = server.run(
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
        await assert.rejects(server.run(settings.database, named), /append-only/);
      }
    }
  });
});

describe('PostgreSQL, a login for each part', () => {
  const open = async (...roles: string[]) => {
    const settings = await databaseWithRoles(...roles);
    const passwordFile = settings.passwordFile ?? '';
    const password = readFileSync(passwordFile, 'utf8').trim();
    const run = async (text: string) => {
      const { user, database, port, host } = settings;
      const client = new pg.Client({ user, database, port, host, password });
      await client.connect();
      return client.query(text).finally(() => client.end());
    };
    return { store: await openPostgresStore(settings, { node: 'one' }), run };
  };

  test('every table has its rights stated, and every role stands in the SQL twice over without an error', async () => {
    const { database } = await databaseWithRoles('idp');
    await server.run(database, toRolesSql());
    const tables = await server.run(
      database,
      `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    assert.ok(tables.length > 20);
    for (const { table_name } of tables)
      assert.match(toRolesSql(), new RegExp(`REVOKE ALL ON ${table_name} FROM PUBLIC`));
  });

  test('a node: its record and its marks stand, whatever it does; it makes nobody an administrator, and changes no table', async () => {
    const { store, run } = await open('idp', 'ras', 'gateway');
    const mark = idJag('over', 1);
    await store.commit({ marks: [mark], records: [row()] });
    for (const statement of [
      'DELETE FROM audit',
      `UPDATE audit SET body = '{}'`,
      'TRUNCATE audit',
      'DELETE FROM marks',
      'UPDATE marks SET until = 0',
      'TRUNCATE marks',
      `UPDATE policies SET document = '{}'`,
      'DELETE FROM policies',
      `INSERT INTO administrators (person_id, role, granted_at) VALUES ('u', 'owner', 0)`,
      `INSERT INTO client_secrets (domain, client_id, secret_hash, created_at) VALUES ('ras', 'c', 'h', 0)`,
      'ALTER TABLE audit DISABLE TRIGGER ALL',
      'DROP TABLE audit',
      'CREATE TABLE more (id int)',
    ]) {
      await assert.rejects(run(statement), /permission denied|must be owner/, statement);
    }
    // Removing what has expired is for who has that role.
    await store.purge(far);
    assert.deepEqual(await store.commit({ marks: [mark], records: [] }), { won: false, lost: mark });
    await store.close();
  });

  const apart: [role: string, mine: string, others: string[]][] = [
    ['idp', 'people', ['accounts', 'cut_offs']],
    ['ras', 'accounts', ['people', 'factors', 'artifacts', 'memberships']],
    ['gateway', 'cut_offs', ['people', 'factors', 'artifacts', 'administrators']],
    ['purge', 'marks', ['people', 'accounts', 'audit', 'client_secrets', 'factors']],
  ];
  for (const [role, mine, others] of apart) {
    test(`${role} reads its own tables and none of another part`, async () => {
      const { store, run } = await open(role);
      await run(`SELECT 1 FROM ${mine} LIMIT 1`);
      for (const table of others)
        await assert.rejects(run(`SELECT 1 FROM ${table} LIMIT 1`), /permission denied/, table);
      if (role === 'purge') await store.purge(far);
      else assert.equal((await store.commit({ marks: [idJag()], records: [row()] })).won, true);
      await store.close();
    });
  }
});

describe('PostgreSQL over TLS', () => {
  let files: { ca: string; other: string };
  let settings: PostgresSettings;
  before(async () => {
    const [ours, others] = [join(server.dir, 'tls'), join(server.dir, 'others')];
    for (const folder of [ours, others]) mkdirSync(folder, { mode: 0o755 });
    const made = await createDevelopmentTls(ours);
    files = { ca: made.caPath, other: (await createDevelopmentTls(others)).caPath };
    const [cert, key] = [join(server.dir, 'server.pem'), join(server.dir, 'server.key')];
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key, { mode: 0o600 });
    server.own(key);
    settings = await freshDatabase();
    await server.stop('fast');
    const tls = ['-c', 'ssl=on', '-c', `ssl_cert_file=${cert}`, '-c', `ssl_key_file=${key}`];
    await server.start('-c', 'listen_addresses=127.0.0.1,127.0.0.2', ...tls);
  });
  after(async () => {
    await server.stop('fast');
    await server.start();
  });
  const open = (change: Partial<PostgresSettings>) => openPostgresStore({ ...settings, ...change }, { node: 'one' });

  test('an authority that we name, and the name in the certificate: connected, and encrypted', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      const store = await open({ host, tls: { ca: [files.ca] } });
      await store.changeSequence();
      const connections = await server.run(
        'postgres',
        'SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = $1',
        [settings.database],
      );
      assert.ok(connections.length > 0 && connections.every(({ ssl }) => ssl === true));
      await store.close();
    }
  });

  const refused: [name: string, change: () => Partial<PostgresSettings>, said: RegExp][] = [
    ['an authority that nobody named', () => ({ tls: { ca: [] } }), /certificate/],
    ['another authority', () => ({ tls: { ca: [files.other] } }), /certificate/],
    ['another name', () => ({ host: '127.0.0.2', tls: { ca: [files.ca] } }), /127\.0\.0\.2 is not in the cert/],
    ['a file that is not there', () => ({ tls: { ca: ['/nowhere.pem'] } }), /store\.ca: cannot read \/nowhere\.pem/],
  ];
  for (const [name, change, said] of refused) {
    test(`${name}: refused`, () =>
      assert.rejects(open(change()), (error: Problem) => {
        assert.ok(error instanceof Problem, String(error));
        assert.match(error.message, said);
        return true;
      }));
  }
});

describe('PostgreSQL, a server that cannot keep the store', () => {
  const refuses = async (settings: PostgresSettings, said: RegExp) => {
    await assert.rejects(openPostgresStore(settings, { node: 'one' }), (error: Problem) => {
      assert.ok(error instanceof Problem, String(error));
      assert.match(error.message, said);
      assert.match(error.message, new RegExp(`${settings.database} at `));
      return true;
    });
  };

  test('nobody answers, a wrong password, no such database: a Problem that says so', async () => {
    const settings = await freshDatabase();
    await refuses({ ...settings, port: 1 }, /cannot be reached.*ECONNREFUSED/);
    const wrong = join(server.dir, 'wrong');
    writeFileSync(wrong, 'not it\n');
    await refuses({ ...settings, passwordFile: wrong }, /password/);
    await refuses({ ...settings, database: 'nowhere' }, /not there/);
    await refuses({ ...settings, passwordFile: join(server.dir, 'missing') }, /password of the store cannot be read/);
    await refuses({ ...settings, tls: { ca: [] } }, /does not support SSL/);
  });

  test('the password comes from its file, never from the environment', async () => {
    const settings = await freshDatabase();
    process.env.PGPASSWORD = 'a password of the tests';
    try {
      await refuses({ ...settings, passwordFile: undefined }, /password/);
    } finally {
      delete process.env.PGPASSWORD;
    }
  });

  test('one that loses what it confirms: synchronous_commit off for the database, or fsync off', async () => {
    const settings = await freshDatabase();
    await server.run('postgres', `ALTER DATABASE ${settings.database} SET synchronous_commit = off`);
    await refuses(settings, /synchronous_commit is off/);
    await server.run('postgres', `ALTER DATABASE ${settings.database} RESET synchronous_commit`);
    const store = await openPostgresStore(settings, { node: 'one' });
    // Also when it comes to be so while we run, as after a fail-over.
    await server.stop('fast');
    await server.start('-c', 'fsync=off');
    await assert.rejects(store.commit({ marks: [], records: [row()] }), StoreUnavailable);
    await refuses(settings, /fsync is off/);
    await server.stop('fast');
    await server.start();
    assert.equal((await store.commit({ marks: [], records: [row()] })).won, true);
    await store.close();
  });

  test('one that is copied, and no copy is synchronous: opened, and said', async () => {
    const settings = await freshDatabase();
    const open = async () => {
      const store = await openPostgresStore(settings, { node: 'one' });
      await store.close();
      return store.warnings;
    };
    assert.deepEqual(await open(), []);
    const copy = server.copy();
    try {
      await until(async () => (await open()).length > 0);
      assert.match((await open())[0] ?? '', /no standby is synchronous.*synchronous_standby_names/);
    } finally {
      await copy.stop();
    }
  });

  const fit = {
    version: 150_000,
    encoding: 'UTF8',
    fsync: 'on',
    commits: 'on',
    standbys: '',
    read_only: 'off',
    replica: false,
  };
  const table: [change: Partial<typeof fit>, said: RegExp | undefined][] = [
    [{}, undefined],
    [{ commits: 'remote_apply' }, undefined],
    [{ commits: 'local' }, undefined],
    [{ commits: 'local', standbys: 'ANY 1 (b)' }, /synchronous_commit is local/],
    [{ version: 140_012 }, /PostgreSQL 15/],
    [{ encoding: 'SQL_ASCII' }, /UTF8/],
    [{ replica: true }, /replica/],
    [{ read_only: 'on' }, /read-only/],
  ];
  for (const [change, said] of table) {
    test(`${JSON.stringify(change)}: ${said ?? 'fit'}`, () => {
      const words = unfitness({ ...fit, ...change });
      if (said) assert.match(words ?? '', said);
      else assert.equal(words, undefined);
    });
  }

  test('tables of a newer version, and tables that this user may not make', async () => {
    const settings = await freshDatabase();
    await server.run('postgres', `CREATE ROLE no_owner LOGIN PASSWORD 'a password of the tests'`);
    await assert.rejects(openPostgresStore({ ...settings, user: 'no_owner' }, { node: 'one' }), /may not change them/);
    const store = await openPostgresStore(settings, { node: 'one' });
    await store.close();
    await server.run(settings.database, `INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-later', '')`);
    await assert.rejects(openPostgresStore(settings, { node: 'one' }), /newer version of credence \(it has step 9999/);
  });
});

const nobody = { source: 'local', active: true, groups: [], roles: [] };

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; !(await isSo()); attempt++) {
    assert.ok(attempt < 300, 'it never came to be so');
    await wait(100);
  }
}
