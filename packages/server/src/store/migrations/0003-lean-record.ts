import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/**
 * Indexes of the record that nothing asks, and that made each commit touch as many pages as there are people in it. Who
 * searches the record by person, client or server brings an index that is filled after the answer.
 *
 * Where each chain stands is a row of its own: written once for a group of lines, not looked up in an index of all of them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  ...['person', 'client', 'server', 'place'].map((key) => `DROP INDEX audit_by_${key}`),
  `CREATE TABLE chains (
     node TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL
   ) STRICT, WITHOUT ROWID`,
  `INSERT INTO chains (node, seq, hash)
     SELECT node, seq, hash FROM audit AS line
     WHERE seq = (SELECT max(seq) FROM audit WHERE node = line.node)`,

  // Moves whenever a session stops holding a sid, whoever made it so and by whichever statement: by this a process knows
  // that what it remembers of sessions is still so.
  'CREATE TABLE session_sequence (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL) STRICT',
  'INSERT INTO session_sequence (id, value) VALUES (1, 0)',
  {
    sqlite: [
      `CREATE TRIGGER session_sids_counts_delete AFTER DELETE ON session_sids
         BEGIN UPDATE session_sequence SET value = value + 1; END`,
      `CREATE TRIGGER session_sids_counts_update AFTER UPDATE ON session_sids
         BEGIN UPDATE session_sequence SET value = value + 1; END`,
      `CREATE TRIGGER artifacts_counts_expiry AFTER UPDATE OF expires_at ON artifacts WHEN NEW.model = 'Session'
         BEGIN UPDATE session_sequence SET value = value + 1; END`,
    ],
    postgres: [
      `CREATE FUNCTION count_session_change() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN UPDATE session_sequence SET value = value + 1; RETURN NULL; END $$`,
      `CREATE TRIGGER session_sids_counts AFTER UPDATE OR DELETE ON session_sids
         FOR EACH ROW EXECUTE FUNCTION count_session_change()`,
      `CREATE TRIGGER artifacts_counts_expiry AFTER UPDATE OF expires_at ON artifacts
         FOR EACH ROW WHEN (NEW.model = 'Session' AND NEW.expires_at IS DISTINCT FROM OLD.expires_at)
         EXECUTE FUNCTION count_session_change()`,

      // Several write at once here, and take turns where order matters, by rows that are held until all is done. `audit`:
      // who appends to the record; its value is the last position given, so that positions appear in their order and whoever
      // reads from one onward misses none. `change`: who changes anything else, so that changes follow one another as they
      // do in SQLite, and no two nodes decide by what the other is just about to change.
      'CREATE TABLE turns (name TEXT NOT NULL PRIMARY KEY, value bigint NOT NULL)',
      `INSERT INTO turns (name, value) SELECT 'audit', coalesce(max(position), 0) FROM audit`,
      `INSERT INTO turns (name, value) VALUES ('change', 0)`,
    ],
  },
];
