import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { boundsOf, indexedTo } from './audit-index.ts';
import { type AuditFilter, auditSearchStore } from './audit-search.ts';
import { termOf } from './audit-terms.ts';
import { indexAll } from './contract/audit-search.ts';
import { usePostgres } from './contract/postgres-databases.ts';
import { openPostgresStore } from './postgres.ts';
import type { Schema } from './schema.ts';
import { openSqliteStore } from './sqlite.ts';
import { nodeSqliteDialect, StatementCache } from './sqlite-dialect.ts';
import type { AuditRow, Store } from './store.ts';

const postgres = usePostgres();

const lines = 6000;
const start = 1_700_000_000_000;

/** A record of which most is in the index, and the end is not. */
async function fill(store: Store): Promise<void> {
  const draw = (at: number): AuditRow => ({
    id: `d_${at}`,
    kind: at % 3 === 0 ? 'issuance' : 'tool_call',
    timeMs: start + at * 1000,
    body: JSON.stringify({
      outcome: at % 5 === 0 ? 'refused' : 'allowed',
      ...(at % 5 === 0 && { reason: 'policy_denied' }),
      correlation: `trace-${Math.floor(at / 3)}`,
      scopesGranted: [`scope-${at % 7}`],
      ...(at % 11 === 0 && { credential: `token-${at % 3}` }),
    }),
    personal: JSON.stringify({ salt: 'x', by: `admin-${at % 9}` }),
    person: `person-${at % 300}`,
    client: `client-${at % 4}`,
    server: `server-${at % 6}`,
  });
  for (let at = 0; at < lines; at += 500) {
    await store.commit({ marks: [], records: Array.from({ length: 500 }, (_, next) => draw(at + next)) });
    await indexAll(store); // 1,500 at a time: less is left to wait
  }
}

/** Every combination of filters, or only those of few filters, and all together. */
function* combinations(atMost: number): Generator<AuditFilter> {
  const all: AuditFilter = {
    person: ['person-9'],
    client: ['client-1'],
    server: ['server-3'],
    scope: ['scope-2'],
    kind: ['issuance'],
    outcome: ['allowed'],
    reason: ['policy_denied'],
    correlation: ['trace-9'],
    by: ['admin-3'],
    credential: ['token-1'],
    fromMs: start + 1_000_000,
    toMs: start + 5_000_000,
  };
  const names = Object.keys(all) as (keyof AuditFilter)[];
  for (let choice = 0; choice < 2 ** names.length; choice += 1) {
    const chosen = names.filter((_, at) => choice & (1 << at));
    if (chosen.length <= atMost || chosen.length === names.length) {
      yield Object.fromEntries(chosen.map((name) => [name, all[name]]));
    }
  }
}

/** From the end, and from a page on. */
async function searchFor(search: ReturnType<typeof auditSearchStore>, filters: Iterable<AuditFilter>): Promise<void> {
  for (const filter of filters) {
    await search.find(filter, { limit: 1 });
    await search.find(filter, { before: 2500, limit: 40 });
  }
}

describe('no search reads a table from end to end, whichever filters are combined', () => {
  test('SQLite', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'credence-search-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const file = join(dir, 'store.db');
    const store = await openSqliteStore(file, { node: 'one' });
    await fill(store);
    const database = new DatabaseSync(file);
    const seen = new Map<string, readonly unknown[]>();
    const db = new Kysely<Schema>({
      dialect: nodeSqliteDialect(new StatementCache(database)),
      log: ({ query }) => {
        seen.set(query.sql, query.parameters);
      },
    });
    await searchFor(auditSearchStore({ db, write: async () => [] }), combinations(4));
    assert.ok(seen.size > 5);
    for (const [text, parameters] of seen) {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...(parameters as string[]));
      for (const { detail } of plan) {
        assert.match(String(detail), /^SEARCH (audit|audit_terms|audit_late|audit_early|audit_readers)\b/, text);
      }
    }
    database.close();
    await store.close();
  });

  test('of a time, only stretches that can have lines of it are looked at', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'credence-search-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const file = join(dir, 'store.db');
    const store = await openSqliteStore(file, { node: 'one' });
    await fill(store);
    const database = new DatabaseSync(file);
    const db = new Kysely<Schema>({ dialect: nodeSqliteDialect(new StatementCache(database)) });
    const indexed = await indexedTo(db);
    const lateMs = start + 4_000_000;
    const from = await boundsOf(db, indexed, { fromMs: lateMs });
    assert.ok(from && from.low > 1 && from.low <= 4001 && from.high === indexed, JSON.stringify(from));
    const to = await boundsOf(db, indexed, { toMs: lateMs });
    assert.ok(to && to.low === 1 && to.high < indexed && to.high >= 4000, JSON.stringify(to));
    assert.equal(await boundsOf(db, indexed, { fromMs: start + 1_000_000_000 }), undefined);
    assert.equal(await boundsOf(db, indexed, { toMs: start - 1_000_000_000 }), undefined);
    database.close();
    await store.close();
  });

  test('what was in the index before it said who did something is found all the same, once, in pages', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'credence-search-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const file = join(dir, 'store.db');
    const store = await openSqliteStore(file, { node: 'one' });
    await fill(store);
    const filters: AuditFilter[] = [
      { by: ['admin-3'] },
      { by: ['admin-3', 'admin-4'], kind: ['issuance'] },
      { credential: ['token-1'] },
      { by: ['admin-4'], credential: ['token-1'], client: ['client-1'] },
      { by: ['nobody'] },
    ];
    const search = async (filter: AuditFilter) => {
      const found: string[] = [];
      for (let before: number | undefined, isOver = false; !isOver; isOver = before === undefined) {
        const { rows, next } = await store.auditSearch.find(filter, { before, limit: 100 });
        found.push(...rows.map(({ id }) => id));
        before = next;
      }
      return found;
    };
    const all = [];
    for (const filter of filters) all.push(await search(filter));
    assert.deepEqual(
      all.map(({ length }) => length > 0),
      [true, true, true, true, false],
    );
    // Two stretches as a version of before would have left them.
    const database = new DatabaseSync(file);
    database.exec("UPDATE audit_readers SET position = 3000 WHERE name = 'doers'");
    const terms = [3, 4].map((at) => termOf('by', `admin-${at}`)).concat(termOf('credential', 'token-1'));
    for (const term of terms) {
      const { changes } = database.prepare('DELETE FROM audit_terms WHERE term = ? AND position <= 3000').run(term);
      assert.ok(changes > 0);
    }
    database.close();
    const again = [];
    for (const filter of filters) again.push(await search(filter));
    assert.deepEqual(again, all);
    await store.close();
  });

  let pool: pg.Pool;
  let store: Store;
  before(async () => {
    const settings = await postgres.fresh();
    store = await openPostgresStore(settings, { node: 'one' });
    const { host, port, database, user, passwordFile = '' } = settings;
    const password = readFileSync(passwordFile, 'utf8').trim();
    const types = { getTypeParser: (oid: number) => (oid === 20 ? Number : pg.types.getTypeParser(oid)) };
    pool = new pg.Pool({ host, port, database, user, password, max: 1, types: types as never });
    await fill(store);
  });
  after(async () => {
    await pool.end();
    await store.close();
  });

  test('PostgreSQL', async () => {
    const seen = new Map<string, readonly unknown[]>();
    const db = new Kysely<Schema>({
      dialect: new PostgresDialect({ pool }),
      log: ({ query }) => {
        seen.set(query.sql, query.parameters);
      },
    });
    // Two weeks of minutes: a table of a few rows would be read whole, and rightly so.
    for (const table of ['audit_late', 'audit_early']) {
      await sql`INSERT INTO ${sql.table(table)} SELECT minute * 60000, 1 FROM generate_series(1, 20000) AS minute`.execute(
        db,
      );
    }
    await sql`ANALYZE audit, audit_terms, audit_late, audit_early, audit_readers`.execute(db);
    seen.clear();
    await searchFor(auditSearchStore({ db, write: async () => [] }), combinations(2));
    assert.ok(seen.size > 5);
    for (const [text, parameters] of [...seen]) {
      if (text.includes('from "audit_readers"')) continue; // a table of a few rows
      const { rows } = await pool.query(`EXPLAIN ${text}`, [...parameters]);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.doesNotMatch(plan, /Seq Scan/, `${text}\n${plan}`);
      assert.match(plan, /Index (Only )?Scan/, `${text}\n${plan}`);
    }
  });
});
