import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Problem } from '../problem.ts';
import * as first from './migrations/0001-first.ts';
import * as secondFactors from './migrations/0002-second-factors.ts';
import * as leanRecord from './migrations/0003-lean-record.ts';
import * as accountsOfTenants from './migrations/0004-accounts-of-tenants.ts';
import * as directory from './migrations/0005-directory.ts';
import * as upstream from './migrations/0006-upstream.ts';
import * as bulletins from './migrations/0007-bulletins.ts';
import * as cutOffs from './migrations/0008-cut-offs.ts';
import * as people from './migrations/0009-people.ts';
import * as usedOnce from './migrations/0010-used-once.ts';
import * as losses from './migrations/0011-losses.ts';
import * as sealedRecord from './migrations/0012-sealed-record.ts';
import * as search from './migrations/0013-search.ts';
import * as stops from './migrations/0014-stops.ts';
import * as epochs from './migrations/0015-epochs.ts';
import * as exportsOfRecord from './migrations/0016-exports.ts';
import * as digests from './migrations/0017-digests.ts';
import * as adminApi from './migrations/0018-admin-api.ts';
import * as retention from './migrations/0019-retention.ts';
import * as joins from './migrations/0021-joins.ts';
import * as drafts from './migrations/0022-drafts.ts';
import * as holdings from './migrations/0023-holdings.ts';
import * as uses from './migrations/0024-uses.ts';
import * as requests from './migrations/0025-requests.ts';
import * as sums from './migrations/0026-sums.ts';
import * as doers from './migrations/0027-doers.ts';
import type { Schema } from './schema.ts';
import type { SchemaStep } from './schema-steps.ts';

/** Every step a database has gone through, in order; names never change once released. */
export const migrations: Readonly<Record<string, SchemaStep>> = {
  '0001-first': first,
  '0002-second-factors': secondFactors,
  '0003-lean-record': leanRecord,
  '0004-accounts-of-tenants': accountsOfTenants,
  '0005-directory': directory,
  '0006-upstream': upstream,
  '0007-bulletins': bulletins,
  '0008-cut-offs': cutOffs,
  '0009-people': people,
  '0010-used-once': usedOnce,
  '0011-losses': losses,
  '0012-sealed-record': sealedRecord,
  '0016-exports': exportsOfRecord,
  '0017-digests': digests,
  '0018-admin-api': adminApi,
  '0019-retention': retention,
  '0013-search': search,
  '0015-epochs': epochs,
  '0014-stops': stops,
  '0021-joins': joins,
  '0023-holdings': holdings,
  '0024-uses': uses,
  '0022-drafts': drafts,
  '0025-requests': requests,
  '0026-sums': sums,
  '0027-doers': doers,
};

/**
 * Brings an SQLite database to this version's tables, in one transaction: all steps or none, and never two processes at
 * once. A database that knows a step this version does not is left alone.
 */
export async function migrate(database: DatabaseSync, db: Kysely<Schema>, path: string): Promise<void> {
  if (pending(database, path).length === 0) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    // Asked again under the lock: another process may have done it meanwhile.
    if (pending(database, path).length > 0) {
      const { error } = await new Migrator({
        db,
        provider: { getMigrations: async () => migrations },
        // Steps that were written side by side may reach a home in another order; each stands alone.
        allowUnorderedMigrations: true,
      }).migrateToLatest();
      if (error !== undefined) throw error;
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Steps of this version that an SQLite database has not gone through. Throws `Problem` when it knows one that this version does not. */
export function pending(database: DatabaseSync, path: string): string[] {
  const exists = database.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'kysely_migration'`).get();
  const applied = new Set(
    exists
      ? database
          .prepare('SELECT name FROM kysely_migration')
          .all()
          .map(({ name }) => String(name))
      : [],
  );
  const unknown = [...applied].find((name) => !Object.hasOwn(migrations, name));
  if (unknown !== undefined) {
    throw new Problem(
      `The home ${dirname(path)} was written by a newer version of credence (it has step ${unknown}).`,
      'Run that version or a later one, or name another folder with --home.',
    );
  }
  return Object.keys(migrations).filter((name) => !applied.has(name));
}
