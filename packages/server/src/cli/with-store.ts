import { randomBytes } from 'node:crypto';
import { readHome } from '../home.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';

/** Opens the store of an existing home for one command, beside a server that may be running, and closes it again. */
export async function withStore<T>(homeDir: string, work: (store: Store) => Promise<T>): Promise<T> {
  const home = await readHome(homeDir);
  const store = await openSqliteStore(home.storeFile, { node: `cli-${randomBytes(6).toString('hex')}` });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
