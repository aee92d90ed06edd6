// Preloaded by a node under test, which is then of a version that knows one step of the tables more.
import { migrations } from '../packages/server/src/store/migrate.ts';
import { runSteps } from '../packages/server/src/store/migrations/ddl.ts';
import type { SchemaStep } from '../packages/server/src/store/schema-steps.ts';

const [name, livesBeside] = (process.env.CREDENCE_TEST_STEP ?? '').split(' ');
if (name) {
  const up: SchemaStep['up'] = (db) =>
    runSteps(
      db,
      ['accounts', 'people', 'artifacts', 'audit'].map(
        (table) => `ALTER TABLE ${table} ADD COLUMN later_${name.slice(0, 4)} TEXT`,
      ),
    );
  Object.assign(migrations, { [name]: { up, ...(livesBeside && { livesBeside }) } });
}
