import { readHeld, toHeldText } from './held.ts';
import type { Session } from './postgres-connection.ts';
import type { Commit, CommitOutcome } from './store.ts';

/** A commit of a group, and what has become of it so far. */
export interface Reached {
  readonly commit: Commit;
  outcome: CommitOutcome;
}

/** Locks the rows, also those that it makes: nobody else reads what they say, and goes by it, before this transaction has ended. */
const lock = `
  INSERT INTO session_holdings (session, held, until)
  SELECT one.session, '[]', one.until FROM unnest($1::text[], $2::bigint[]) AS one (session, until)
  ON CONFLICT (session) DO UPDATE SET until = greatest(session_holdings.until, excluded.until)
  RETURNING session, held`;

const keep = `
  UPDATE session_holdings SET held = one.held
  FROM unnest($1::text[], $2::text[]) AS one (session, held) WHERE session_holdings.session = one.session`;

/**
 * Whatever does not fit what its session holds by now is stale. Within a group those in front come first, as if each were alone.
 * `undefined` where no commit is about a session; else to be written once it is known which have won.
 */
export async function fitHoldings(
  session: Session,
  reached: readonly Reached[],
): Promise<{ write(reached: readonly Reached[]): Promise<void> } | undefined> {
  const asking = reached.filter(({ commit, outcome }) => commit.holding && outcome.won);
  if (asking.length === 0) return undefined;
  const rows = new Map<string, { held: readonly string[] }>();
  const untils = new Map<string, number>();
  for (const { commit } of asking) {
    const { session: name = '', until = 0 } = commit.holding ?? {};
    untils.set(name, Math.max(until, untils.get(name) ?? 0));
  }
  // In the order of their key: two nodes never wait for each other in a circle.
  const names = [...untils.keys()].sort();
  const found = await session.query<{ session: string; held: string }>(
    lock,
    [names, names.map((name) => untils.get(name))],
    'credence-hold',
  );
  for (const row of found.rows) rows.set(row.session, { held: readHeld(row) });
  const before = new Map([...rows].map(([name, { held }]) => [name, held]));

  for (const one of asking) {
    const { holding } = one.commit;
    const row = holding && rows.get(holding.session);
    if (!holding || !row?.held || !holding.fits(row.held)) one.outcome = { won: false, stale: true };
    else row.held = [...row.held, ...holding.adds];
  }
  return {
    async write(settled) {
      const after = new Map<string, readonly string[]>();
      for (const { commit, outcome } of settled) {
        const { holding } = commit;
        if (!holding || !outcome.won) continue;
        const held = after.get(holding.session) ?? before.get(holding.session) ?? [];
        after.set(holding.session, [...held, ...holding.adds]);
      }
      if (after.size === 0) return;
      const texts = [...after.values()].map((held) => toHeldText(held, []));
      await session.query(keep, [[...after.keys()], texts], 'credence-held');
    },
  };
}
