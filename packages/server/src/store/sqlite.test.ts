import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Kysely } from 'kysely';
import { Problem } from '../problem.ts';
import { openInTurn } from '../workers/test-beside.ts';
import { createRemoteTurn, createTurns } from '../workers/turns.ts';
import { verifyChains } from './chain.ts';
import { newDigestKey } from './contract/fixtures.ts';
import { readLines, startWriterProcess } from './contract/writer-process.ts';
import * as accountsOfTenants from './migrations/0004-accounts-of-tenants.ts';
import { recentLines } from './recent-lines.ts';
import { openSqliteBeside, openSqliteStore } from './sqlite.ts';
import { nodeSqliteDialect, StatementCache } from './sqlite-dialect.ts';
import { storeContract } from './store.contract.ts';
import { type Store, type StoredAuditRow, StoreUnavailable } from './store.ts';

storeContract('SQLite in a file', async () => {
  const digestKey = newDigestKey();
  const file = join(mkdtempSync(join(tmpdir(), 'credence-store-')), 'store.db');
  let store = await openSqliteStore(file, { node: 'one', digestKey });
  const others: Store[] = [];
  return {
    store,
    another: async () => {
      const other = await openSqliteStore(file, { node: `other-${others.length}`, digestKey });
      others.push(other);
      return other;
    },
    reopen: async () => {
      await store.close();
      store = await openSqliteStore(file, { node: 'one', digestKey });
      return store;
    },
    close: async () => {
      for (const one of [store, ...others]) await one.close();
      rmSync(join(file, '..'), { recursive: true });
    },
  };
});

storeContract('SQLite, written by several in turn', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'credence-store-')), 'store.db');
  const digestKey = newDigestKey();
  const recent = recentLines();
  const turns = createTurns(recent);
  const first = await openSqliteStore(file, { node: 'one', turn: turns.own, recent, digestKey });
  const opened: Store[] = [];
  const beside = () => {
    const store = openInTurn(file, turns, { node: 'one', digestKey });
    opened.push(store);
    return store;
  };
  return {
    store: beside(),
    another: async () => (opened.length === 1 ? first : beside()),
    reopen: async () => beside(),
    close: async () => {
      for (const one of [...opened, first]) await one.close();
      rmSync(join(file, '..'), { recursive: true });
    },
  };
});

storeContract('SQLite in memory', async () => {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  const itself = async () => store;
  return { store, another: itself, reopen: itself, close: () => store.close() };
});

describe('SQLite', () => {
  const dir = mkdtempSync(join(tmpdir(), 'credence-sqlite-'));
  after(() => rmSync(dir, { recursive: true }));
  let made = 0;
  const freshFile = () => join(dir, `${++made}.db`);
  const record = (id: string) => ({ id, kind: 'issuance', timeMs: 1, body: JSON.stringify({ id }) });
  const readAll = (store: Store): Promise<readonly StoredAuditRow[]> => store.audit.read(0, 1_000_000);
  /** Opens a fresh store, lets `prepare` write to it, and gives the closed file. */
  const fileWith = async (prepare: (store: Store) => Promise<unknown>) => {
    const file = freshFile();
    const store = await openSqliteStore(file, { node: 'one' });
    await prepare(store);
    await store.close();
    return file;
  };
  const withDatabase = (file: string, work: (database: DatabaseSync) => void) => {
    const database = new DatabaseSync(file);
    work(database);
    database.close();
  };

  test('kill -9 during bursts loses nothing that was reported, and breaks no chain', async () => {
    const file = freshFile();
    for (const round of [1, 2, 3]) {
      const writer = startWriter([file, `killed-${round}`]);
      const lines = await readLines(writer, 100 * round, () => writer.kill('SIGKILL'));
      assert.equal(writer.signalCode ?? (await once(writer, 'exit'))[1], 'SIGKILL');
      assert.ok(lines.length >= 100 * round);
      const store = await openSqliteStore(file, { node: 'reader' });
      for (const { id } of lines) assert.ok(await store.audit.find(id), id);
      assert.equal(verifyChains(await readAll(store)), undefined);
      await store.close();
    }
  });

  test('two processes at the same marks: each mark is won once, and both chains are whole', async () => {
    const file = await fileWith(async () => undefined);
    const writers = ['left', 'right'].map((node) => startWriter([file, node, '200']));
    const lines = (await Promise.all(writers.map((writer) => readLines(writer)))).flat();
    const wins = lines.filter(({ outcome }) => outcome === 'won').map(({ mark }) => mark);
    assert.equal(lines.length, 400);
    assert.equal(wins.length, 200);
    assert.equal(new Set(wins).size, 200);
    const store = await openSqliteStore(file, { node: 'reader' });
    const rows = await readAll(store);
    assert.equal(rows.length, 400);
    assert.equal(verifyChains(rows), undefined);
    await store.close();
  });

  test('two processes that open a new file at once both find their tables', async () => {
    const file = freshFile();
    const writers = ['left', 'right'].map((node) => startWriter([file, node, '10']));
    const lines = await Promise.all(writers.map((writer) => readLines(writer)));
    assert.deepEqual(
      lines.map(({ length }) => length),
      [10, 10],
    );
  });

  test('a file that is new and locked by another is waited for, and not for ever', async () => {
    const hold = (file: string, milliseconds: number) =>
      new Worker(
        `const { DatabaseSync } = require('node:sqlite');
        const { parentPort, workerData } = require('node:worker_threads');
        const database = new DatabaseSync(workerData.file);
        database.exec('BEGIN IMMEDIATE');
        parentPort.postMessage('held');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerData.milliseconds);
        database.close();`,
        { eval: true, workerData: { file, milliseconds } },
      );
    for (const [milliseconds, isOpened] of [
      [300, true],
      [3000, false],
    ] as const) {
      const file = freshFile();
      const holder = hold(file, milliseconds);
      await once(holder, 'message');
      const opened = openSqliteStore(file, { node: 'one' });
      if (isOpened) await (await opened).close();
      else await assert.rejects(opened, /locked/);
      await once(holder, 'exit');
    }
  });

  test('2000 commits at once share a handful of transactions', async () => {
    const file = freshFile();
    const store = await openSqliteStore(file, { node: 'one' });
    const before = transactionsIn(file);
    await Promise.all(
      Array.from({ length: 2000 }, (_, index) => store.commit({ marks: [], records: [record(`grouped-${index}`)] })),
    );
    const grouped = transactionsIn(file) - before;
    for (let index = 0; index < 20; index++) await store.commit({ marks: [], records: [record(`alone-${index}`)] });
    assert.ok(grouped >= 1 && grouped <= 4, `${grouped} transactions`);
    assert.equal(transactionsIn(file) - before - grouped, 20);
    assert.equal((await readAll(store)).length, 2020);
    await store.close();
  });

  test('a process whose turn cannot be asked for writes nothing, and says so', async () => {
    const file = await fileWith(async () => undefined);
    let isAway = true;
    const turn = createRemoteTurn(({ turn: what }) => {
      if (isAway) throw new Error('the channel is closed');
      if (what === 'ask') setImmediate(turn.granted);
    });
    const store = openSqliteBeside(file, { node: 'one', turn });
    await assert.rejects(store.commit({ marks: [], records: [record('lost')] }), StoreUnavailable);
    assert.equal(await store.audit.find('lost'), undefined);
    isAway = false;
    await store.commit({ marks: [], records: [record('later')] });
    assert.ok(await store.audit.find('later'));
    assert.equal(await store.audit.find('lost'), undefined);
    await store.close();
    await assert.rejects(store.commit({ marks: [], records: [record('late')] }), StoreUnavailable);
  });

  test('the record and published policies refuse UPDATE and DELETE', async () => {
    const file = await fileWith(async (store) => {
      await store.commit({ marks: [], records: [record('kept')] });
      await store.policies.append({ ...emptyPolicy, version: 1 }, []);
    });
    withDatabase(file, (database) => {
      for (const statement of [
        `UPDATE audit SET body = 'x'`,
        'DELETE FROM audit',
        `UPDATE policies SET author = 'x'`,
        'DELETE FROM policies',
      ]) {
        assert.throws(() => database.exec(statement), /append-only/, statement);
      }
    });
  });

  test('the one change a line may go through: what is personal goes, and nothing else does', async () => {
    const erasable = { ...record('kept'), personal: '{"salt":"s"}', person: 'u_1', client: 'c' };
    const file = await fileWith((store) => store.commit({ marks: [], records: [erasable] }));
    withDatabase(file, (database) => {
      for (const change of [
        `personal = 'x'`,
        `personal = NULL`,
        `person = NULL`,
        `personal = NULL, person = 'u_2'`,
        `personal = 'x', person = NULL`,
        ...['node', 'previous_hash', 'hash', 'id', 'kind', 'body', 'client', 'server', 'id_jag', 'access_token'].map(
          (column) => `personal = NULL, person = NULL, ${column} = 'x'`,
        ),
        ...['position', 'seq', 'time_ms'].map((column) => `personal = NULL, person = NULL, ${column} = 99`),
        `personal = NULL, person = NULL, client = NULL`,
      ]) {
        assert.throws(() => database.exec(`UPDATE audit SET ${change}`), /append-only/, change);
      }
      database.exec('UPDATE audit SET personal = NULL, person = NULL');
    });
    const store = await openSqliteStore(file, { node: 'one' });
    const found = await store.audit.find('kept');
    assert.deepEqual([found?.personal, found?.person, found?.client], [undefined, undefined, 'c']);
    assert.equal(verifyChains(await readAll(store)), undefined);
    await store.close();
  });

  const tampering: [name: string, statement: string, fault: string][] = [
    ['a body', `UPDATE audit SET body = '{}' WHERE id = 'b'`, 'hash'],
    ['a time', `UPDATE audit SET time_ms = 2 WHERE id = 'b'`, 'hash'],
    ['a kind', `UPDATE audit SET kind = 'refusal' WHERE id = 'b'`, 'hash'],
    ['an id', `UPDATE audit SET id = 'z' WHERE id = 'b'`, 'hash'],
    ['a line cut out', `DELETE FROM audit WHERE id = 'b'`, 'gap'],
    ['the first line cut out', `DELETE FROM audit WHERE id = 'a'`, 'gap'],
    ['a forged hash', `UPDATE audit SET hash = 'x' WHERE id = 'b'`, 'hash'],
    [
      'a line cut out and the rest renumbered',
      `DELETE FROM audit WHERE id = 'a'; UPDATE audit SET seq = seq - 1`,
      'previous_hash',
    ],
    ['a chain under another node’s name', `UPDATE audit SET node = 'two'`, 'previous_hash'],
  ];
  for (const [name, statement, fault] of tampering) {
    test(`the chain shows who alters ${name} behind the triggers: ${fault}`, async () => {
      const file = await fileWith((store) => store.commit({ marks: [], records: ['a', 'b', 'c'].map(record) }));
      withDatabase(file, (database) => {
        database.exec('DROP TRIGGER audit_refuses_update; DROP TRIGGER audit_refuses_delete');
        database.exec(statement);
      });
      const store = await openSqliteStore(file, { node: 'one' });
      assert.equal(verifyChains(await readAll(store))?.fault, fault);
      await store.close();
    });
  }

  test('a policy version flipped in the file is never handed out (T24)', async () => {
    const file = await fileWith((store) => store.policies.append({ ...emptyPolicy, version: 1 }, []));
    withDatabase(file, (database) => {
      database.exec('DROP TRIGGER policies_refuses_update');
      database.exec(`UPDATE policies SET document = '{"rules":["allow all"]}'`);
    });
    const store = await openSqliteStore(file, { node: 'one' });
    await assert.rejects(store.policies.latest('access'), /altered/);
    await assert.rejects(store.policies.read('access', 1), /altered/);
    await store.close();
  });

  test('accounts of a store that knew no tenants are kept, as those of issuers without any', async () => {
    const database = new DatabaseSync(':memory:');
    database.exec(`CREATE TABLE people (id TEXT NOT NULL PRIMARY KEY) STRICT;
      CREATE TABLE accounts (id TEXT NOT NULL PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL,
        active INTEGER NOT NULL, UNIQUE (issuer, subject)) STRICT;
      INSERT INTO accounts VALUES ('a_1', 'https://a.example', 'u_1', 1), ('a_2', 'https://a.example', 'u_2', 0)`);
    const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(new StatementCache(database)) });
    await accountsOfTenants.up(db);
    const rows = database.prepare('SELECT id, issuer, tenant, subject, email, active FROM accounts ORDER BY id').all();
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [
        { id: 'a_1', issuer: 'https://a.example', tenant: '', subject: 'u_1', email: null, active: 1 },
        { id: 'a_2', issuer: 'https://a.example', tenant: '', subject: 'u_2', email: null, active: 0 },
      ],
    );
    database.close();
  });

  test('lines of one transaction are there for what changes them in it, and one that is taken takes no other with it', async () => {
    const store = await openSqliteStore(freshFile(), { node: 'one' });
    const line = (at: number) => ({ ...record(`line-${at}`), personal: '{"salt":"s"}', person: `u_${at}` });
    await store.commit({ marks: [], records: [line(0)] });
    const together = await Promise.allSettled([
      ...Array.from({ length: 9 }, (_, at) => store.commit({ marks: [], records: [line(at + 1)] })),
      store.erasure.blank([5], []),
      store.commit({ marks: [], records: [line(0)] }), // its id is taken
      ...Array.from({ length: 9 }, (_, at) => store.commit({ marks: [], records: [line(at + 10)] })),
      store.erasure.blank([15], []),
    ]);
    assert.deepEqual(
      together.flatMap(({ status }, at) => (status === 'rejected' ? [at] : [])),
      [10],
    );
    const rows = await store.audit.read(0, 100);
    assert.deepEqual(
      rows.map(({ id }) => id),
      Array.from({ length: 19 }, (_, at) => `line-${at}`),
    );
    assert.deepEqual(
      rows.filter(({ personal }) => personal === undefined).map(({ position }) => position),
      [5, 15],
    );
    assert.equal(verifyChains(rows), undefined);
    await store.close();
  });

  test('lines of one transaction are there for what changes them in it, where none is taken', async () => {
    const store = await openSqliteStore(freshFile(), { node: 'one' });
    const line = { ...record('one'), personal: '{"salt":"s"}', person: 'u_1' };
    await Promise.all([store.commit({ marks: [], records: [line] }), store.erasure.blank([1], [])]);
    assert.equal((await store.audit.find('one'))?.personal, undefined);
    await store.close();
  });

  test('what fails in none of those who share a transaction is told to each of them', { timeout: 10_000 }, async () => {
    const file = freshFile();
    const store = await openSqliteStore(file, { node: 'one' });
    const jti = (id: string) => ({ kind: 'id_jag', id, until: 1 }) as const;
    const commitBoth = () =>
      Promise.allSettled([
        store.commit({ marks: [jti('a')], records: [record('marked')] }),
        store.commit({ marks: [], records: [record('beside')] }),
      ]);
    withDatabase(file, (database) =>
      database.exec(`CREATE TRIGGER refuses BEFORE INSERT ON used_once BEGIN SELECT RAISE(ABORT, 'not now'); END`),
    );
    for (const outcome of await commitBoth()) {
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof StoreUnavailable);
    }
    withDatabase(file, (database) => database.exec('DROP TRIGGER refuses'));
    assert.deepEqual(
      (await commitBoth()).map(({ status }) => status),
      ['fulfilled', 'fulfilled'],
    );
    assert.equal(verifyChains(await readAll(store)), undefined);
    await store.close();
  });

  test('T19: what is read behind a loss sequence has seen what it has, also of another process in the same turn', async () => {
    const file = freshFile();
    const store = await openSqliteStore(file, { node: 'reader' });
    const alice = { source: 'local', email: 'a@acme.example', name: 'A', active: true, groups: [], roles: [] };
    await store.people.save({ id: 'u_a', ...alice });
    const before = await store.lossSequence();
    await new Promise((resolve) => setImmediate(resolve));
    const another = new DatabaseSync(file);
    const reads = [store.people.find('u_a')]; // remembered from here on, in this turn
    another.exec(`UPDATE people SET active = 0; UPDATE change_sequence SET value = value + 1`);
    const asOf = store.lossSequence();
    reads.push(store.people.find('u_a'));
    assert.ok((await asOf) > before);
    assert.deepEqual(
      (await Promise.all(reads)).map((person) => person?.active),
      [true, false],
    );
    another.close();
    await store.close();
  });

  test('files of the store are readable by their owner only', async () => {
    const file = freshFile();
    const store = await openSqliteStore(file, { node: 'one' });
    await store.commit({ marks: [], records: [record('private')] });
    for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(file + suffix).mode & 0o777, 0o600, suffix);
    await store.close();
  });

  test('a store written by a newer version is a Problem that names the home and the way out, and is left as it is', async () => {
    const file = await fileWith((store) => store.commit({ marks: [], records: [record('old')] }));
    withDatabase(file, (database) => {
      database.exec(`INSERT INTO kysely_migration (name, timestamp) VALUES ('0999-later', '2030-01-01T00:00:00.000Z')`);
    });
    await assert.rejects(openSqliteStore(file, { node: 'one' }), (error: Problem) => {
      assert.ok(error instanceof Problem);
      assert.match(error.message, new RegExp(`${dir}.*newer version.*0999-later`));
      assert.notEqual(error.wayOut, '');
      return true;
    });
  });

  const unusable: [name: string, make: (file: string) => void, said: RegExp][] = [
    ['a folder', (file) => mkdirSync(file), /impossible to open/],
    ['not a database', (file) => writeFileSync(file, 'hello '.repeat(1000)), /not a database/],
    ['in a folder that is not there', () => undefined, /no such file/],
  ];
  for (const [name, make, said] of unusable) {
    test(`a path that is ${name} is a Problem that names it`, async () => {
      const file = name.startsWith('in a folder') ? join(dir, 'missing', 'store.db') : freshFile();
      make(file);
      await assert.rejects(openSqliteStore(file, { node: 'one' }), (error: Problem) => {
        assert.ok(error instanceof Problem, String(error));
        assert.ok(error.message.includes(file));
        assert.match(error.message, said);
        return true;
      });
    });
  }

  test('while another process holds the write lock every waiting commit fails closed, and later ones succeed', async () => {
    const file = freshFile();
    const store = await openSqliteStore(file, { node: 'one' });
    const holder = new DatabaseSync(file);
    holder.exec('BEGIN IMMEDIATE');
    const ids = ['w1', 'w2', 'w3'];
    const startedAt = performance.now();
    const outcomes = await Promise.allSettled(ids.map((id) => store.commit({ marks: [], records: [record(id)] })));
    assert.ok(performance.now() - startedAt < 3900, 'the lock is waited for once, for two seconds');
    for (const outcome of outcomes) {
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof StoreUnavailable);
    }
    holder.exec('ROLLBACK');
    holder.close();
    for (const id of ids) assert.equal(await store.audit.find(id), undefined);
    assert.deepEqual(await store.commit({ marks: [], records: [record('w4')] }), { won: true });
    assert.equal(verifyChains(await readAll(store)), undefined);
    await store.close();
  });

  test('proveWritable writes, and fails while that cannot be', async () => {
    const file = freshFile();
    const store = await openSqliteStore(file, { node: 'one' });
    const before = transactionsIn(file);
    await store.proveWritable();
    assert.equal(transactionsIn(file), before + 1);
    const holder = new DatabaseSync(file);
    holder.exec('BEGIN IMMEDIATE');
    await assert.rejects(store.proveWritable(), StoreUnavailable);
    holder.close();
    await store.proveWritable();
    await store.close();
    await assert.rejects(store.proveWritable(), StoreUnavailable);
  });

  test('a disk that takes no more bytes: StoreUnavailable, and what was reported before is there', async () => {
    const file = await fileWith(async () => undefined);
    const writer = spawn(
      '/bin/sh',
      ['-c', 'ulimit -f 600 && exec "$@"', 'sh', process.execPath, writerFile, file, 'full'],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let complaint = '';
    writer.stderr.on('data', (chunk) => (complaint += chunk));
    const lines = await readLines(writer);
    assert.match(complaint, /StoreUnavailable/);
    assert.ok(lines.length > 10);
    const store = await openSqliteStore(file, { node: 'reader' });
    for (const { id } of lines) assert.ok(await store.audit.find(id), id);
    assert.equal(verifyChains(await readAll(store)), undefined);
    await store.close();
  });
});

const emptyPolicy = {
  kind: 'access',
  document: '{}',
  digest: 'RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o',
  author: 'u_dana',
  publishedAt: 1,
} as const;

const writerFile = fileURLToPath(new URL('sqlite.test-writer.ts', import.meta.url));
const startWriter = (args: string[]) => startWriterProcess(writerFile, args);

/** Transactions in the write-ahead log: frames of this generation that end one say how large the database is then. */
function transactionsIn(file: string): number {
  const log = readFileSync(`${file}-wal`);
  const frameBytes = 24 + log.readUInt32BE(8);
  let transactions = 0;
  for (let frame = 32; frame + frameBytes <= log.length; frame += frameBytes) {
    const current = log.subarray(frame + 8, frame + 16).equals(log.subarray(16, 24));
    if (current && log.readUInt32BE(frame + 4) !== 0) transactions++;
  }
  return transactions;
}
