import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { PostgresSettings } from '../store-config.ts';
import { verifyChains } from './chain.ts';
import { idJag, row } from './contract/fixtures.ts';
import { usePostgres } from './contract/postgres-databases.ts';
import { startProxy, type TestProxy } from './contract/proxy.ts';
import { openPostgresStore, type PostgresStore } from './postgres.ts';
import { StoreUnavailable } from './store.ts';

// Seconds in `npm test`; half a minute with CREDENCE_LOAD_SECONDS=60, as `npm run test:long` sets it.
const awayMs = Number(process.env.CREDENCE_LOAD_SECONDS ?? 12) >= 60 ? 30_000 : 5000;
const postgres = usePostgres();

describe('several nodes, each with a way to the database that breaks', () => {
  const ways: TestProxy[] = [];
  const stores: PostgresStore[] = [];
  let settings: PostgresSettings;
  before(async () => {
    settings = await postgres.fresh();
    for (const node of ['a', 'b', 'c', 'd', 'e']) {
      const way = await startProxy(settings.port);
      ways.push(way);
      stores.push(await openPostgresStore({ ...settings, port: way.port }, { node }));
    }
  });
  after(async () => {
    for (const way of ways) way.be('open');
    for (const store of stores) await store.close();
    for (const way of ways) await way.close();
  });

  /** Commits and reads at every node as fast as they are answered, for so long; milliseconds the slowest took. */
  const ask = async (milliseconds: number, each: (isAnswered: boolean) => void) => {
    const end = performance.now() + milliseconds;
    let slowest = 0;
    const lane = async (store: PostgresStore, work: (store: PostgresStore) => Promise<unknown>) => {
      while (performance.now() < end) {
        const from = performance.now();
        try {
          await work(store);
          each(true);
        } catch (error) {
          assert.ok(error instanceof StoreUnavailable, String(error));
          each(false);
        }
        slowest = Math.max(slowest, performance.now() - from);
        await wait(2);
      }
    };
    const works = [
      (store: PostgresStore) => store.commit({ marks: [idJag()], records: [row()] }),
      (store: PostgresStore) => store.lossSequence(),
      (store: PostgresStore) => store.people.find('u_nobody'),
    ];
    await Promise.all(stores.flatMap((store) => works.map((work) => lane(store, work))));
    return slowest;
  };

  test('cut: told at once, few try again and not in step; open again: all go on within two seconds', async (t) => {
    for (const way of ways) way.be('cut');
    const from = performance.now();
    await ask(awayMs, (isAnswered) => assert.equal(isAnswered, false));
    const tries = ways.map(({ connectedAtMs }) => connectedAtMs.filter((at) => at > from + 2000));
    const perSecond = tries.flat().length / ways.length / ((awayMs - 2000) / 1000);
    t.diagnostic(`${perSecond.toFixed(1)} connections a second and node`);
    assert.ok(perSecond < 8, 'reading and writing have a pool each, of which each tries once or twice a second');
    const step = 50;
    const together = new Map<number, number>();
    for (const at of tries.flat()) together.set(Math.floor(at / step), (together.get(Math.floor(at / step)) ?? 0) + 1);
    assert.ok(Math.max(...together.values()) <= ways.length, `${[...together.values()]} within ${step} ms`);

    for (const way of ways) way.be('open');
    await wait(2000);
    await ask(300, (isAnswered) => assert.equal(isAnswered, true));
    assert.equal(verifyChains((await stores[0]?.audit.read(0, 1_000_000)) ?? []), undefined);
  });

  test('silent: nobody waits longer than the time-outs, and what waits is bounded', async (t) => {
    for (const way of ways) way.be('silent');
    const flood = Array.from({ length: 5000 }, () =>
      stores[0]?.people.list('', 1).then(
        () => 'answered',
        (error) => (error instanceof StoreUnavailable ? error.message : String(error)),
      ),
    );
    const slowest = await ask(awayMs, (isAnswered) => assert.equal(isAnswered, false));
    t.diagnostic(`the slowest was told after ${Math.round(slowest)} ms`);
    assert.ok(slowest < 9000, `${slowest} ms`);
    const told = await Promise.all(flood);
    assert.ok(!told.includes('answered'));
    assert.ok(told.filter((words) => words === 'The store is overloaded.').length >= 2900, 'told at once');
    for (const way of ways) way.be('open');
    await wait(2000);
    await ask(300, (isAnswered) => assert.equal(isAnswered, true));
  });

  test('500 ms late each way: slow, and right', async () => {
    for (const way of ways) way.delay(250);
    const marks = Array.from({ length: 20 }, () => idJag());
    const outcomes = await Promise.all(
      [0, 1].flatMap((node) => marks.map((mark) => stores[node]?.commit({ marks: [mark], records: [row()] }))),
    );
    assert.equal(outcomes.filter((outcome) => outcome?.won).length, 20);
    for (const way of ways) way.delay(0);
    assert.equal(verifyChains((await stores[0]?.audit.read(0, 1_000_000)) ?? []), undefined);
  });
});
