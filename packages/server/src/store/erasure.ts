import { sql } from 'kysely';
import type { Engine } from './engine.ts';
import { isPostgres } from './migrations/ddl.ts';
import type { AuditRow } from './store.ts';

/** Takes out of the record what it says of a person. The lines stay, and so do their hashes. */
export interface ErasureStore {
  /** Ids of accounts here that were made for this subject of this issuer. */
  accountsOf(issuer: string, subject: string): Promise<readonly string[]>;
  /** Positions, from `from` to before `to`, of lines that have one of these texts in the part that can be erased. */
  linesWith(texts: readonly string[], from: number, to: number): Promise<readonly number[]>;
  /** Lines of version 1 that say it in the line itself, where it stays. */
  countInBodies(texts: readonly string[]): Promise<number>;
  /** Erases it, look-up columns included, together with the line that tells of it. */
  blank(positions: readonly number[], records: readonly AuditRow[]): Promise<void>;
  /** Forgets whose agents were at work where, as it was gathered from the record. */
  forgetUses(personIds: readonly string[]): Promise<void>;
  /** Forgets what these people have asked for, and that they have answered others. */
  forgetRequests(personIds: readonly string[]): Promise<void>;
  /** From here on what is taken out is overwritten in the file, not only let go. SQLite only. */
  overwrite(): Promise<void>;
  /** Writes the log back into the file and, with `compact`, the file anew. False when somebody else was at it. SQLite only. */
  writeBack(compact: boolean): Promise<boolean>;
}

export function erasureStore({ db, write }: Engine): ErasureStore {
  const inPostgres = isPostgres(db as never);
  /** No LIKE, whose case and escapes differ from one database to the other. */
  const has = (column: 'personal' | 'body', texts: readonly string[]) => {
    const lower = sql`lower(${sql.ref(column)})`;
    // Both sides by the database, whose idea of a small letter is not ours.
    const terms = texts.map((text) => sql`replace(${lower}, lower(${text}), '') <> ${lower}`);
    return sql<boolean>`(${sql.join(terms, sql` or `)})`;
  };
  return {
    accountsOf: async (issuer, subject) => {
      const rows = await db
        .selectFrom('accounts')
        .select('id')
        .where('issuer', '=', issuer)
        .where('subject', '=', subject)
        .execute();
      return rows.map(({ id }) => id);
    },

    linesWith: async (texts, from, to) => {
      const rows = await db
        .selectFrom('audit')
        .select('position')
        .where('position', '>=', from)
        .where('position', '<', to)
        .where('personal', 'is not', null)
        .where(has('personal', texts))
        .orderBy('position')
        .execute();
      return rows.map(({ position }) => position);
    },

    countInBodies: async (texts) => {
      const { found } = await db
        .selectFrom('audit')
        .select(({ fn }) => fn.countAll<number>().as('found'))
        .where('personal', 'is', null)
        .where(has('body', texts))
        .executeTakeFirstOrThrow();
      return Number(found);
    },

    blank: async (positions, records) => {
      const steps = [];
      for (let at = 0; at < positions.length; at += 500) {
        const some = positions.slice(at, at + 500);
        steps.push(db.updateTable('audit').set({ personal: null, person: null }).where('position', 'in', some));
      }
      await write({ steps, records });
    },

    forgetUses: async (personIds) => {
      const tables = ['agent_uses', 'agent_people'] as const;
      await write({ steps: tables.map((table) => db.deleteFrom(table).where('person_id', 'in', [...personIds])) });
    },

    forgetRequests: async (personIds) => {
      const theirs = db.deleteFrom('access_requests').where('person_id', 'in', [...personIds]);
      const answers = db
        .updateTable('access_requests')
        .set({ answered_by: null })
        .where('answered_by', 'in', [...personIds]);
      await write({ steps: [theirs, answers] });
    },

    overwrite: async () => {
      if (!inPostgres) await sql`PRAGMA secure_delete = ON`.execute(db);
    },

    writeBack: async (compact) => {
      if (inPostgres) return true;
      try {
        if (compact) await sql`VACUUM`.execute(db);
        const { rows } = await sql<{ busy: number }>`PRAGMA wal_checkpoint(TRUNCATE)`.execute(db);
        return rows[0]?.busy === 0;
      } catch (error) {
        if (error instanceof Error && /locked|busy/i.test(`${error.message} ${String(error.cause)}`)) return false;
        throw error;
      }
    },
  };
}
