import { type Kysely, sql } from 'kysely';

/**
 * Indexes of the record that nothing asks, and that made each commit touch as many pages as there are people in it. Who
 * searches the record by person, client or server brings an index that is filled after the answer.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const key of ['person', 'client', 'server']) await sql.raw(`DROP INDEX audit_by_${key}`).execute(db);
}
