import type { Home } from './home.ts';
import type { PostgresStore } from './store/postgres.ts';
import type { SqliteStore } from './store/sqlite.ts';
import type { Store } from './store/store.ts';
import type { PostgresSettings } from './store-config.ts';

/** A store; where others of this home write through this process, their way to do so; and what is to be said of it. */
export type OpenStore = Store & Partial<Pick<SqliteStore, 'perform'> & Pick<PostgresStore, 'warnings'>>;

/**
 * Opens the store that the configuration names, for a process that writes. Only what is used is loaded.
 * @param node - names the chains this process writes; no two processes have the same
 */
export async function openStore(
  settings: PostgresSettings | undefined,
  home: Pick<Home, 'storeFile'>,
  node: string,
): Promise<OpenStore> {
  if (settings) {
    const { openPostgresStore } = await import('./store/postgres.ts');
    return openPostgresStore(settings, { node });
  }
  const { openSqliteStore } = await import('./store/sqlite.ts');
  return openSqliteStore(home.storeFile, { node });
}
