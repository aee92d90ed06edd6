import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type PostgresServer, startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import { migrations } from '../packages/server/src/store/migrate.ts';
import { openPostgresStore } from '../packages/server/src/store/postgres.ts';
import { onEnd, suiteScope } from './harness.ts';
import { assertKept, readRecord, startLoad } from './load.ts';
import { type Installation, startInstallation } from './nodes.ts';

// Two nodes of this version, and one that is a step of the tables ahead, on one database, under load.

const preload = fileURLToPath(new URL('later-version.ts', import.meta.url));
const latest = Object.keys(migrations).sort().at(-1) ?? '';
const later = (step: string) => ({
  ...process.env,
  NODE_OPTIONS: `--import ${preload}`,
  CREDENCE_TEST_STEP: step,
});

describe('a rolling upgrade', () => {
  const scope = suiteScope(after);
  let postgres: PostgresServer;
  let installation: Installation;
  before(async () => {
    postgres = await startPostgres();
    onEnd(scope, () => postgres.close());
    installation = await startInstallation(scope, { postgres, nodes: 2 });
  });

  test('node by node: the old and the new serve side by side, nobody is refused, nothing is missing', async () => {
    const [old, other] = installation.nodes;
    assert.ok(old && other);
    const load = startLoad(installation, 4);
    await load.more(5);
    await other.stop('SIGTERM');
    await other.start(later(`9000-later ${latest}`));
    await load.more(10);
    // One of the version before may even start again meanwhile.
    await old.stop('SIGTERM');
    await old.start();
    await load.more(10);
    await old.stop('SIGTERM');
    await old.start(later(`9000-later ${latest}`));
    await load.more(10);
    const received = await load.stop();
    const store = await openPostgresStore(postgres.settings('credence'), { node: 'auditor' });
    assertKept(await readRecord(store).finally(() => store.close()), received, /^$/);
    const steps = await postgres.run(
      'credence',
      'SELECT name, beside FROM kysely_migration ORDER BY name DESC LIMIT 1',
    );
    assert.deepEqual(steps, [{ name: '9000-later', beside: latest }]);
  });

  test('a step that old nodes cannot live beside is not taken while one of them is at work; afterwards none starts', async () => {
    const [old, other] = installation.nodes;
    assert.ok(old && other);
    await other.stop('SIGTERM');
    await assert.rejects(
      other.start(later('9001-apart')),
      /Nodes of an older version are at work on this database \(credence 9000-later\)[\s\S]*Upgrading/,
    );
    assert.equal((await installation.issue(0)).status, 200);
    await old.stop('SIGTERM');
    await other.start(later('9001-apart'));
    assert.equal((await installation.issue(1)).status, 200);
    await assert.rejects(
      old.start(later(`9000-later ${latest}`)),
      /newer version of credence \(it has step 9001-apart\)/,
    );
  });
});
