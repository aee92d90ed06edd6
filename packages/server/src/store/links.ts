import type { EpochSeconds } from '@credence/mcp/protocol';
import { endEverythingOf } from './ending.ts';
import type { Engine } from './engine.ts';
import { removeCodes } from './factors.ts';
import type { AuditRow } from './store.ts';

/** A link with which a person of the local directory chooses a password, once. */
export interface AccountLink {
  readonly personId: string;
  /** A first password, or another one. */
  readonly purpose: 'invitation' | 'reset';
  readonly createdAt: EpochSeconds;
  /** Not good before. */
  readonly opensAt: EpochSeconds;
  readonly expiresAt: EpochSeconds;
}

export interface LinkStore {
  /** Makes a link, known by the hash of what is in it. A person has one: the one before is gone. */
  make(link: AccountLink, tokenHash: string, records: readonly AuditRow[]): Promise<void>;
  /** The link, if it would be accepted now. */
  find(tokenHash: string, now: EpochSeconds): Promise<AccountLink | undefined>;
  of(personId: string): Promise<AccountLink | undefined>;
  /** Links of people with ids after `after` ('' = from the start), by id, at most `limit`; also those that have expired. */
  list(after: string, limit: number): Promise<readonly AccountLink[]>;
  /**
   * Uses a link up and sets the password, in one step, which also ends whatever the person has here: sessions, refresh
   * tokens, sign-ins under way. Resolves true for exactly one caller, also when several arrive at once.
   */
  use(link: AccountLink, tokenHash: string, change: LinkUse): Promise<boolean>;
  /** Resolves false where there was none. */
  revoke(personId: string, records: readonly AuditRow[]): Promise<boolean>;
}

export interface LinkUse {
  readonly passwordHash: string;
  /** Lets the person enrol a first second factor: hash of a code for it, and how long it is good. */
  readonly enrolment: { readonly codeHash: string; readonly until: EpochSeconds };
  readonly now: EpochSeconds;
  readonly records: readonly AuditRow[];
}

export function linkStore({ db, write }: Engine): LinkStore {
  return {
    make: async ({ personId, purpose, createdAt, opensAt, expiresAt }, tokenHash, records) => {
      const columns = {
        token_hash: tokenHash,
        purpose,
        created_at: createdAt,
        opens_at: opensAt,
        expires_at: expiresAt,
      };
      const insert = db
        .insertInto('account_links')
        .values({ person_id: personId, ...columns })
        .onConflict((conflict) => conflict.column('person_id').doUpdateSet(columns));
      await write({ steps: [insert], records });
    },

    find: async (tokenHash, now) => {
      const row = await db
        .selectFrom('account_links')
        .selectAll()
        .where('token_hash', '=', tokenHash)
        .where('opens_at', '<=', now)
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return row && toLink(row);
    },

    of: async (personId) => {
      const row = await db.selectFrom('account_links').selectAll().where('person_id', '=', personId).executeTakeFirst();
      return row && toLink(row);
    },

    list: async (after, limit) => {
      const page = db.selectFrom('account_links').selectAll().where('person_id', '>', after);
      return (await page.orderBy('person_id').limit(limit).execute()).map(toLink);
    },

    use: async ({ personId }, tokenHash, { passwordHash, enrolment, now, records }) => {
      const { codeHash, until } = enrolment;
      const code = { person_id: personId, purpose: 'enrolment', code_hash: codeHash, expires_at: until };
      const steps = [
        // First: whoever comes second finds it gone and changes nothing.
        db
          .deleteFrom('account_links')
          .where('person_id', '=', personId)
          .where('token_hash', '=', tokenHash)
          .where('opens_at', '<=', now)
          .where('expires_at', '>', now),
        db.updateTable('people').set({ password_hash: passwordHash }).where('id', '=', personId),
        removeCodes(db, personId, 'enrolment'),
        db.insertInto('once_codes').values(code),
        ...endEverythingOf(db, personId, 'user'),
      ];
      const [used] = await write({ steps, conditional: true, records });
      return used === 1;
    },

    revoke: async (personId, records) => {
      const remove = db.deleteFrom('account_links').where('person_id', '=', personId);
      const [removed] = await write({ steps: [remove], conditional: true, records });
      return removed === 1;
    },
  };
}

function toLink(row: {
  person_id: string;
  purpose: AccountLink['purpose'];
  created_at: number;
  opens_at: number;
  expires_at: number;
}): AccountLink {
  const { person_id, purpose, created_at, opens_at, expires_at } = row;
  return { personId: person_id, purpose, createdAt: created_at, opensAt: opens_at, expiresAt: expires_at };
}
