import type { PostgresSettings } from '../store-config.ts';
import { newDigestKey } from './contract/fixtures.ts';
import { usePostgres } from './contract/postgres-databases.ts';
import { openPostgresStore } from './postgres.ts';
import { databaseRoles } from './postgres-roles.ts';
import { storeContract } from './store.contract.ts';
import type { Store } from './store.ts';

const postgres = usePostgres();

/** The contract: as a database comes, where it gives up transactions for each other's sake, and with no more than the roles. */
const waysIn: [name: string, open: () => Promise<PostgresSettings>][] = [
  ['', postgres.fresh],
  [
    ', serializable by default',
    async () => {
      const settings = await postgres.fresh();
      const { database } = settings;
      await postgres
        .server()
        .run(database, `ALTER DATABASE ${database} SET default_transaction_isolation = 'serializable'`);
      return settings;
    },
  ],
  [', as a login that has the roles', () => postgres.withRoles(...databaseRoles)],
];
for (const [name, open] of waysIn) {
  storeContract(`PostgreSQL${name}`, async () => {
    const settings = await open();
    const digestKey = newDigestKey();
    let store = await openPostgresStore(settings, { node: 'one', digestKey });
    const others: Store[] = [];
    return {
      store,
      another: async () => {
        const other = await openPostgresStore(settings, { node: `other-${others.length}`, digestKey });
        others.push(other);
        return other;
      },
      reopen: async () => {
        await store.close();
        store = await openPostgresStore(settings, { node: 'one', digestKey });
        return store;
      },
      close: async () => {
        for (const one of [store, ...others]) await one.close();
      },
    };
  });
}
