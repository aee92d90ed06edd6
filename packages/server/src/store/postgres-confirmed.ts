import type pg from 'pg';
import type { ChainHead } from './chain.ts';
import { StoreUnavailable } from './store.ts';

/**
 * What this process was told is durable: the last line of each of its chains. A database that does not have it is another one, or
 * has forgotten, as after a fail-over to a standby that lagged (T22): what was used up in the part that is lost would be good again.
 */
export interface Confirmed {
  /** A commit was confirmed that left the chain there. */
  took(node: string, head: ChainHead): void;
  /**
   * Asked inside a transaction that appended so many lines: what was confirmed has to be under them. Behind a pooler the database can be
   * another one without a new connection of ours. Throws `StoreUnavailable`, so that nothing is kept.
   */
  stands(node: string, head: ChainHead, added: number): void;
  /** Asked at every new connection. Throws `StoreUnavailable` when the database lacks what it confirmed, from then on always. */
  check(client: Pick<pg.ClientBase, 'query'>): Promise<void>;
  hasForgotten(): boolean;
  /** The name of a chain of this process: another one after each loss, since lines with the old one's numbers may be known elsewhere. */
  chainOf(node: string): string;
  /** A new epoch has begun: what is lost no longer counts, and nothing is expected of the database. */
  goOn(): void;
}

export function createConfirmed(): Confirmed {
  const heads = new Map<string, ChainHead>();
  let hasForgotten = false;
  let losses = 0;
  return {
    took(node, head) {
      heads.set(node, head);
    },
    stands(node, head, added) {
      const known = heads.get(node);
      if (known && head.seq - added < known.seq) hasForgotten = true;
      if (hasForgotten) throw new StoreUnavailable('The database has forgotten what it confirmed.');
    },
    async check(client) {
      // As of now: what is confirmed while we ask can only be later.
      const expected = [...heads];
      if (expected.length > 0 && !hasForgotten) {
        const { rows } = await client.query<ChainHead & { readonly node: string }>(
          'SELECT node, seq, hash FROM chains WHERE node = ANY($1)',
          [expected.map(([node]) => node)],
        );
        hasForgotten = expected.some(([node, head]) => {
          const found = rows.find((row) => row.node === node);
          return !found || found.seq < head.seq || (found.seq === head.seq && found.hash !== head.hash);
        });
      }
      if (hasForgotten) throw new StoreUnavailable('The database has forgotten what it confirmed.');
    },
    hasForgotten: () => hasForgotten,
    chainOf: (node) => (losses === 0 ? node : `${node}-again${losses}`),
    goOn() {
      heads.clear();
      if (hasForgotten) losses += 1;
      hasForgotten = false;
    },
  };
}
