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
];
