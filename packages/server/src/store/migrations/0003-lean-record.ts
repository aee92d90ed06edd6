import { type Kysely, sql } from 'kysely';

/**
 * Indexes of the record that nothing asks, and that made each commit touch as many pages as there are people in it. Who
 * searches the record by person, client or server brings an index that is filled after the answer.
 *
 * Where each chain stands is a row of its own: written once for a group of lines, not looked up in an index of all of them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
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
  `CREATE TRIGGER session_sids_counts_delete AFTER DELETE ON session_sids
     BEGIN UPDATE session_sequence SET value = value + 1; END`,
  `CREATE TRIGGER session_sids_counts_update AFTER UPDATE ON session_sids
     BEGIN UPDATE session_sequence SET value = value + 1; END`,
  `CREATE TRIGGER artifacts_counts_expiry AFTER UPDATE OF expires_at ON artifacts WHEN NEW.model = 'Session'
     BEGIN UPDATE session_sequence SET value = value + 1; END`,
];
