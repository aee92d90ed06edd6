import type { Compilable, Kysely } from 'kysely';
import type { RecentLines } from './recent-lines.ts';
import type { Schema } from './schema.ts';
import type { AuditRow } from './store.ts';

/**
 * What a database brings along; everything else about the store is shared. Executing a query of `db` reads. What changes
 * something goes through {@link Engine.write}, so that it is durable, grouped with its neighbours and never half done.
 */
export interface Engine {
  readonly db: Kysely<Schema>;
  /** Resolves, once durable, to the number of rows that each step changed. */
  write(change: Change): Promise<readonly number[]>;
  /** What this process has just written, where it is kept at hand. */
  readonly recent?: RecentLines | undefined;
}

/** Steps that happen together or not at all, in this order, followed by lines of the record. */
export interface Change {
  readonly steps: readonly Compilable[];
  readonly records?: readonly AuditRow[];
  /** The first step is a condition: when it changes no row, nothing after it happens. */
  readonly conditional?: boolean;
}

/**
 * Steps that really write, and of which nothing is left: there and back. One that only set what is there already would be
 * skipped by SQLite.
 */
export function thereAndBack(db: Kysely<Schema>): Compilable[] {
  return [countChange(db), db.updateTable('change_sequence').set((row) => ({ value: row('value', '-', 1) }))];
}

/** The step that tells every node to drop what it keeps in memory. */
export function countChange(db: Kysely<Schema>): Compilable {
  return db.updateTable('change_sequence').set((row) => ({ value: row('value', '+', 1) }));
}
