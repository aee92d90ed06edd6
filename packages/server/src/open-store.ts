import type { Home } from './home.ts';
import { createDigestKey } from './keys/digest-key.ts';
import type { StoreWatch, WriteTurn } from './store/group-commit.ts';
import type { PostgresStore } from './store/postgres.ts';
import type { RecentLines } from './store/recent-lines.ts';
import type { Store } from './store/store.ts';
import type { PostgresSettings } from './store-config.ts';

/** A store, and what is to be said of it. */
export type OpenStore = Store & Partial<Pick<PostgresStore, 'findRisks' | 'hasForgotten' | 'goOn'>>;

/**
 * Opens the store that the configuration names, for a process that writes. Only what is used is loaded.
 * @param node - names the chains this process writes; no two processes have the same
 * @param turn - where several processes write to an SQLite file: says which of them does
 * @param recent - where lines stand that others have written to an SQLite file
 * @param watch - told of each group of changes, where somebody measures them
 */
export async function openStore(
  settings: PostgresSettings | undefined,
  home: Pick<Home, 'storeFile' | 'digestDir'>,
  node: string,
  { turn, recent, watch }: { turn?: WriteTurn | undefined; recent?: RecentLines; watch?: StoreWatch | undefined } = {},
): Promise<OpenStore> {
  const digestKey = createDigestKey(home.digestDir);
  if (settings) {
    const { openPostgresStore } = await import('./store/postgres.ts');
    return openPostgresStore(settings, { node, watch, digestKey });
  }
  const { openSqliteStore } = await import('./store/sqlite.ts');
  return openSqliteStore(home.storeFile, { node, turn, recent, watch, digestKey });
}
