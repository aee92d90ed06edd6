import type { EpochSeconds } from '@credence/mcp/protocol';
import { toTenant } from './accounts.ts';
import { currentSeconds, toArtifact } from './artifacts.ts';
import { type AccountRow, never, type StandingRow, toAccountWithCutOff, tokensBefore } from './cut-offs.ts';
import type { Connections } from './postgres-connection.ts';
import { toStoreError } from './postgres-error.ts';
import type { Account, Person } from './store.ts';
import type { HotReads } from './whole-store.ts';

/** The end of a session that has none: a time nobody will see. */
const forever = 1e11;
/** People are in the store; only those whose agents are at work just now are remembered. */
const maxRemembered = 5000;

interface Sequences {
  readonly changes: number;
  readonly sessions: number;
  readonly losses: number;
}

/**
 * Each row by its key. Joined without it, PostgreSQL takes tables of one row that it has not analysed yet for thousands of
 * rows each, and their product for something worth compiling: a tenth of a second for each connection's every look.
 */
export const sequencesText = `SELECT
  (SELECT value FROM change_sequence WHERE id = 1) AS changes,
  (SELECT value FROM session_sequence WHERE id = 1) AS sessions,
  (SELECT value FROM loss_sequence WHERE id = 1) AS losses`;

/** Statements that are prepared once for each connection. */
export function postgresReads(connections: Connections): HotReads {
  const first = async <R>(name: string, text: string, values: readonly unknown[]): Promise<R | undefined> => {
    // In no text of the store there is a NUL, and PostgreSQL would not even compare with one.
    if (values.some((value) => typeof value === 'string' && value.includes('\0'))) return undefined;
    try {
      return (await connections.query<R>(text, values, `credence-${name}`)).rows[0];
    } catch (error) {
      throw toStoreError(error);
    }
  };
  const sequences = joined(async () => {
    const row = await first<Sequences>('sequences', sequencesText, []);
    if (!row || Object.values(row).includes(null)) throw new Error('the sequences are gone');
    return row;
  });
  const people = createMemory<Person>(async () => (await sequences()).changes);
  const accounts = createMemory<Account>(async () => (await sequences()).changes);
  const cutOffs = createMemory<EpochSeconds>(async () => (await sequences()).changes);
  const sessions = createMemory<EpochSeconds>(async () => (await sequences()).sessions);

  return {
    person: (id) =>
      people(id, async () => {
        // One statement, so that the person and the groups are of one moment, whatever another node writes.
        const row = await first<PersonRow>(
          'person',
          `SELECT id, source, email, name, active,
             ARRAY(SELECT of_id FROM memberships WHERE person_id = people.id AND kind = 'group' ORDER BY of_id) AS groups,
             ARRAY(SELECT of_id FROM memberships WHERE person_id = people.id AND kind = 'role' ORDER BY of_id) AS roles
           FROM people WHERE id = $1`,
          [id],
        );
        return row && { ...row, active: row.active === 1 };
      }),
    account: (key) =>
      accounts(JSON.stringify([key.issuer, toTenant(key), key.subject]), async () => {
        // With what cuts its subject off, so that one read, remembered, answers whether it may have anything.
        const row = await first<AccountRow>(
          'account',
          // Columns by name: a table that gains one would break what is prepared.
          `SELECT id, accounts.issuer, accounts.tenant, accounts.subject, email, active, grants_before, tokens_before, disabled_at, enabled_at
           FROM accounts LEFT JOIN cut_offs USING (issuer, tenant, subject)
           WHERE issuer = $1 AND tenant = $2 AND subject = $3`,
          [key.issuer, toTenant(key), key.subject],
        );
        return row && toAccountWithCutOff(row);
      }),
    isCutOff: async (id, issuedAt) => {
      const before = await cutOffs(id, async () => {
        const row = await first<StandingRow>(
          'standing',
          `SELECT active, grants_before, tokens_before, disabled_at, enabled_at
           FROM accounts LEFT JOIN cut_offs USING (issuer, tenant, subject)
           WHERE accounts.id = $1`,
          [id],
        );
        return row ? tokensBefore(row) : never;
      });
      return before !== undefined && issuedAt <= before;
    },
    artifact: async (model, id) => {
      const row = await first<Parameters<typeof toArtifact>[0]>(
        'artifact',
        `SELECT payload, consumed_at FROM artifacts
         WHERE model = $1 AND id = $2 AND (expires_at IS NULL OR expires_at > $3)`,
        [model, id, currentSeconds()],
      );
      return row && toArtifact(row);
    },
    sessionStands: async (sid, now) => {
      const until = await sessions(sid, async () => {
        const row = await first<{ until: number | null }>(
          'session',
          `SELECT CASE WHEN count(*) > count(expires_at) THEN ${forever}::bigint ELSE max(expires_at) END AS until
           FROM session_sids JOIN artifacts ON artifacts.model = session_sids.model AND artifacts.id = session_id
           WHERE sid = $1`,
          [sid],
        );
        return row?.until ?? undefined;
      });
      return until !== undefined && until > now;
    },
    isMarked: async (kind, id) =>
      (await first('mark', 'SELECT 1 FROM marks WHERE kind = $1 AND id = $2', [kind, id])) !== undefined,
    clockMs: async () => {
      const row = await first<{ now: number }>(
        'clock',
        'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now',
        [],
      );
      return row?.now;
    },
    changeSequence: async () => (await sequences()).changes,
    lossSequence: async () => (await sequences()).losses,
  };
}

/**
 * One read for all who ask in the same turn of the event loop. Who asks later gets another one, which starts later: what it
 * says is never older than the question.
 */
export function joined<T>(read: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  return () => {
    next ??= new Promise<T>((resolve, reject) => {
      setImmediate(() => {
        next = undefined;
        read().then(resolve, reject);
      });
    });
    return next;
  };
}

/**
 * Remembers what was read since the last change to anybody. The sequence is asked at each use, and whoever changes something
 * moves it in the same transaction, so that this is what a read would give, without its way to the server.
 */
export function createMemory<T>(
  sequenceNow: () => Promise<number>,
): (key: string, read: () => Promise<T | undefined>) => Promise<T | undefined> {
  const remembered = new Map<string, T>();
  let asOf = -1;
  return async (key, read) => {
    const sequence = await sequenceNow();
    if (sequence !== asOf || remembered.size >= maxRemembered) remembered.clear();
    asOf = sequence;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const found = await read();
    // What was read after the sequence is kept under it, unless the world has moved on meanwhile.
    if (found !== undefined && asOf === sequence) remembered.set(key, found);
    return found;
  };
}

interface PersonRow extends Omit<Person, 'active'> {
  readonly active: number;
}
