import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Compilable, Kysely } from 'kysely';
import { type Covered, type Digests, digestOfRow } from './digests.ts';
import { endEverythingOf, switchOff } from './ending.ts';
import { countChange, type Engine } from './engine.ts';
import { insertFactor, removeCodes } from './factors.ts';
import type { Schema } from './schema.ts';
import type { AuditRow, Factor, Person } from './store.ts';

/** What somebody may do with Credence itself. Nothing to do with the roles that rules of a policy name. */
export type AdminRole = Schema['administrators']['role'];

export interface Administrator {
  readonly personId: string;
  readonly role: AdminRole;
  readonly grantedAt: EpochSeconds;
}

/** Who administers Credence. No source of people reaches this: it is written by commands of the operator alone. */
export interface AdministratorStore {
  roleOf(personId: string): Promise<AdminRole | undefined>;
  /** By person. */
  list(): Promise<readonly Administrator[]>;
  /**
   * Whether anybody administers or ever did: rows that somebody deleted in the database do not make an installation one that nobody has
   * administered yet (T24). The break-glass account does not count.
   */
  isAdministered(): Promise<boolean>;
  /**
   * Gives a person this role instead of the one they have, and ends in the same step the link and the enrolment code they have: those
   * were made for somebody with another role, or none (T30). Resolves false for the break-glass account, which stays an owner.
   * @param by - an owner who does it: resolves false where they are none any more at that moment, so that of two who take the role of
   *   each other one is left
   */
  grant(administrator: Administrator, records: readonly AuditRow[], by?: string): Promise<boolean>;
  /** Resolves false where there was none, and for the break-glass account, which is nothing without its role; `by` as above. */
  revoke(personId: string, records: readonly AuditRow[], by?: string): Promise<boolean>;
  breakGlass(): Promise<BreakGlass | undefined>;
  /** Makes the account, whole, as an owner. Throws `StoreConflict` when there is one already: there is never a second. */
  createBreakGlass(person: Person, secrets: BreakGlassSecrets, records: readonly AuditRow[]): Promise<void>;
  /** Replaces what it signs in with, and ends its sessions. Resolves false where there is none. */
  rotateBreakGlass(secrets: BreakGlassSecrets, records: readonly AuditRow[]): Promise<boolean>;
  /** Removes the account with everything it has. Resolves false where there is none. */
  removeBreakGlass(records: readonly AuditRow[]): Promise<boolean>;
}

export interface BreakGlass {
  readonly personId: string;
  /** When it was made, or its secrets were last replaced. */
  readonly changedAt: EpochSeconds;
}

export interface BreakGlassSecrets {
  readonly passwordHash: string;
  readonly factor: Factor;
  readonly now: EpochSeconds;
}

/** Who administers. A role goes with its person, by whichever way that goes; nobody comes but by a command. */
export function administratorPart({ db }: Pick<Engine, 'db'>): Covered<Administrator> {
  return {
    name: 'administrators',
    read: async () => {
      const rows = await db.selectFrom('administrators').selectAll().orderBy('person_id').execute();
      return rows.map(({ person_id, role, granted_at }) => ({ personId: person_id, role, grantedAt: granted_at }));
    },
    line: ({ personId, role, grantedAt }) => JSON.stringify([personId, role, grantedAt]),
    mayShrink: true,
  };
}

export function administratorStore({ db, write }: Engine, digests: Digests): AdministratorStore {
  const part = administratorPart({ db });
  const without = (all: readonly Administrator[], personId: string) => all.filter((one) => one.personId !== personId);
  const mayStill = (all: readonly Administrator[], by: string | undefined) =>
    by === undefined || all.some(({ personId, role }) => personId === by && role === 'owner');
  const breakGlass = async (): Promise<BreakGlass | undefined> => {
    const row = await db.selectFrom('break_glass').selectAll().executeTakeFirst();
    return row && { personId: row.person_id, changedAt: row.changed_at };
  };

  return {
    roleOf: async (personId) => (await digests.checked(part)).find((one) => one.personId === personId)?.role,

    list: () => digests.checked(part),

    isAdministered: async () => {
      const glass = (await breakGlass())?.personId;
      const its = (await digests.checked(part)).filter(({ personId }) => personId === glass);
      const named = new Set(await digests.namedIn(part));
      for (const row of its) named.delete(digestOfRow(part, row));
      if (named.size > 0) await digests.noteNamed(part);
      return named.size > 0 || digests.wasNamed(part);
    },

    grant: async (administrator, records, by) => {
      const glass = (await breakGlass())?.personId;
      const changed = await digests.write(
        part,
        (all) =>
          administrator.personId === glass || !mayStill(all, by)
            ? undefined
            : [...without(all, administrator.personId), administrator],
        { steps: [grantStep(db, administrator), ...endWaysIn(db, administrator.personId)], records },
      );
      if (changed?.[0] === 1) await digests.noteNamed(part);
      return changed?.[0] === 1;
    },

    revoke: async (personId, records, by) => {
      const own = db
        .deleteFrom('administrators')
        .where('person_id', '=', personId)
        .where('person_id', 'not in', db.selectFrom('break_glass').select('person_id'));
      const owners = db.selectFrom('administrators as one').select('one.person_id').where('one.role', '=', 'owner');
      // In the statement too: where nothing is covered, nobody else says whether they still are by then.
      const remove = by === undefined ? own : own.where(({ exists }) => exists(owners.where('one.person_id', '=', by)));
      const glass = (await breakGlass())?.personId;
      const removed = await digests.write(
        part,
        (all) => {
          const left = without(all, personId);
          return personId === glass || left.length === all.length || !mayStill(all, by) ? undefined : left;
        },
        { steps: [remove], records },
      );
      return removed?.[0] === 1;
    },

    breakGlass,

    createBreakGlass: async (person, { passwordHash, factor, now }, records) => {
      const { id, source, email, name } = person;
      const columns = { id, source, email, email_folded: email.toLowerCase(), name, active: 1 };
      const owner: Administrator = { personId: id, role: 'owner', grantedAt: now };
      const steps = [
        db.insertInto('people').values({ ...columns, password_hash: passwordHash }),
        db.insertInto('break_glass').values({ one: 1, person_id: id, changed_at: now }),
        grantStep(db, owner),
        insertFactor(db, factor),
        countChange(db),
      ];
      await digests.write(part, (all) => [...without(all, id), owner], { steps, records });
    },

    rotateBreakGlass: async ({ passwordHash, factor, now }, records) => {
      const known = await breakGlass();
      if (!known) return false;
      const { personId } = known;
      const steps = [
        db.updateTable('break_glass').set({ changed_at: now }).where('person_id', '=', personId),
        db.updateTable('people').set({ password_hash: passwordHash }).where('id', '=', personId),
        db.deleteFrom('factors').where('person_id', '=', personId),
        db.deleteFrom('once_codes').where('person_id', '=', personId),
        db.deleteFrom('account_links').where('person_id', '=', personId),
        db.deleteFrom('api_tokens').where('person_id', '=', personId),
        insertFactor(db, { ...factor, personId }),
        ...endEverythingOf(db, personId, 'admin'),
      ];
      const [changed] = await write({ steps, conditional: true, records });
      return changed === 1;
    },

    removeBreakGlass: async (records) => {
      const known = await breakGlass();
      if (!known) return false;
      const { personId } = known;
      const remove = db.deleteFrom('people').where('id', '=', personId);
      const steps = [remove, ...switchOff(db, personId, 'admin')];
      // Out of what is covered as well: put back, it would be an owner again.
      const removed = await digests.write(part, (all) => without(all, personId), { steps, records });
      return removed?.[0] === 1;
    },
  };
}

/** What a person could choose a password, or enrol a first factor, with. */
function endWaysIn(db: Kysely<Schema>, personId: string): Compilable[] {
  return [db.deleteFrom('account_links').where('person_id', '=', personId), removeCodes(db, personId, 'enrolment')];
}

function grantStep(db: Kysely<Schema>, { personId, role, grantedAt }: Administrator): Compilable {
  const columns = { role, granted_at: grantedAt };
  return db
    .insertInto('administrators')
    .values({ person_id: personId, ...columns })
    .onConflict((conflict) =>
      conflict
        .column('person_id')
        .doUpdateSet(columns)
        .where('administrators.person_id', 'not in', db.selectFrom('break_glass').select('person_id')),
    );
}
