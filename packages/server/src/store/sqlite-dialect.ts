import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { SqliteDialect } from 'kysely';
import { toStoreError } from './sqlite-error.ts';

/** More different texts of statements than there are queries; a list of variable length must not fill the memory. */
const maxStatements = 256;

/** Prepares each text once. */
export class StatementCache {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= maxStatements) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Runs Kysely on `node:sqlite`. The database is closed by whoever opened it. */
export function nodeSqliteDialect(statements: StatementCache): SqliteDialect {
  return new SqliteDialect({
    database: {
      close: () => undefined,
      prepare: (sql) => {
        const statement = orStoreError(() => statements.prepare(sql));
        const call = <T>(method: (...values: SQLInputValue[]) => T, values: readonly unknown[]) =>
          orStoreError(() => method.apply(statement, values as SQLInputValue[]));
        return {
          reader: orStoreError(() => statement.columns()).length > 0,
          all: (values) => call(statement.all, values),
          run: (values) => call(statement.run, values),
          iterate: (values) => call(statement.iterate, values),
        };
      },
    },
  });
}

/** Runs `work`; an error that means the store is away leaves as `StoreUnavailable`. */
export function orStoreError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStoreError(error);
  }
}
