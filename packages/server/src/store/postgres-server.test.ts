import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { Problem } from '../problem.ts';
import type { PostgresSettings } from '../store-config.ts';
import { createDevelopmentTls } from '../tls/development-ca.ts';
import { far, idJag, row } from './contract/fixtures.ts';
import { usePostgres } from './contract/postgres-databases.ts';
import { openPostgresStore } from './postgres.ts';
import { unfitness } from './postgres-connection.ts';
import { sequencesText } from './postgres-reads.ts';
import { toRolesSql } from './postgres-roles.ts';
import { StoreUnavailable } from './store.ts';

const postgres = usePostgres();

describe('PostgreSQL, a login for each part', () => {
  const open = async (...roles: string[]) => {
    const settings = await postgres.withRoles(...roles);
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
    const { database } = await postgres.withRoles('idp');
    await postgres.server().run(database, toRolesSql());
    const tables = await postgres
      .server()
      .run(database, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`);
    assert.ok(tables.length > 20);
    for (const { table_name } of tables)
      assert.match(toRolesSql(), new RegExp(`REVOKE ALL ON ${table_name} FROM PUBLIC`));
  });

  test('what is asked before every answer costs little on tables that the server has not analysed yet', async () => {
    const { database } = await postgres.withRoles('idp');
    const [told] = await postgres.server().run(database, `EXPLAIN (FORMAT JSON) ${sequencesText}`);
    const cost = Number(/"Total Cost":\s*([\d.]+)/.exec(JSON.stringify(told))?.[1]);
    assert.ok(cost < 100, JSON.stringify(told));
  });

  test('a node: its record and its marks stand, whatever it does; it makes nobody an administrator, and changes no table', async () => {
    const { store, run } = await open('idp', 'ras', 'gateway');
    const mark = idJag('over', 1);
    await store.commit({ marks: [mark], records: [row()] });
    for (const statement of [
      'DELETE FROM audit',
      `UPDATE audit SET body = '{}'`,
      'UPDATE audit SET personal = NULL, person = NULL',
      'DELETE FROM audit_checkpoints',
      `UPDATE audit_checkpoints SET root = ''`,
      'DELETE FROM audit_tree',
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

  test('whoever erases: blanks what a line says of a person, and changes nothing else', async () => {
    const { store, run } = await open('operator', 'erasure');
    const line = row({ personal: '{"salt":"s"}', person: 'u_1' });
    await store.commit({ marks: [], records: [line] });
    for (const statement of [`UPDATE audit SET body = '{}'`, 'UPDATE audit SET client = NULL', 'DELETE FROM audit']) {
      await assert.rejects(run(statement), /permission denied/, statement);
    }
    const behindTheTrigger = [`personal = 'x'`, `personal = NULL, person = 'u_2'`, `person = NULL`];
    for (const change of behindTheTrigger) {
      await assert.rejects(run(`UPDATE audit SET ${change} WHERE id = '${line.id}'`), /append-only/, change);
    }
    await run(`UPDATE audit SET personal = NULL, person = NULL WHERE id = '${line.id}'`);
    const found = await store.audit.find(line.id);
    assert.deepEqual([found?.personal, found?.person, found?.body], [undefined, undefined, line.body]);
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
    const [ours, others] = [join(postgres.server().dir, 'tls'), join(postgres.server().dir, 'others')];
    for (const folder of [ours, others]) mkdirSync(folder, { mode: 0o755 });
    const made = await createDevelopmentTls(ours);
    files = { ca: made.caPath, other: (await createDevelopmentTls(others)).caPath };
    const [cert, key] = [
      join(postgres.server().dir, 'postgres.server().pem'),
      join(postgres.server().dir, 'postgres.server().key'),
    ];
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key, { mode: 0o600 });
    postgres.server().own(key);
    settings = await postgres.fresh();
    await postgres.server().stop('fast');
    const tls = ['-c', 'ssl=on', '-c', `ssl_cert_file=${cert}`, '-c', `ssl_key_file=${key}`];
    await postgres.server().start('-c', 'listen_addresses=127.0.0.1,127.0.0.2', ...tls);
  });
  after(async () => {
    await postgres.server().stop('fast');
    await postgres.server().start();
  });
  const open = (change: Partial<PostgresSettings>) => openPostgresStore({ ...settings, ...change }, { node: 'one' });

  test('an authority that we name, and the name in the certificate: connected, and encrypted', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      const store = await open({ host, tls: { ca: [files.ca] } });
      await store.changeSequence();
      const connections = await postgres
        .server()
        .run('postgres', 'SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = $1', [
          settings.database,
        ]);
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
    const settings = await postgres.fresh();
    await refuses({ ...settings, port: 1 }, /cannot be reached.*ECONNREFUSED/);
    const wrong = join(postgres.server().dir, 'wrong');
    writeFileSync(wrong, 'not it\n');
    await refuses({ ...settings, passwordFile: wrong }, /password/);
    await refuses({ ...settings, database: 'nowhere' }, /not there/);
    await refuses(
      { ...settings, passwordFile: join(postgres.server().dir, 'missing') },
      /password of the store cannot be read/,
    );
    await refuses({ ...settings, tls: { ca: [] } }, /does not support SSL/);
  });

  test('the password comes from its file, never from the environment', async () => {
    const settings = await postgres.fresh();
    process.env.PGPASSWORD = 'a password of the tests';
    try {
      await refuses({ ...settings, passwordFile: undefined }, /password/);
    } finally {
      delete process.env.PGPASSWORD;
    }
  });

  test('one that loses what it confirms: synchronous_commit off for the database, or fsync off', async () => {
    const settings = await postgres.fresh();
    await postgres.server().run('postgres', `ALTER DATABASE ${settings.database} SET synchronous_commit = off`);
    await refuses(settings, /synchronous_commit is off/);
    await postgres.server().run('postgres', `ALTER DATABASE ${settings.database} RESET synchronous_commit`);
    const store = await openPostgresStore(settings, { node: 'one' });
    // Also when it comes to be so while we run, as after a fail-over.
    await postgres.server().stop('fast');
    await postgres.server().start('-c', 'fsync=off');
    await assert.rejects(store.commit({ marks: [], records: [row()] }), StoreUnavailable);
    await refuses(settings, /fsync is off/);
    await postgres.server().stop('fast');
    await postgres.server().start();
    assert.equal((await store.commit({ marks: [], records: [row()] })).won, true);
    await store.close();
  });

  test('one that is copied, and no copy is synchronous: opened, and said', async () => {
    const settings = await postgres.fresh();
    const open = async () => {
      const store = await openPostgresStore(settings, { node: 'one' });
      const risks = await store.findRisks();
      await store.close();
      return risks;
    };
    assert.deepEqual(await open(), []);
    const copy = postgres.server().copy();
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
      const words = unfitness({ ...fit, ...change }, 'warn');
      if (said) assert.match(words ?? '', said);
      else assert.equal(words, undefined);
    });
  }

  test('store.standby is require: no server of which nobody confirms what it writes', () => {
    assert.match(unfitness(fit, 'require') ?? '', /set synchronous_standby_names there/);
    assert.equal(unfitness({ ...fit, standbys: 'ANY 1 (b)' }, 'require'), undefined);
  });

  test('tables of a newer version, and tables that this user may not make', async () => {
    const settings = await postgres.fresh();
    await postgres.server().run('postgres', `CREATE ROLE no_owner LOGIN PASSWORD 'a password of the tests'`);
    await assert.rejects(openPostgresStore({ ...settings, user: 'no_owner' }, { node: 'one' }), /may not change them/);
    const store = await openPostgresStore(settings, { node: 'one' });
    await store.close();
    await postgres
      .server()
      .run(settings.database, `INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-later', '')`);
    await assert.rejects(openPostgresStore(settings, { node: 'one' }), /newer version of credence \(it has step 9999/);
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; !(await isSo()); attempt++) {
    assert.ok(attempt < 300, 'it never came to be so');
    await wait(100);
  }
}
