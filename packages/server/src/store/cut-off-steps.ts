import { type Compilable, type Kysely, sql } from 'kysely';
import { currentSeconds } from './artifacts.ts';
import type { Schema } from './schema.ts';

/** Has whoever follows what is cut off look at an account again: it was switched off or on here. */
export function tellOf(db: Kysely<Schema>, accountId: string): Compilable {
  const none = sql.lit(0);
  const until = currentSeconds() + longestTokenSeconds;
  const account = db
    .selectFrom('accounts')
    .select(['issuer', 'tenant', sql<string>`subject`.as('subject')])
    .select([none.as('g'), none.as('t'), none.as('d'), none.as('e'), sql.lit(until).as('until')])
    .select(position(db).as('position'))
    .where('id', '=', accountId)
    .where('subject', 'is not', null);
  const columns = ['grants_before', 'tokens_before', 'disabled_at', 'enabled_at', 'until', 'position'] as const;
  return db
    .insertInto('cut_offs')
    .columns(['issuer', 'tenant', 'subject', ...columns])
    .expression(account)
    .onConflict((conflict) =>
      conflict.columns(['issuer', 'tenant', 'subject']).doUpdateSet((eb) => ({
        until: later(eb.ref('cut_offs.until'), eb.ref('excluded.until')),
        position: eb.ref('excluded.position'),
      })),
    );
}

/** The longest life of an access token that the configuration allows, with twice the most skew. */
const longestTokenSeconds = 3600 + 120;

/** The greater of two times. */
export function later(one: unknown, other: unknown) {
  return sql<number>`CASE WHEN ${one} > ${other} THEN ${one} ELSE ${other} END`;
}

/** The number that the change under way will have, where it is counted after this step: not at all when this changes nothing. */
export function nextPosition(db: Kysely<Schema>) {
  return db.selectFrom('change_sequence').select(({ eb }) => eb('value', '+', 1).as('value'));
}

/** The number of the change that is under way. */
export function position(db: Kysely<Schema>) {
  return db.selectFrom('change_sequence').select('value');
}
