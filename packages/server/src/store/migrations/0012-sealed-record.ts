import type { Kysely } from 'kysely';
import { appendOnly, runSteps, type Step } from './ddl.ts';

/**
 * What tells of a person stands beside its line and can be erased, by itself: a trigger lets nothing else be changed. And the
 * record is sealed: a Merkle tree over its lines, of which the root is signed again and again.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const kept = ['position', 'node', 'seq', 'previous_hash', 'hash', 'id', 'kind', 'time_ms', 'body'];
const lookedUp = ['client', 'server', 'id_jag', 'access_token'];
/** The one change that a line may go through. @param same - how a database says that two values are no different, NULL included */
const isErasure = (same: string) =>
  [...kept, ...lookedUp]
    .map((column) => `NEW.${column} ${same} OLD.${column}`)
    .concat('NEW.personal IS NULL', 'NEW.person IS NULL')
    .join(' AND ');

const steps: readonly Step[] = [
  'ALTER TABLE audit ADD COLUMN personal TEXT',
  {
    sqlite: [
      'DROP TRIGGER audit_refuses_update',
      `CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit WHEN NOT (${isErasure('IS')})
         BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END`,
    ],
    postgres: [
      'DROP TRIGGER audit_refuses_change ON audit',
      `CREATE TRIGGER audit_refuses_change BEFORE DELETE OR TRUNCATE ON audit
         FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()`,
      `CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit
         FOR EACH ROW WHEN (NOT (${isErasure('IS NOT DISTINCT FROM')})) EXECUTE FUNCTION audit_refuses()`,
    ],
  },

  `CREATE TABLE audit_checkpoints (
     number INTEGER NOT NULL PRIMARY KEY, size INTEGER NOT NULL UNIQUE, root TEXT NOT NULL, time_ms INTEGER NOT NULL,
     statement TEXT NOT NULL
   ) STRICT`,
  appendOnly('audit_checkpoints'),
  `CREATE TABLE audit_tree (
     level INTEGER NOT NULL, place INTEGER NOT NULL, hash TEXT NOT NULL,
     PRIMARY KEY (level, place)
   ) STRICT, WITHOUT ROWID`,
  appendOnly('audit_tree'),
  `CREATE TABLE audit_witnesses (
     name TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL, time_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
];
