// Preloaded by a node under test, which is then of a version that knows one step of the tables more.
import { type Kysely, sql } from 'kysely';
import { migrations } from '../packages/server/src/store/migrate.ts';

const [name, livesBeside] = (process.env.CREDENCE_TEST_STEP ?? '').split(' ');
if (name) {
  const up = async (db: Kysely<unknown>) => {
    for (const table of ['accounts', 'people', 'artifacts', 'audit']) {
      const column = `later_${name.slice(0, 4)}`;
      await sql`ALTER TABLE ${sql.table(table)} ADD COLUMN ${sql.ref(column)} text`.execute(db);
    }
  };
  Object.assign(migrations, { [name]: { up, ...(livesBeside && { livesBeside }) } });
}
