import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { Migrator } from 'kysely/migration';
import { beginRequestedEpoch } from '../epoch.ts';
import { type Home, openHome } from '../home.ts';
import { createSeal } from '../keys/seal.ts';
import { far, fresh, idJag, now, row } from '../store/contract/fixtures.ts';
import { usePostgres } from '../store/contract/postgres-databases.ts';
import { migrations } from '../store/migrate.ts';
import { checkChains } from '../store/move/chains.ts';
import { contentOf } from '../store/move/copy.ts';
import { fill, makeStore } from '../store/move/fixtures.ts';
import { moveHome } from '../store/move/home.ts';
import { openKysely } from '../store/move/snapshot.ts';
import { endsWithEpoch, readTables, tablesToKeep } from '../store/move/tables.ts';
import { openPostgresStore } from '../store/postgres.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { type BackupOrder, makeBackup } from './make.ts';
import { digestOf, type Manifest, writeManifest } from './manifest.ts';
import { type RestoreOrder, restoreBackup } from './restore.ts';

const postgres = usePostgres();
const dir = mkdtempSync(join(tmpdir(), 'credence-backup-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const seal = createSeal(Buffer.alloc(32, 7));
const madeMs = 1_700_000_000_000;
const newHome = () => openHome(join(dir, fresh('home')));

async function filledHome(lines?: number): Promise<Home> {
  const home = await newHome();
  writeFileSync(home.configFile, 'organisation: Acme\n', { mode: 0o600 });
  writeFileSync(join(home.keysDir, 'id_jag.keys'), seal.close('{"keys":1}'), { mode: 0o600 });
  writeFileSync(join(home.keysDir, 'access_token.keys'), '{"keys":2}\n', { mode: 0o600 });
  writeFileSync(join(home.keysDir, 'factor.secret'), 'topsecret', { mode: 0o600 });
  await makeStore(home.storeFile, lines);
  return home;
}

const backupOf = (home: Home, change: Partial<BackupOrder> = {}) =>
  makeBackup({
    config: {
      store: undefined,
      documents: { access: join(home.dir, 'access.yaml'), resource: join(home.dir, 'resource.yaml') },
    },
    configFile: home.configFile,
    home,
    file: join(dir, fresh('x.backup')),
    seal: undefined,
    withSecrets: true,
    by: 'root',
    nowMs: () => madeMs,
    onProgress: () => undefined,
    ...change,
  });
const restoreInto = (home: Home, file: string, change: Partial<RestoreOrder> = {}) =>
  restoreBackup({
    file,
    home,
    target: undefined,
    seal: undefined,
    reason: 'disk died',
    by: 'root',
    nowMs: () => madeMs + 1000,
    toLine: (detail) => row({ kind: 'system', body: JSON.stringify({ detail }) }),
    onProgress: () => undefined,
    ...change,
  });

/** What a restored store says when it is first served, and again. */
async function serve(store: Store) {
  const [first, second] = [await beginRequestedEpoch(store, now * 1000), await beginRequestedEpoch(store, now * 1000)];
  assert.equal(second, undefined, 'a restart begins none');
  const lines = await store.audit.last(2);
  assert.deepEqual(
    lines.map(({ kind }) => kind),
    ['system', 'alert'],
  );
  for (const { body, personal } of lines) assert.ok(`${body}${personal}`.includes(String(first)));
  const { id, since } = await store.epoch.read();
  assert.match(id, /^[\w-]{12}$/);
  assert.equal(since, now);
  assert.deepEqual(await store.sessions.list({ after: '', limit: 10, now: far - 1 }), []);
  assert.equal((await store.people.list('', 100)).length, 31, 'people are those of the backup');
  return String(first);
}

describe('a backup of a home', () => {
  test('is of one moment, while somebody writes, and what comes back is all of it but what ends', async () => {
    const home = await filledHome();
    const live = await openSqliteStore(home.storeFile, { node: 'live' });
    let isDone = false;
    let written = 0;
    const writing = (async () => {
      while (!isDone) {
        await live.commit({ marks: [idJag()], records: [row()] });
        await live.people.setPasswordHash((await live.people.list('', 1))[0]?.id ?? '', `h${written++}`);
        await new Promise(setImmediate);
      }
    })();
    const { file, manifest, lines } = await backupOf(home);
    isDone = true;
    await writing;
    const before = await live.audit.read(0, 100_000);
    await live.close();
    assert.ok(before.length > lines && written > 1);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(!existsSync(`${file}.partial`));
    for (const name of Object.keys(endsWithEpoch)) assert.ok(!(name in manifest.tables), name);

    const other = await newHome();
    await restoreInto(other, file);
    const store = await openSqliteStore(other.storeFile, { node: 'restored' });
    const words = await serve(store);
    const last = before[lines - 1];
    assert.ok(words.includes(`the gap begins after line ${last?.position} of the record, ${last?.id}`), words);
    assert.ok(words.includes('disk died') && words.includes('backup of 2023-11-14T22:13:20.000Z'), words);
    const restored = await store.audit.read(0, 100_000);
    assert.deepEqual(restored.slice(0, lines), before.slice(0, lines));
    assert.ok((restored[lines]?.position ?? 0) > (last?.position ?? 0));
    await store.close();
    const database = new DatabaseSync(other.storeFile);
    assert.notEqual(typeof (await checkChains(openKysely(database))), 'string');
    assert.equal(database.prepare('PRAGMA foreign_key_check').all().length, 0);
    assert.equal(database.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok');
    database.close();
    assert.equal(readFileSync(other.configFile, 'utf8'), 'organisation: Acme\n');
  });

  test('restored twice it is in two different epochs', async () => {
    const { file } = await backupOf(await filledHome(10));
    const ids: string[] = [];
    for (const home of [await newHome(), await newHome()]) {
      await restoreInto(home, file);
      const store = await openSqliteStore(home.storeFile, { node: 'one' });
      await serve(store);
      ids.push((await store.epoch.read()).id);
      await store.close();
    }
    assert.notEqual(ids[0], ids[1]);
  });

  const secretTable: [name: string, order: Partial<BackupOrder>, restore: Partial<RestoreOrder>, kept: string[]][] = [
    [
      'unless everything is asked for',
      { withSecrets: true },
      {},
      ['access_token.keys', 'factor.secret', 'id_jag.keys'],
    ],
    [
      'under a seal key all, and what lay in the clear is sealed',
      { seal },
      { seal },
      ['access_token.keys', 'factor.secret', 'id_jag.keys'],
    ],
  ];
  for (const [name, order, restore, kept] of secretTable) {
    test(`keys and secrets: ${name}`, async () => {
      const home = await filledHome(10);
      const { file, manifest } = await backupOf(home, order);
      const names = manifest.files.map((one) => one.name).filter((one) => one.startsWith('keys/'));
      assert.deepEqual(
        names.sort(),
        kept.map((one) => `keys/${one}`),
      );
      for (const one of ['access_token.keys', 'factor.secret']) {
        assert.equal(manifest.without.includes(join(home.keysDir, one)), !kept.includes(one));
      }
      if (!order.withSecrets) assert.ok(!readFileSync(file).includes('topsecret'));
      const other = await newHome();
      await restoreInto(other, file, restore);
      for (const one of kept) {
        const path = join(other.keysDir, one);
        assert.equal(readFileSync(path, 'utf8'), readFileSync(join(home.keysDir, one), 'utf8'));
        assert.equal(statSync(path).mode & 0o777, 0o600);
      }
    });
  }

  test('sealed keys, and no seal key: no backup without the secrets beside them', async () => {
    const home = await filledHome(10);
    await assert.rejects(backupOf(home, { withSecrets: false }), /key files are sealed, and no seal key is named/);
    rmSync(join(home.keysDir, 'id_jag.keys'));
    const { manifest } = await backupOf(home, { withSecrets: false });
    for (const one of ['access_token.keys', 'factor.secret'])
      assert.ok(manifest.without.includes(join(home.keysDir, one)), one);
    assert.deepEqual(
      manifest.files.map(({ name }) => name),
      ['credence.yaml'],
    );
  });

  test('a configuration or a document that lies in the home already is somebody’s: nothing is restored over it', async () => {
    const { file } = await backupOf(await filledHome(10));
    for (const name of ['credence.yaml', 'access.yaml', 'resource.yaml']) {
      const home = await newHome();
      writeFileSync(join(home.dir, name), 'mine\n', { mode: 0o600 });
      await assert.rejects(restoreInto(home, file), /is not empty: there is .*\.yaml/);
      assert.equal(readFileSync(join(home.dir, name), 'utf8'), 'mine\n');
      assert.ok(!existsSync(home.storeFile));
    }
  });

  test('one of an older version is brought to this one, and is refused like any other when it was changed', async () => {
    const name = fresh('older');
    const file = join(dir, `${name}.backup`);
    const database = new DatabaseSync(file);
    const older = Object.entries(migrations).filter(([step]) => step <= '0013');
    const migrator = new Migrator({
      db: openKysely(database),
      provider: { getMigrations: async () => Object.fromEntries(older) },
    });
    assert.equal((await migrator.migrateToLatest()).error, undefined);
    database.exec(
      `INSERT INTO client_secrets (domain, client_id, secret_hash, created_at) VALUES ('idp', 'app', 'x', 1)`,
    );
    const kept = new Set((await tablesToKeep()).map((table) => table.name));
    const tables: Record<string, unknown> = {};
    for (const table of readTables(database).filter((each) => kept.has(each.name))) {
      const { rows, digest } = await contentOf(openKysely(database) as never, table);
      tables[table.name] = { columns: [...table.columns], key: [...table.key], rows, digest };
    }
    const record = { lines: 0, heads: {} };
    const of = { kind: 'home', name } as const;
    writeManifest(
      database,
      { v: 1, madeMs, by: 'root', of, tables, counters: {}, files: [], without: [], record } as never,
      [],
    );
    database.close();

    const home = await newHome();
    await restoreInto(home, file);
    const restored = new DatabaseSync(home.storeFile);
    assert.equal(restored.prepare('SELECT count(*) AS n FROM client_secrets').get()?.n, 1);
    restored.close();

    const later = join(dir, fresh('later.backup'));
    copyFileSync(file, later);
    const forged = new DatabaseSync(later);
    await migrations['0022-drafts']?.up(openKysely(forged) as never);
    forged.exec(`INSERT INTO kysely_migration (name, timestamp) VALUES ('0022-drafts', 'x')`);
    forged.close();
    await assert.rejects(restoreInto(await newHome(), later), /drafts is not what its manifest says/);

    const changed = new DatabaseSync(file);
    changed.exec(`UPDATE client_secrets SET secret_hash = 'y'`);
    changed.close();
    const other = await newHome();
    await assert.rejects(restoreInto(other, file), /client_secrets is not what was put in/);
    assert.deepEqual(
      readdirSync(other.dir).filter((each) => each.includes('upgrade')),
      [],
    );
  });

  test('one that was changed, cut short, or is sealed with another key is refused, and nothing is restored', async () => {
    const { file } = await backupOf(await filledHome(10), { seal });
    const changes: [string, (database: DatabaseSync) => void][] = [
      ['a person', (db) => db.exec(`UPDATE people SET active = 1 - active`)],
      ['a row more', (db) => db.exec(`INSERT INTO marks VALUES ('token_revoked', 'x', 1)`)],
      ['a row less', (db) => db.exec(`DELETE FROM client_secrets`)],
      ['a file', (db) => db.exec(`UPDATE backup_files SET content = 'x' WHERE name = 'credence.yaml'`)],
      ['a file more', (db) => db.exec(`INSERT INTO backup_files VALUES ('keys/x.keys', 'x')`)],
      ['the manifest', (db) => db.exec(`UPDATE backup_manifest SET text = replace(text, 'root', 'r00t')`)],
      ['no manifest', (db) => db.exec('DROP TABLE backup_manifest')],
      ['a table gone', (db) => db.exec('DROP TABLE notices')],
      ['the proof', (db) => db.exec('UPDATE backup_manifest SET proof = NULL')],
      ['a table of its own accord', (db) => db.exec('DROP TABLE audit_days; CREATE TABLE audit_days (x TEXT) STRICT')],
      ['a column more', (db) => db.exec('ALTER TABLE people ADD COLUMN mood TEXT')],
      ['a trigger', (db) => db.exec('CREATE TRIGGER x AFTER INSERT ON people BEGIN DELETE FROM people; END')],
      ['a view', (db) => db.exec('CREATE VIEW x AS SELECT random()')],
    ];
    for (const [name, change] of changes) {
      const copy = join(dir, fresh('changed.backup'));
      copyFileSync(file, copy);
      const database = new DatabaseSync(copy);
      change(database);
      database.close();
      const home = await newHome();
      await assert.rejects(restoreInto(home, copy, { seal }), /is not good: /, name);
      assert.ok(!existsSync(home.storeFile), name);
    }
    await assert.rejects(restoreInto(await newHome(), file), /was made under a seal key/);
    const wrong = createSeal(Buffer.alloc(32, 8));
    await assert.rejects(restoreInto(await newHome(), file, { seal: wrong }), /another seal key, or changed/);
  });

  test('a home that holds a store or keys is left alone; a restore that was killed begins anew', async () => {
    const { file } = await backupOf(await filledHome(10));
    const used = await filledHome(10);
    await assert.rejects(restoreInto(used, file), /is not empty: there is .*store\.db/);
    const keyed = await newHome();
    writeFileSync(join(keyed.keysDir, 'id_jag.keys'), 'x');
    await assert.rejects(restoreInto(keyed, file), /is not empty: there is .*id_jag\.keys/);
    const home = await newHome();
    let seen = 0;
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'copy' && ++seen === 5) throw new Error('killed');
    };
    await assert.rejects(restoreInto(home, file, { onProgress }), /killed/);
    assert.ok(!existsSync(home.storeFile));
    await restoreInto(home, file);
    assert.ok(existsSync(home.storeFile));
    await assert.rejects(restoreInto(home, file), /is not empty/);
  });

  test('a home that was moved away has no backup; one that cannot be made leaves nothing behind', async () => {
    const home = await filledHome(10);
    const file = join(dir, fresh('x.backup'));
    const onProgress = () => assert.fail('halt');
    await assert.rejects(backupOf(home, { file, onProgress }), /halt/);
    assert.ok(!existsSync(file) && !existsSync(`${file}.partial`));
    const order = { storeFile: home.storeFile, target: await postgres.fresh(), nowMs: Date.now, toLine: () => row() };
    await moveHome({ ...order, onProgress: () => undefined });
    await assert.rejects(backupOf(home), /was moved to/);
  });
});

test('one that nobody vouches for brings no other files than a backup does, and no time that is none', async () => {
  const { file } = await backupOf(await filledHome(10));
  const changed = (change: (manifest: Manifest) => object, name?: string) => {
    const copy = join(dir, fresh('changed.backup'));
    copyFileSync(file, copy);
    const database = new DatabaseSync(copy);
    const { text } = database.prepare('SELECT text FROM backup_manifest').get() as { text: string };
    database.prepare('UPDATE backup_manifest SET text = ?').run(JSON.stringify(change(JSON.parse(text))));
    if (name !== undefined) database.prepare(`INSERT INTO backup_files VALUES (?, 'x')`).run(name);
    database.close();
    return copy;
  };
  const refused = /it has no manifest of this version/;
  const others = [
    'serve.lock',
    'config-path',
    'store.db',
    'issuers.json',
    'keys/x',
    'keys/../x.keys',
    '../x.keys',
    'x.yaml',
  ];
  for (const name of others) {
    const entry = { name, from: 'x', sealed: 'as_it_was', digest: digestOf('x') };
    const copy = changed((manifest) => ({ ...manifest, files: [...manifest.files, entry] }), name);
    await assert.rejects(restoreInto(await newHome(), copy), refused, name);
  }
  for (const madeMs of [8.64e15 + 1, -1]) {
    await assert.rejects(
      restoreInto(
        await newHome(),
        changed((manifest) => ({ ...manifest, madeMs })),
      ),
      refused,
    );
  }
  await restoreInto(
    await newHome(),
    changed((manifest) => manifest),
  );
});

test('of two backups into one file at once one is made, and whole; what a killed one left is not built upon', async () => {
  const home = await filledHome(10);
  const file = join(dir, fresh('x.backup'));
  const both = await Promise.allSettled([backupOf(home, { file }), backupOf(home, { file })]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  await restoreInto(await newHome(), file);
  const other = join(dir, fresh('x.backup'));
  writeFileSync(`${other}.partial`, 'half of it');
  await assert.rejects(backupOf(home, { file: other }), /another backup is being made there, or one was killed/);
  assert.equal(readFileSync(`${other}.partial`, 'utf8'), 'half of it');
});

describe('a backup of a database', () => {
  test('is of one moment, goes into an empty database, and not by itself into a home', async () => {
    const settings = await postgres.fresh();
    const live = await openPostgresStore(settings, { node: 'one' });
    await fill(live, 700);
    const home = await newHome();
    const config = { store: settings, documents: { access: '/nowhere', resource: '/nowhere' } };
    mkdirSync(home.keysDir, { recursive: true });
    const writing = Promise.all(Array.from({ length: 50 }, () => live.commit({ marks: [idJag()], records: [row()] })));
    const { file, lines, manifest } = await backupOf(home, { config });
    await writing;
    await live.artifacts.endSessionsOf(fresh('u'));
    const all = await live.audit.read(0, 10_000);
    await live.close();
    assert.equal(manifest.of.kind, 'database');

    const other = await newHome();
    await assert.rejects(restoreInto(other, file), /is of a database .*\n?/);
    const target = await postgres.fresh();
    let seen = 0;
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'copy' && ++seen === 9) throw new Error('killed');
    };
    await assert.rejects(restoreInto(other, file, { target, onProgress }), /killed/);
    await assert.rejects(openPostgresStore(target, { node: 'x' }), /does not have all of it/);
    await restoreInto(other, file, { target });
    const store = await openPostgresStore(target, { node: 'two' });
    await serve(store);
    const restored = await store.audit.read(0, 10_000);
    assert.deepEqual(restored.slice(0, lines), all.slice(0, lines));
    assert.deepEqual(
      restored.slice(lines).map(({ position }) => position),
      [1, 2, 3].map((n) => (all[lines - 1]?.position ?? 0) + n),
    );
    await store.artifacts.endSessionsOf(fresh('u'));
    await store.close();
    await assert.rejects(restoreInto(await newHome(), file, { target }), /has this backup already/);
  });

  test('a backup of a home goes into a database as well', async () => {
    const { file } = await backupOf(await filledHome(10));
    const target = await postgres.fresh();
    await restoreInto(await newHome(), file, { target });
    const store = await openPostgresStore(target, { node: 'two' });
    await serve(store);
    await store.close();
  });
});
