import type { DatabaseSync } from 'node:sqlite';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { toTenant } from './accounts.ts';
import { currentSeconds, toArtifact } from './artifacts.ts';
import { type AccountRow, never, type StandingRow, toAccountWithCutOff, tokensBefore } from './cut-offs.ts';
import { orStoreError } from './sqlite-dialect.ts';
import type { Account, Person } from './store.ts';
import type { HotReads } from './whole-store.ts';

/** The end of a session that has none: a time nobody will see. */
const forever = 1e11;
/** People are in the store; only those whose agents are at work just now are remembered. */
const maxRemembered = 5000;

/** Reads at most once in a turn of the event loop, and anew after {@link SqliteReads.forget}: what arrived together is answered of one moment. */
function oncePerTurn(read: () => number): { (): number; forget(): void } {
  let known: number | undefined;
  const forget = () => {
    known = undefined;
  };
  const current = () => {
    if (known === undefined) {
      known = read();
      setImmediate(forget);
    }
    return known;
  };
  return Object.assign(current, { forget });
}

/**
 * Remembers what was read since the last change to anybody. The change sequence is asked before each use, and whoever
 * changes something moves it in the same transaction, so that this is what a read would give, at a tenth of its time.
 */
function createMemory<T>(changesSoFar: () => number): (key: string, read: () => T | undefined) => T | undefined {
  const remembered = new Map<string, T>();
  let asOf = -1;
  return (key, read) => {
    const sequence = changesSoFar();
    if (sequence !== asOf || remembered.size >= maxRemembered) remembered.clear();
    asOf = sequence;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const found = read();
    if (found !== undefined) remembered.set(key, found);
    return found;
  };
}

/** Statements that are prepared once: a tenth of the time of a query built for the occasion. */
export interface SqliteReads extends HotReads {
  /** To be called when this process has written: whoever waited for it reads what is so now. */
  forget(): void;
}

export function sqliteReads(database: DatabaseSync): SqliteReads {
  // One statement, so that the person and the groups are of one moment, whatever another process writes.
  const person = database.prepare(
    `SELECT id, source, email, name, active,
       (SELECT json_group_array(of_id) FROM
         (SELECT of_id FROM memberships WHERE person_id = people.id AND kind = 'group' ORDER BY of_id))
         AS groups,
       (SELECT json_group_array(of_id) FROM
         (SELECT of_id FROM memberships WHERE person_id = people.id AND kind = 'role' ORDER BY of_id))
         AS roles
     FROM people WHERE id = ?`,
  );
  // With what cuts its subject off, so that one read, remembered, answers whether it may have anything.
  const account = database.prepare(
    `SELECT accounts.*, grants_before, tokens_before, disabled_at, enabled_at
     FROM accounts LEFT JOIN cut_offs USING (issuer, tenant, subject)
     WHERE issuer = ? AND tenant = ? AND subject = ?`,
  );
  const standing = database.prepare(
    `SELECT active, grants_before, tokens_before, disabled_at, enabled_at
     FROM accounts LEFT JOIN cut_offs USING (issuer, tenant, subject)
     WHERE accounts.id = ?`,
  );
  const artifact = database.prepare(
    `SELECT payload, consumed_at FROM artifacts
     WHERE model = ? AND id = ? AND (expires_at IS NULL OR expires_at > ?)`,
  );
  const sessionBySid = database.prepare(
    `SELECT CASE WHEN count(*) > count(expires_at) THEN ${forever} ELSE max(expires_at) END AS until
     FROM session_sids JOIN artifacts ON artifacts.model = session_sids.model AND artifacts.id = session_id
     WHERE sid = ?`,
  );
  const sessionSequence = database.prepare('SELECT value FROM session_sequence');
  const mark = database.prepare('SELECT 1 FROM marks WHERE kind = ? AND id = ?');
  const changeSequence = database.prepare('SELECT value FROM change_sequence');
  const lossSequence = database.prepare('SELECT value FROM loss_sequence');

  const readChanges = () => Number(orStoreError(() => changeSequence.get())?.value);
  const changes = oncePerTurn(readChanges);
  const sessionChanges = oncePerTurn(() => Number(orStoreError(() => sessionSequence.get())?.value));
  // What is remembered is asked about anew behind it: a loss that this has seen already must not be missing there (T19).
  const losses = oncePerTurn(() => {
    changes.forget();
    sessionChanges.forget();
    return Number(orStoreError(() => lossSequence.get())?.value);
  });
  const rememberedPeople = createMemory<Person>(changes);
  const rememberedSessions = createMemory<EpochSeconds>(sessionChanges);
  const rememberedAccounts = createMemory<Account>(changes);
  const rememberedCutOffs = createMemory<EpochSeconds>(changes);

  // Each is async, so that a store that is away rejects and never throws.
  return {
    person: async (id) =>
      rememberedPeople(id, () => {
        const row = orStoreError(() => person.get(id)) as unknown as PersonRow | undefined;
        return row && toPerson(row);
      }),
    account: async (key) =>
      rememberedAccounts(`${key.issuer}\n${toTenant(key)}\n${key.subject}`, () => {
        const row = orStoreError(() => account.get(key.issuer, toTenant(key), key.subject));
        return row && toAccountWithCutOff(row as unknown as AccountRow);
      }),
    isCutOff: async (id, issuedAt) => {
      const before = rememberedCutOffs(id, () => {
        const row = orStoreError(() => standing.get(id)) as unknown as StandingRow | undefined;
        return row ? tokensBefore(row) : never;
      });
      return before !== undefined && issuedAt <= before;
    },
    artifact: async (model, id) => {
      const row = orStoreError(() => artifact.get(model, id, currentSeconds()));
      return row && toArtifact(row as unknown as Parameters<typeof toArtifact>[0]);
    },
    sessionStands: async (sid, now) => {
      const until = rememberedSessions(sid, () => {
        const row = orStoreError(() => sessionBySid.get(sid));
        return row?.until === null ? undefined : Number(row?.until);
      });
      return until !== undefined && until > now;
    },
    isMarked: async (kind, id) => orStoreError(() => mark.get(kind, id)) !== undefined,
    changeSequence: async () => readChanges(),
    lossSequence: async () => losses(),
    forget() {
      losses.forget();
      changes.forget();
      sessionChanges.forget();
    },
  };
}

interface PersonRow extends Omit<Person, 'active' | 'groups' | 'roles'> {
  readonly active: number;
  readonly groups: string;
  readonly roles: string;
}

function toPerson({ id, source, email, name, active, groups, roles }: PersonRow): Person {
  return {
    id,
    source,
    email,
    name,
    active: active === 1,
    groups: JSON.parse(groups) as string[],
    roles: JSON.parse(roles) as string[],
  };
}
