import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runCredence } from '../examples/acme/server-process.ts';
import { startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import { openPostgresStore } from '../packages/server/src/store/postgres.ts';
import type { PostgresSettings } from '../packages/server/src/store-config.ts';
import { exportAudit, onEnd, suiteScope, temporaryHome, tokenOf } from './harness.ts';
import { assertKept, readRecord, startLoad } from './load.ts';
import { type Installation, type Node, startInstallation } from './nodes.ts';

// One node's clock is set by an hour, or the node is held: nothing is accepted or issued that should not be.

const preload = fileURLToPath(new URL('shifted-clock.ts', import.meta.url));
const main = fileURLToPath(new URL('../packages/server/src/main.ts', import.meta.url));
const hourMs = 3_600_000;
/** Within this whatever is repeated by a timer has come once at least. */
const houseIsKeptMs = 11_000;
/** Longer than it takes to start. */
const wrongForMs = 10_000;

/** An installation whose nodes' clocks can be set: all by one file, and each that is then told. */
async function startShiftable(scope: Parameters<typeof startInstallation>[0], options: object) {
  const home = await temporaryHome(scope);
  const file = join(home, '..', 'shift');
  await writeFile(file, '0');
  const env = { ...process.env, NODE_OPTIONS: `--import ${preload}`, CREDENCE_TEST_SHIFT: file };
  const installation = await startInstallation(scope, { home, env, ...options });
  const set = async (node: Node, milliseconds: number) => {
    await writeFile(file, String(milliseconds));
    process.kill(node.process.pid, 'SIGUSR2');
    await wait(100);
  };
  return { installation, set, file, home };
}

async function until(isSo: () => Promise<boolean>, what: string, milliseconds = 10_000): Promise<void> {
  for (const end = performance.now() + milliseconds; !(await isSo()); await wait(50)) {
    if (performance.now() > end) assert.fail(`never: ${what}`);
  }
}

const alertsOf = async (home: string): Promise<string[]> =>
  (await exportAudit(home)).filter(({ kind }) => kind === 'alert').map(({ detail }) => String(detail));

describe('two nodes on one database, and the clock of one', { skip: process.platform !== 'linux' }, () => {
  const scope = suiteScope(after);
  let world: Awaited<ReturnType<typeof startShiftable>>;
  let installation: Installation;
  let settings: PostgresSettings;
  before(async () => {
    const postgres = await startPostgres();
    onEnd(scope, () => postgres.close());
    settings = postgres.settings('credence');
    world = await startShiftable(scope, { postgres, nodes: 2 });
    installation = world.installation;
  });

  for (const by of [hourMs, -hourMs]) {
    test(`is set by ${by / 60_000} minutes: that node answers nobody at once, the other goes on, and it is an alert`, async () => {
      const { issue, redeem, readiness, nodes } = installation;
      const other = nodes[1] ?? assert.fail();
      const idJag = tokenOf(await issue(0));
      await world.set(other, by);
      for (const answer of [await issue(1), await redeem(1, idJag)]) {
        assert.deepEqual([answer.status, answer.body.error], [503, 'temporarily_unavailable']);
      }
      assert.match((await readiness()).join(), /^200 ok,503 not ok: (keys, )?clock$/);
      assert.equal((await redeem(0, idJag)).status, 200);
      await until(
        async () =>
          (await alertsOf(world.home)).some((words) => words.includes(by > 0 ? '3600 s ahead' : '3600 s behind')),
        'an alert',
      );
      await world.set(other, 0);
      assert.equal((await issue(1)).status, 200);
      assert.deepEqual(await readiness(), ['200 ok', '200 ok']);
      await until(async () => (await alertsOf(world.home)).at(-1)?.includes('agrees with') ?? false, 'that it agrees');
    });
  }

  test('is wrong when it starts: it makes no keys and opens nothing, until it is right', async () => {
    const other = installation.nodes[1] ?? assert.fail();
    await other.stop('SIGTERM');
    await writeFile(world.file, `${-hourMs} ${wrongForMs}`);
    const from = performance.now();
    await other.start();
    assert.ok(performance.now() - from >= wrongForMs);
    tokenOf(await installation.redeem(0, tokenOf(await installation.issue(1))));
  });

  test('RAS-12: is an hour ahead where what has expired is removed by a timer: what was used stays used', async () => {
    const store = await openPostgresStore(settings, { node: 'purger' });
    onEnd(scope, () => store.close());
    const mark = { kind: 'id_jag', id: 'used', until: Math.floor(Date.now() / 1000) + 600 } as const;
    await store.commit({ marks: [mark], records: [] });
    await writeFile(world.file, String(hourMs));
    const env = { ...process.env, NODE_OPTIONS: `--import ${preload}`, CREDENCE_TEST_SHIFT: world.file };
    await promisify(execFile)(process.execPath, [main, 'store', 'purge', '--home', world.home], { env });
    await writeFile(world.file, '0');
    assert.deepEqual(await store.commit({ marks: [mark], records: [] }), { won: false, lost: mark });
  });

  test('RAS-12: is 20 s ahead, and keeps house: what a node 20 s behind would still take stays used', async () => {
    const ahead = installation.nodes[1] ?? assert.fail();
    const store = await openPostgresStore(settings, { node: 'behind' });
    onEnd(scope, () => store.close());
    const mark = { kind: 'id_jag', id: 'nearly over', until: Math.floor(Date.now() / 1000) + 1 } as const;
    await store.commit({ marks: [mark], records: [] });
    await world.set(ahead, 20_000);
    await wait(houseIsKeptMs);
    await world.set(ahead, 0);
    assert.deepEqual(await store.commit({ marks: [mark], records: [] }), { won: false, lost: mark });
    await until(async () => (await alertsOf(world.home)).at(-1)?.includes('agrees with') ?? false, 'that it agrees');
  });

  test('is 10 s off: an alert, and answered, since checks of time allow it', async () => {
    const other = installation.nodes[1] ?? assert.fail();
    const before = (await alertsOf(world.home)).length;
    await world.set(other, -10_000);
    await until(async () => (await alertsOf(world.home)).length > before, 'an alert');
    assert.match((await alertsOf(world.home)).at(-1) ?? '', /10 s behind the clock of the database$/);
    assert.equal((await installation.issue(1)).status, 200);
    await world.set(other, 0);
    await until(async () => (await alertsOf(world.home)).at(-1)?.includes('agrees with') ?? false, 'that it agrees');
  });

  test('stands still for 900 ms with the node: no alert, no ID-JAG redeemed twice, and all goes on', async () => {
    const other = installation.nodes[1] ?? assert.fail();
    const before = (await alertsOf(world.home)).length;
    const load = startLoad(installation, 6);
    for (let round = 0; round < 3; round++) {
      await load.more(5);
      process.kill(other.process.pid, 'SIGSTOP');
      try {
        await wait(900);
      } finally {
        process.kill(other.process.pid, 'SIGCONT');
      }
    }
    const received = await load.stop();
    const store = await openPostgresStore(settings, { node: 'auditor' });
    // What it held up for longer than anybody waits was told 503.
    assertKept(await readRecord(store).finally(() => store.close()), received, /503 temporarily_unavailable$/);
    assert.equal((await alertsOf(world.home)).length, before);
  });
});

describe('one node on SQLite, and its clock', { skip: process.platform !== 'linux' }, () => {
  const scope = suiteScope(after);
  let world: Awaited<ReturnType<typeof startShiftable>>;
  before(async () => {
    world = await startShiftable(scope, {});
  });

  for (const by of [hourMs, -hourMs]) {
    test(`is set by ${by / 60_000} minutes: nobody is answered, it is an alert; it is set right: all goes on`, async () => {
      const { issue, redeem, readiness, nodes } = world.installation;
      const node = nodes[0] ?? assert.fail();
      const idJag = tokenOf(await issue(0));
      await world.set(node, by);
      for (const answer of [await issue(0), await redeem(0, idJag)]) assert.equal(answer.status, 503);
      assert.match((await readiness()).join(), /^503 not ok: (keys, )?clock$/);
      await until(
        async () =>
          (await alertsOf(world.home)).some((words) => words.includes(by > 0 ? '3600 s ahead' : '3600 s behind')),
        'an alert',
      );
      await world.set(node, 0);
      assert.equal((await redeem(0, idJag)).status, 200);
      assert.equal((await redeem(0, idJag)).status, 400);
      await until(async () => (await alertsOf(world.home)).at(-1)?.includes('agrees with') ?? false, 'that it agrees');
    });
  }

  test('is an hour behind, and then ahead, while house is kept: no key is made, and no stop ends', async () => {
    const { nodes, redeem } = world.installation;
    const node = nodes[0] ?? assert.fail();
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCredence([...args, '--home', world.home, '--json']);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const idJag = tokenOf(await world.installation.issue(0));
    await run('stop', 'client', 'vscode', '--for', '30m', '--reason', 'a drill', '--yes');
    const read = async () => {
      const keys = JSON.parse(await run('keys', 'list')) as { kid: string; state: string }[];
      return [keys.map(({ kid, state }) => `${kid} ${state}`), await run('stops')];
    };
    const before = await read();
    for (const by of [-hourMs, hourMs]) {
      await world.set(node, by);
      await wait(houseIsKeptMs);
    }
    await world.set(node, 0);
    assert.deepEqual(await read(), before);
    tokenOf(await redeem(0, idJag));
  });

  test('it starts an hour behind its own record: it opens nothing until it is right', async () => {
    const node = world.installation.nodes[0] ?? assert.fail();
    await world.installation.issue(0);
    await node.stop('SIGTERM');
    await writeFile(world.file, `${-hourMs} ${wrongForMs}`);
    const from = performance.now();
    await node.start();
    assert.ok(performance.now() - from >= wrongForMs);
    assert.equal((await world.installation.issue(0)).status, 200);
  });
});
