import type { PostgresSettings } from '../store-config.ts';
import { newDigestKey } from './contract/fixtures.ts';
import { usePostgres } from './contract/postgres-databases.ts';
import { openPostgresStore } from './postgres.ts';
import { databaseRoles } from './postgres-roles.ts';
import { storeContract } from './store.contract.ts';
import type { Store } from './store.ts';

const postgres = usePostgres();

/** As the parts of an installation come in, with no more than the roles; then, in the long run of the tests, otherwise. */
const waysIn: [name: string, open: () => Promise<PostgresSettings>][] = [
  [', as a login that has the roles', () => postgres.withRoles(...databaseRoles)],
];
/** As the owner of the database; and where it gives up transactions for each other's sake. */
const otherWaysIn: typeof waysIn = [
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
];
// `npm run test:long` sets it.
if (process.env.CREDENCE_KILL_ROUNDS !== undefined) waysIn.push(...otherWaysIn);
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
