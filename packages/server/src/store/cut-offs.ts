import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Kysely } from 'kysely';
import { toAccount, toTenant } from './accounts.ts';
import { later, nextPosition, position } from './cut-off-steps.ts';
import { countChange, type Engine } from './engine.ts';
import type { Schema } from './schema.ts';
import type { Account, CutOff, CutOffStore, Effect } from './store.ts';

/** What signals have left behind at the resource side. `isCutOff` is the backend's own: each call at the gateway asks it. */
export function cutOffStore({ db, write }: Engine, isCutOff: CutOffStore['isCutOff']): CutOffStore {
  return {
    isCutOff,

    find: async (key) => {
      const row = await db
        .selectFrom('cut_offs')
        .selectAll()
        .where('issuer', '=', key.issuer)
        .where('tenant', '=', toTenant(key))
        .where('subject', '=', key.subject)
        .executeTakeFirst();
      return row && toCutOff(row);
    },

    take: async ({ id, until, effect }, records) => {
      const mark = db
        .insertInto('marks')
        .values({ kind: 'security_event', id, until })
        .onConflict((conflict) => conflict.doNothing());
      // Counted first: the position of what changed is the number of the change.
      const steps = effect ? [mark, countChange(db), cutOff(db, effect)] : [mark];
      const [taken] = await write({ steps, conditional: true, records });
      return taken === 1;
    },

    revokeToken: async ({ id, resource, until }) => {
      const insert = db
        .insertInto('revoked_tokens')
        .values({ id, resource, until, position: nextPosition(db) })
        .onConflict((conflict) => conflict.doNothing());
      await write({ steps: [insert, countChange(db)], conditional: true });
    },

    people: async (after, now, limit) => {
      const rows = await db
        .selectFrom('cut_offs')
        .innerJoin('accounts', (join) =>
          join
            .onRef('accounts.issuer', '=', 'cut_offs.issuer')
            .onRef('accounts.tenant', '=', 'cut_offs.tenant')
            .onRef('accounts.subject', '=', 'cut_offs.subject'),
        )
        .selectAll('cut_offs')
        .select(['accounts.id as account', 'accounts.active'])
        .where('position', '>', after)
        .where('until', '>=', now)
        .orderBy('position')
        .limit(limit)
        .execute();
      return rows.map((row) => {
        const cutOff = toCutOff(row);
        const blocked = cutOff.blocked || row.active !== 1;
        return { ...cutOff, blocked, account: row.account, until: row.until, position: row.position };
      });
    },

    tokens: (after, now, limit) =>
      db
        .selectFrom('revoked_tokens')
        .selectAll()
        .where('position', '>', after)
        .where('until', '>=', now)
        .orderBy('position')
        .limit(limit)
        .execute(),
  };
}

/** Every time only grows, whatever arrives late or twice (SIG-02): no order of signals ends with less cut off than another. */
function cutOff(db: Kysely<Schema>, { key, grantsBefore, tokensBefore, disabledAt, enabledAt, until }: Effect) {
  const times = {
    grants_before: grantsBefore,
    tokens_before: tokensBefore,
    disabled_at: disabledAt,
    enabled_at: enabledAt,
    until,
  };
  const { issuer, subject } = key;
  return db
    .insertInto('cut_offs')
    .values({ issuer, tenant: toTenant(key), subject, ...times, position: position(db) })
    .onConflict((conflict) =>
      conflict.columns(['issuer', 'tenant', 'subject']).doUpdateSet((eb) => ({
        grants_before: later(eb.ref('cut_offs.grants_before'), eb.ref('excluded.grants_before')),
        tokens_before: later(eb.ref('cut_offs.tokens_before'), eb.ref('excluded.tokens_before')),
        disabled_at: later(eb.ref('cut_offs.disabled_at'), eb.ref('excluded.disabled_at')),
        enabled_at: later(eb.ref('cut_offs.enabled_at'), eb.ref('excluded.enabled_at')),
        until: later(eb.ref('cut_offs.until'), eb.ref('excluded.until')),
        position: eb.ref('excluded.position'),
      })),
    );
}

/** The times of a row as the rules need them. */
export function toCutOff(row: {
  grants_before: EpochSeconds;
  tokens_before: EpochSeconds;
  disabled_at: EpochSeconds;
  enabled_at: EpochSeconds;
}): CutOff {
  return {
    grantsBefore: row.grants_before,
    tokensBefore: row.tokens_before,
    // In the same second the one that cuts off wins.
    blocked: row.disabled_at > 0 && row.disabled_at >= row.enabled_at,
  };
}

type CutOffRow = Parameters<typeof toCutOff>[0];
export type AccountRow = Parameters<typeof toAccount>[0] & Nullable<CutOffRow>;
export type StandingRow = Nullable<CutOffRow> & { readonly active: number };
type Nullable<T> = { [K in keyof T]: T[K] | null };

/** Tokens issued up to a second hold no more: here none. */
export const never = -1;

function hasCutOff(row: Nullable<CutOffRow>): row is CutOffRow {
  return row.grants_before !== null;
}

/** An account with what cuts its subject off, where something does. */
export function toAccountWithCutOff(row: AccountRow): Account {
  return hasCutOff(row) ? { ...toAccount(row), cutOff: toCutOff(row) } : toAccount(row);
}

/** An account that is off holds nothing, whoever switched it off. */
export function tokensBefore(row: StandingRow): EpochSeconds {
  if (row.active !== 1) return Number.POSITIVE_INFINITY;
  if (!hasCutOff(row)) return never;
  const { blocked, tokensBefore: before } = toCutOff(row);
  return blocked ? Number.POSITIVE_INFINITY : before;
}
