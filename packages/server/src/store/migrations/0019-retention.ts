import type { Kysely } from 'kysely';
import { appendOnly, runSteps, type Step } from './ddl.ts';

/**
 * Old lines of the record may go, and no others: up to a place that was written down first, that a checkpoint covers, and at
 * which a stored subtree of the tree ends, so that what is left can still be proved. The database itself sees to it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const pruned = '(SELECT coalesce(max(position), 0) FROM audit_prunings)';
const sealed = '(SELECT coalesce(max(size), 0) FROM audit_checkpoints)';
const goesBack = `NEW.position % 256 <> 0 OR NEW.position > ${sealed} OR NEW.position <= ${pruned}`;

const steps: readonly Step[] = [
  `CREATE TABLE audit_prunings (
     position INTEGER NOT NULL PRIMARY KEY, time_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL
   ) STRICT`,
  appendOnly('audit_prunings'),
  {
    sqlite: [
      `CREATE TRIGGER audit_prunings_are_sealed BEFORE INSERT ON audit_prunings WHEN ${goesBack}
         BEGIN SELECT RAISE(ABORT, 'only what is sealed is pruned'); END`,
      'DROP TRIGGER audit_refuses_delete',
      `CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit WHEN OLD.position > ${pruned}
         BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END`,
    ],
    postgres: [
      `CREATE FUNCTION audit_prunings_are_sealed() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN
           IF ${goesBack} THEN
             RAISE EXCEPTION 'only what is sealed is pruned' USING ERRCODE = 'restrict_violation';
           END IF;
           RETURN NEW;
         END $$`,
      `CREATE TRIGGER audit_prunings_are_sealed BEFORE INSERT ON audit_prunings
         FOR EACH ROW EXECUTE FUNCTION audit_prunings_are_sealed()`,
      `CREATE FUNCTION audit_refuses_delete() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN
           IF OLD.position > ${pruned} THEN
             RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'restrict_violation';
           END IF;
           RETURN OLD;
         END $$`,
      'DROP TRIGGER audit_refuses_change ON audit',
      `CREATE TRIGGER audit_refuses_truncate BEFORE TRUNCATE ON audit
         FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()`,
      `CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit
         FOR EACH ROW EXECUTE FUNCTION audit_refuses_delete()`,
    ],
  },
];
