import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { Kysely } from 'kysely';
import { draft, erin, newDigestKey, now, row, version } from './contract/fixtures.ts';
import { usePostgres } from './contract/postgres-databases.ts';
import { secretPart } from './credentials.ts';
import { type Covered, type CoveredName, covered, type DigestKey, StoreAltered } from './digests.ts';
import { openPostgresStore } from './postgres.ts';
import type { Schema } from './schema.ts';
import { openSqliteStore } from './sqlite.ts';
import { nodeSqliteDialect, StatementCache } from './sqlite-dialect.ts';
import { sqliteWriter } from './sqlite-writer.ts';
import { type Store, StoreConflict, StoreUnavailable } from './store.ts';

interface UnderTest {
  open(digestKey?: DigestKey): Promise<Store>;
  /** As somebody who owns the database, and nothing else of the installation. */
  alter(statement: string): Promise<unknown>;
}

const dir = mkdtempSync(join(tmpdir(), 'credence-digests-'));
after(() => rmSync(dir, { recursive: true }));
const postgres = usePostgres();
let made = 0;

const kinds: Readonly<Record<string, () => Promise<UnderTest>>> = {
  SQLite: async () => {
    const file = join(dir, `${++made}.db`);
    return {
      open: (digestKey) => openSqliteStore(file, { node: `n${++made}`, ...(digestKey && { digestKey }) }),
      alter: async (statement) => {
        const database = new DatabaseSync(file);
        for (const verb of ['update', 'delete']) database.exec(`DROP TRIGGER IF EXISTS policies_refuses_${verb}`);
        database.exec(statement);
        database.close();
      },
    };
  },
  PostgreSQL: async () => {
    const settings = await postgres.fresh();
    return {
      open: (digestKey) => openPostgresStore(settings, { node: `n${++made}`, ...(digestKey && { digestKey }) }),
      alter: (statement) =>
        postgres
          .server()
          .run(settings.database, `DROP TRIGGER IF EXISTS policies_refuses_change ON policies; ${statement}`),
    };
  },
};

const secret = { domain: 'idp', clientId: 'c', secretHash: 'h', createdAt: now } as const;
const dana = erin({ id: 'u_dana' });
const mallory = erin({ id: 'u_mallory' });

/** A store with something in each part. */
async function fill(store: Store): Promise<void> {
  for (const person of [dana, mallory]) await store.people.save(person);
  await store.policies.append(version(1, '{"a":1}'), [row()]);
  await store.policies.append(version(2, '{"a":2}'), []);
  await store.policies.append(version(1, '{"trust":{}}', 'resource'), []);
  await store.credentials.add(secret);
  await store.credentials.add({ ...secret, domain: 'ras' });
  await store.administrators.grant({ personId: dana.id, role: 'auditor', grantedAt: now }, []);
  await store.drafts.add(draft('{"a":4}', { id: 'dr_1' }), []);
}

const reads: Readonly<Record<CoveredName, (store: Store) => Promise<unknown>>> = {
  access: (store) => store.policies.latest('access'),
  resource: (store) => store.policies.latest('resource'),
  'secrets:idp': (store) => store.credentials.all('idp'),
  'secrets:ras': (store) => store.credentials.all('ras'),
  administrators: (store) => store.administrators.roleOf('u_mallory'),
  drafts: (store) => store.drafts.find('dr_1'),
};

const sha = (text: string) => version(1, text).digest;
const alterations: [name: string, part: CoveredName, statement: string][] = [
  ['a document', 'access', `UPDATE policies SET document = '{"a":3}' WHERE kind = 'access' AND version = 2`],
  [
    'a document with the digest that goes with it',
    'access',
    `UPDATE policies SET document = '{"a":3}', digest = '${sha('{"a":3}')}' WHERE kind = 'access' AND version = 2`,
  ],
  [
    'an older version, which explains what was',
    'access',
    `UPDATE policies SET document = '{"a":3}', digest = '${sha('{"a":3}')}' WHERE kind = 'access' AND version = 1`,
  ],
  [
    'the author of a version',
    'access',
    `UPDATE policies SET author = 'u_mallory' WHERE kind = 'access' AND version = 2`,
  ],
  ['the newest version taken away', 'access', `DELETE FROM policies WHERE kind = 'access' AND version = 2`],
  [
    'a version put in',
    'access',
    `INSERT INTO policies VALUES ('access', 3, '{"a":3}', '${sha('{"a":3}')}', 'u_dana', ${now})`,
  ],
  [
    'an issuer that is trusted',
    'resource',
    `UPDATE policies SET document = '{"trust":{"https://evil.example":{}}}',
       digest = '${sha('{"trust":{"https://evil.example":{}}}')}' WHERE kind = 'resource'`,
  ],
  ['the secret of a client', 'secrets:idp', `UPDATE client_secrets SET secret_hash = 'mine' WHERE domain = 'idp'`],
  ['a second secret of a client', 'secrets:ras', `INSERT INTO client_secrets VALUES ('ras', 'c', 'mine', ${now})`],
  ['a role of administrators', 'administrators', `UPDATE administrators SET role = 'owner' WHERE person_id = 'u_dana'`],
  ['an administrator', 'administrators', `INSERT INTO administrators VALUES ('u_mallory', 'owner', ${now})`],
  ['who wrote a draft, so that they could approve it', 'drafts', `UPDATE drafts SET authors = 'u_other'`],
  ['the text of a draft that waits', 'drafts', `UPDATE drafts SET document = '{"a":5}'`],
  [
    'the text of a draft with the digest that goes with it',
    'drafts',
    `UPDATE drafts SET document = '{"a":5}', digest = '${sha('{"a":5}')}'`,
  ],
  [
    'a draft put in',
    'drafts',
    `INSERT INTO drafts SELECT 'dr_2', kind, name, base, document, digest, revision, state, authors, created_at, changed_at FROM drafts`,
  ],
  ['a draft taken away', 'drafts', 'DELETE FROM drafts'],
  ['a statement', 'access', `UPDATE digests SET statement = 'x' WHERE name = 'access'`],
  ['the number of a statement', 'secrets:ras', `UPDATE digests SET sequence = sequence + 1 WHERE name = 'secrets:ras'`],
  [
    'the statement of another part',
    'secrets:ras',
    `UPDATE digests SET (sequence, statement, mac) =
       (SELECT sequence, statement, mac FROM digests WHERE name = 'secrets:idp') WHERE name = 'secrets:ras'`,
  ],
  ['a statement taken away', 'administrators', `DELETE FROM digests WHERE name = 'administrators'`],
];

for (const [kind, make] of Object.entries(kinds)) {
  describe(`T24: what was altered behind our back is not used, ${kind}`, () => {
    test('what was written through us is read by any node that has the key', async () => {
      const { open } = await make();
      const key = newDigestKey();
      const [one, other] = [await open(key), await open(key)];
      await fill(one);
      assert.equal((await other.policies.latest('access'))?.version, 2);
      await other.policies.append(version(3, '{"a":3}'), []);
      assert.equal((await one.policies.latest('access'))?.version, 3);
      assert.deepEqual(await one.credentials.all('idp'), [secret]);
      await other.credentials.remove('idp', 'c', 'h');
      assert.deepEqual(await one.credentials.all('idp'), []);
      assert.equal(await other.administrators.roleOf('u_dana'), 'auditor');
      assert.deepEqual(
        (await one.digests.verify({ texts: true })).filter(({ fault }) => fault),
        [],
      );
      await assert.rejects(one.policies.append(version(3, '{"a":4}'), []), StoreConflict);
      for (const store of [one, other]) await store.close();
    });

    // A database for each takes a second there: one alteration for each way to alter something.
    const tried =
      kind === 'SQLite' ? alterations : alterations.filter((_, at) => [1, 4, 6, 8, 9, 10, 11, 14].includes(at));
    for (const [name, part, statement] of tried) {
      test(`${name}: refused by a node that runs, and by one that starts`, async () => {
        const { open, alter } = await make();
        const key = newDigestKey();
        const store = await open(key);
        await fill(store);
        for (const one of Object.keys(reads) as CoveredName[]) await reads[one](store);
        await alter(statement);
        const isAltered = (error: unknown) =>
          error instanceof StoreAltered && error instanceof StoreUnavailable && error.what === part;
        await assert.rejects(reads[part](store), isAltered);
        await store.close();
        const started = await open(key);
        await assert.rejects(reads[part](started), isAltered);
        for (const one of Object.keys(reads) as CoveredName[]) if (one !== part) await reads[one](started);
        const faults = (await started.digests.verify({ texts: true })).filter(({ fault }) => fault !== undefined);
        assert.deepEqual(
          faults.map(({ name: of }) => of),
          [part],
        );
        await started.close();
      });
    }

    test('nothing is written on top of what was altered: that would cover it', async () => {
      const { open, alter } = await make();
      const store = await open(newDigestKey());
      await fill(store);
      await alter(`INSERT INTO client_secrets VALUES ('ras', 'c', 'mine', ${now})`);
      await assert.rejects(store.credentials.add({ ...secret, domain: 'ras', clientId: 'd' }), StoreAltered);
      await store.close();
    });

    test('what was taken back stays out: rows and statement of an earlier day, while a node runs', async () => {
      const { open, alter } = await make();
      const store = await open(newDigestKey());
      await fill(store);
      await alter('CREATE TABLE kept AS SELECT * FROM digests');
      await store.credentials.remove('idp', 'c', 'h');
      await alter(`INSERT INTO client_secrets VALUES ('idp', 'c', 'h', ${now})`);
      await assert.rejects(store.credentials.all('idp'), /are not those that were written/);
      await alter(`DELETE FROM digests WHERE name = 'secrets:idp';
        INSERT INTO digests SELECT * FROM kept WHERE name = 'secrets:idp'`);
      await assert.rejects(store.credentials.all('idp'), /were put back/);
      await store.close();
    });

    test('an administrator goes with the person, and is not missed', async () => {
      const { open, alter } = await make();
      const store = await open(newDigestKey());
      await fill(store);
      await alter(`DELETE FROM people WHERE id = 'u_dana'`);
      assert.deepEqual(await store.administrators.list(), []);
      await alter(`INSERT INTO people (id, source, email, email_folded, name, active)
        VALUES ('u_new', 'local', 'n', 'n', 'n', 1); INSERT INTO administrators VALUES ('u_new', 'auditor', ${now})`);
      await assert.rejects(store.administrators.list(), StoreAltered);
      await store.close();
    });

    test('administrators who were deleted in the database leave an installation that somebody administers', async () => {
      const { open, alter } = await make();
      const key = newDigestKey();
      const store = await open(key);
      assert.equal(await store.administrators.isAdministered(), false);
      await fill(store);
      assert.equal(await store.administrators.isAdministered(), true);
      await alter('DELETE FROM administrators');
      assert.deepEqual(await store.administrators.list(), []);
      assert.equal(await store.administrators.isAdministered(), true);
      await alter(`DELETE FROM digests WHERE name = 'administrators'`);
      const again = await open(key);
      assert.equal(await again.administrators.isAdministered(), true, 'also with what covered them');
      await again.close();
      await store.close();
    });

    test('a store from before is taken as it is, once; one of another key never', async () => {
      const { open, alter } = await make();
      const before = await open(newDigestKey());
      await fill(before);
      await before.close();
      await alter('DELETE FROM digests');
      const key = newDigestKey();
      const upgraded = await open(key);
      assert.equal((await upgraded.policies.latest('access'))?.version, 2);
      assert.deepEqual([...key.adopted], ['access']);
      await alter(`DELETE FROM digests WHERE name = 'access'`);
      await assert.rejects(upgraded.policies.latest('access'), /covered by no digest/);
      const foreign = await open(newDigestKey('another'));
      await alter('DELETE FROM digests');
      await upgraded.credentials.all('ras');
      await assert.rejects(foreign.credentials.all('ras'), /not made with the key/);
      for (const store of [upgraded, foreign]) await store.close();
    });

    test('an operator who has looked takes it as it is, with a line on the record', async () => {
      const { open, alter } = await make();
      const store = await open(newDigestKey());
      await fill(store);
      await alter(`UPDATE administrators SET role = 'owner' WHERE person_id = 'u_dana'`);
      const line = row();
      await store.digests.accept([line]);
      assert.equal(await store.administrators.roleOf('u_dana'), 'owner');
      assert.ok(await store.audit.find(line.id));
      await store.close();
    });

    test('a store that nobody covers is changed as any other', async () => {
      const { open } = await make();
      const store = await open();
      await fill(store);
      await store.credentials.remove('idp', 'another', 'h');
      assert.deepEqual(await store.credentials.all('idp'), [secret]);
      await store.credentials.remove('idp', 'c', 'h');
      assert.deepEqual(await store.credentials.all('idp'), []);
      await store.close();
    });

    test('of many who change a part at once each is covered', async () => {
      const { open } = await make();
      const key = newDigestKey();
      const stores = [await open(key), await open(key)];
      await fill(stores[0] as Store);
      const add = (at: number) => stores[at % 2]?.credentials.add({ ...secret, clientId: `c${at}` });
      await Promise.all(Array.from({ length: 4 }, (_, at) => add(at)));
      assert.equal((await stores[1]?.credentials.all('idp'))?.length, 5);
      for (const store of stores) await store.close();
    });
  });
}

describe('T24: what covers a part, while others change it', () => {
  /** A store with something in it, and the parts of another node on the same file. */
  async function beside(key: DigestKey) {
    const file = join(dir, `${++made}.db`);
    const store = await openSqliteStore(file, { node: `n${++made}`, digestKey: key });
    await fill(store);
    const database = new DatabaseSync(file);
    const statements = new StatementCache(database);
    const db = new Kysely<Schema>({ dialect: nodeSqliteDialect(statements) });
    const { write } = sqliteWriter(database, statements, `n${++made}`);
    const sequences = () =>
      Object.fromEntries(
        database
          .prepare('SELECT name, sequence FROM digests')
          .all()
          .map(({ name, sequence }) => [name, sequence]),
      );
    const close = async () => {
      database.close();
      await store.close();
    };
    return {
      store,
      database,
      secrets: secretPart({ db }, 'idp'),
      digests: covered({ db, write }, key),
      sequences,
      close,
    };
  }

  /** The part, and somebody who changes it each time just before it is read, for so many times. */
  function hurried<Row>(part: Covered<Row>, change: () => Promise<unknown>, times: number) {
    const counted = { reads: 0 };
    const read = async () => {
      counted.reads += 1;
      if (counted.reads <= times) await change();
      return part.read();
    };
    return { counted, part: { ...part, read } };
  }

  test('rows and digest that do not belong together are read again, five times at most', async () => {
    const { store, secrets, digests, close } = await beside(newDigestKey());
    const add = () => store.credentials.add({ ...secret, clientId: `hurried-${++made}` });
    const once = hurried(secrets, add, 1);
    assert.equal((await digests.checked(once.part)).length, 2);
    assert.equal(once.counted.reads, 2);
    const always = hurried(secrets, add, Number.POSITIVE_INFINITY);
    await assert.rejects(digests.checked(always.part), /change faster than they can be read/);
    assert.equal(always.counted.reads, 5);
    await close();
  });

  test('what is written on top of what somebody else has changed is written again, five times at most', async () => {
    const key = newDigestKey();
    let [tries, wasRead] = [0, false];
    const { store, secrets, digests, close } = await beside({
      ...key,
      async mac(text) {
        const isBetween = wasRead;
        wasRead = false;
        if (isBetween) await store.credentials.add({ ...secret, clientId: `meanwhile-${tries}` });
        return key.mac(text);
      },
    });
    const after = <Row>(rows: readonly Row[]) => {
      tries += 1;
      wasRead = true;
      return rows;
    };
    await assert.rejects(digests.write(secrets, after, { steps: [] }), /change faster than they can be written/);
    assert.equal(tries, 5);
    await close();
  });

  test('a line on the record comes with what it tells of', async () => {
    const { store, close } = await beside(newDigestKey());
    const line = row();
    await store.administrators.grant({ personId: mallory.id, role: 'auditor', grantedAt: now }, [line]);
    assert.ok(await store.audit.find(line.id));
    await close();
  });

  test('the mark of a folder of keys that was restored comes back with the first reading', async () => {
    const key = newDigestKey();
    const { secrets, digests, close } = await beside(key);
    key.adopted.clear();
    await digests.checked(secrets);
    assert.deepEqual([...key.adopted], [secrets.name]);
    await close();
  });

  test('a key that cannot be used is no word of somebody who altered something', async () => {
    const key = { ...newDigestKey() };
    const { store, close } = await beside(key);
    const away = new Error('the folder of keys is away');
    key.mac = () => Promise.reject(away);
    await assert.rejects(store.digests.verify(), away);
    await close();
  });

  test('an operator takes what was altered as it is, and nothing else', async () => {
    const { store, database, sequences, close } = await beside(newDigestKey());
    database.exec(`UPDATE administrators SET role = 'owner' WHERE person_id = 'u_dana'`);
    const { administrators, ...before } = sequences();
    await store.digests.accept([row()]);
    const { administrators: accepted, ...others } = sequences();
    assert.equal(accepted, Number(administrators) + 1);
    assert.deepEqual(others, before);
    await close();
  });
});
