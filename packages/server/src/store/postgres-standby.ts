import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';

interface Replication {
  /** Whoever takes a copy of the log: a standby, or something that only archives. */
  readonly copies: number;
  /** Of these, those whose confirmation commits wait for; unknown where we may not see it. */
  readonly confirming: number;
  readonly hidden: number;
  readonly names: string;
}

/**
 * What may be lost when another server takes over (T22), in the operator's words. Nobody can tell a standby from a copy that is
 * only read, so this is said and not refused; `store.standby: require` refuses.
 */
export async function findRisks(db: Kysely<Schema>): Promise<string[]> {
  const { rows } = await sql<Replication>`
    SELECT count(*) AS copies, count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) AS confirming,
      count(*) FILTER (WHERE sync_state IS NULL) AS hidden,
      coalesce(current_setting('synchronous_standby_names', true), '') AS names
    FROM pg_stat_replication`.execute(db);
  const words = rows[0] && riskOf(rows[0]);
  return words === undefined ? [] : [words];
}

/** What is to be said of a server with these copies; nothing where all is well. */
export function riskOf({ copies, confirming, hidden, names }: Replication): string | undefined {
  if (names === '') {
    if (copies === 0) return undefined;
    return 'the database is replicated, and no standby is synchronous: one that takes over may lack what was confirmed; set synchronous_standby_names';
  }
  if (confirming > 0) return undefined;
  if (hidden > 0) {
    return 'synchronous_standby_names is set, and this user cannot see whether a standby goes by it: GRANT pg_monitor to it, or look at pg_stat_replication yourself';
  }
  return 'synchronous_standby_names is set, and no standby that it names is connected: nothing can be committed until one is';
}
