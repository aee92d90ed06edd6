import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Destination, Sent } from './destination.ts';
import { type ExporterOptions, startExporter } from './exporter.ts';
import { append, numbered, until } from './fixtures.ts';
import { toLine } from './format.ts';

const delivered: Sent = { outcome: 'delivered' };
const away: Sent = { outcome: 'away', why: 'status 503', faulty: false };

/** An export of a store that counts what it is asked, and a destination that does as it is told. */
async function world(t: TestContext, judge: (ids: readonly string[]) => Sent | Promise<Sent> = () => delivered) {
  const store = await openSqliteStore(':memory:', { node: 'node-1' });
  after(() => store.close());
  const asked = { find: 0, begin: 0, beat: 0, advance: 0, fail: 0 };
  const counted = <Name extends keyof typeof asked>(name: Name) => {
    const ask: (...args: never[]) => unknown = store.exports[name];
    return {
      [name]: (...args: never[]) => {
        asked[name] += 1;
        return ask(...args);
      },
    };
  };
  const names = Object.keys(asked) as (keyof typeof asked)[];
  const exports: typeof store.exports = Object.assign({ ...store.exports }, ...names.map(counted));
  const events: string[] = [];
  const sent: { readonly ids: readonly string[]; readonly at: number }[] = [];
  const clock = { ms: 0 };
  const start = (change: Partial<ExporterOptions> = {}, most: Partial<Destination['most']> = {}, gatherMs?: number) => {
    const destination: Destination = {
      most: { lines: 4, bytes: 1e6, ...most },
      ...(gatherMs !== undefined && { gatherMs }),
      send: async (batch) => {
        const ids = batch.map(({ row }) => row.id);
        sent.push({ ids, at: Date.now() });
        return judge(ids);
      },
      close: async () => undefined,
    };
    const exporter = startExporter({
      name: 'siem',
      format: 'jsonl',
      kinds: undefined,
      destination,
      deadLetters: { path: '', keep: async () => undefined },
      tries: 3,
      store: { ...store, exports },
      holder: 'a',
      isAlone: true,
      nowMs: Date.now,
      on: {
        taken: () => events.push('taken'),
        failing: (why) => events.push(`failing ${why}`),
        behind: () => events.push('behind'),
        recovered: () => events.push('recovered'),
        dead: (id, why) => events.push(`dead ${id} ${why}`),
        fault: (fault) => events.push(`fault ${fault}`),
      },
      random: () => 0,
      ...change,
    });
    after(() => exporter.stop());
    return exporter;
  };
  /** From now on nothing but this moves the time between beats. */
  const holdClock = () => t.mock.method(performance, 'now', () => clock.ms);
  const rounds = async (count: number) => {
    const from = asked.find;
    await until('the next round', () => asked.find >= from + count);
  };
  const place = async () => (await store.exports.find('siem')) ?? assert.fail('no place');
  /** Somebody else holds it. */
  const hold = async (holder: string) => {
    await store.exports.begin('siem', 0);
    assert.ok(await store.exports.take({ name: 'siem', holder: undefined, beat: 0 }, holder));
  };
  return { store, asked, events, sent, clock, start, holdClock, rounds, place, hold };
}

const sizesOf = (sent: readonly { readonly ids: readonly string[] }[]) => sent.map(({ ids }) => ids.length);

describe('the steps of an export', () => {
  test('alone, what a dead process held is taken at once', async (t) => {
    const { store, start, sent, hold } = await world(t);
    await hold('dead');
    await append(store, numbered(1));
    start({ takeOverMs: 60_000 });
    await until('it', () => sent.length === 1, 5000);
  });

  test('of several, what nobody holds is taken at once', async (t) => {
    const { store, start, sent } = await world(t);
    await append(store, numbered(1));
    start({ takeOverMs: 60_000, isAlone: false });
    await until('it', () => sent.length === 1, 5000);
  });

  test('taken over when the beat has stood still for so long, and no sooner', async (t) => {
    const { store, start, events, clock, holdClock, rounds, hold } = await world(t);
    await hold('b');
    holdClock();
    start({ takeOverMs: 1000, isAlone: false });
    await rounds(2);
    clock.ms = 500;
    await store.exports.beat('siem', 'b');
    await rounds(2);
    clock.ms = 1499;
    await rounds(2);
    assert.deepEqual(events, []);
    clock.ms = 1500;
    await until('it is taken', () => events.length > 0);
    assert.deepEqual(events, ['taken']);
  });

  test('its place is made once, and with nothing to do it rests between two looks', async (t) => {
    const { start, asked, rounds } = await world(t);
    start();
    await rounds(3);
    const before = asked.find;
    await wait(600);
    assert.ok(asked.find - before <= 3, `${asked.find - before} looks in 600 ms`);
    assert.equal(asked.begin, 1);
  });

  test('where nothing is wanted the place moves on every five seconds, and not where it stands', async (t) => {
    const { store, start, asked, events, clock, holdClock, rounds, place } = await world(t);
    await append(store, numbered(1));
    holdClock();
    clock.ms = 4999;
    start({ kinds: new Set(['alert']) });
    await rounds(4);
    assert.deepEqual([(await place()).position, asked.advance], [0, 0]);
    clock.ms = 5000;
    await rounds(2);
    assert.deepEqual([(await place()).position, asked.advance], [1, 1]);
    clock.ms = 60_000;
    await rounds(2);
    assert.deepEqual(
      [asked.advance, asked.beat, events],
      [1, 0, ['taken']],
      'alone nobody needs to hear that it lives',
    );
  });

  test('with nothing to do it says that it is alive four times in the time of a take-over', async (t) => {
    const { start, asked, clock, holdClock, rounds } = await world(t);
    holdClock();
    clock.ms = 999;
    start({ takeOverMs: 4000, isAlone: false });
    await rounds(4);
    assert.equal(asked.beat, 0);
    for (const [ms, beats] of [
      [1000, 1],
      [1999, 1],
      [2000, 2],
    ] as const) {
      clock.ms = ms;
      await rounds(2);
      assert.equal(asked.beat, beats, `at ${ms}`);
    }
  });

  test('while the destination takes its time it says so to others, where there are any', async (t) => {
    for (const isAlone of [true, false]) {
      const { store, start, asked, sent } = await world(t, async () => {
        await wait(200);
        return delivered;
      });
      await append(store, numbered(1));
      const exporter = start({ takeOverMs: 80, isAlone });
      await until('it', () => sent.length === 1);
      const before = asked.beat;
      await wait(150);
      assert.equal(asked.beat > before, !isAlone);
      await exporter.stop();
    }
  });

  test('a batch is as large as the destination takes, to the byte', async (t) => {
    for (const [less, sizes] of [
      [0, [2]],
      [1, [1, 1]],
    ] as const) {
      const { store, start, sent, place } = await world(t);
      await append(store, numbered(1, { timeMs: Date.now() }), numbered(2, { timeMs: Date.now() }));
      const bytes = (await store.audit.read(0, 2)).reduce(
        (sum, row) => sum + Buffer.byteLength(toLine('jsonl', row)) + 1,
        0,
      );
      start({}, { bytes: bytes - less });
      await until('both', async () => (await store.exports.find('siem'))?.position === 2);
      assert.deepEqual([sizesOf(sent), (await place()).sent], [sizes, 2]);
    }
  });

  test('after a batch that is not full it waits for company, after a full one it does not', async (t) => {
    const { store, start, sent } = await world(t);
    await append(store, numbered(1), numbered(2), numbered(3));
    start({}, { lines: 2 }, 1500);
    await until('three', () => sent.length === 2);
    await append(store, numbered(4));
    await until('the fourth', () => sent.length === 3);
    assert.deepEqual(sizesOf(sent), [2, 1, 1]);
    const [first = 0, second = 0, third = 0] = sent.map(({ at }) => at);
    assert.ok(second - first < 1400, `${second - first} ms after a full one`);
    assert.ok(third - second >= 1400, `${third - second} ms after one that was not`);
  });

  test('what is refused is no failure of the destination, and is narrowed down without a pause', async (t) => {
    const { store, start, asked, events, sent, place } = await world(t, (ids) =>
      ids.includes('d_3') ? { outcome: 'refused', why: 'status 400' } : delivered,
    );
    await append(store, numbered(1), numbered(2), numbered(3), numbered(4));
    start();
    await until('the end', async () => (await store.exports.find('siem'))?.position === 4);
    assert.deepEqual(events, ['taken', 'dead d_3 status 400']);
    assert.deepEqual([asked.fail, (await place()).dead], [0, 1]);
    assert.deepEqual(sizesOf(sent), [4, 2, 2, 1, 1]);
  });

  test('given up after as many failures as are allowed, and not after one less or more', async (t) => {
    const { store, start, events, sent } = await world(t, () => ({ outcome: 'away', why: 'status 500', faulty: true }));
    await append(store, numbered(1));
    start({ tries: 2 });
    await until('given up', () => events.length === 3);
    assert.deepEqual(events, ['taken', 'failing status 500', 'dead d_1 status 500']);
    assert.equal(sent.length, 2);
  });

  test('that nothing is left to send does not make a destination well that fails', async (t) => {
    const { store, start, events, rounds } = await world(t, () => away);
    await append(store, numbered(1));
    start();
    await until('it fails', () => events.length === 2);
    await store.exports.move('siem', 1, Date.now(), []);
    await rounds(3);
    assert.deepEqual(events, ['taken', 'failing status 503']);
  });

  test('behind is more than a minute', async (t) => {
    const nowMs = Date.now();
    const late = { told: [] as readonly string[] };
    const { store, start, events, sent } = await world(t, (ids) => {
      if (ids.includes('d_3')) late.told = [...events];
      return delivered;
    });
    const [minute, longer] = [{ timeMs: nowMs - 60_000 }, { timeMs: nowMs - 60_001 }];
    await append(store, numbered(1, minute));
    start({ nowMs: () => nowMs }, { lines: 1 });
    await until('the first', () => sent.length === 1);
    assert.deepEqual(events, ['taken']);
    await append(store, numbered(2, longer), numbered(3, minute));
    await until('all', () => sent.length === 3);
    assert.deepEqual(late.told, ['taken', 'behind', 'recovered']);
  });

  test('it has caught up at the end of the record, and not at the end of a page', async (t) => {
    const { store, start, events, sent } = await world(t);
    const longAgo = { timeMs: Date.now() - 120_000 };
    const unwanted = Array.from({ length: 399 }, (_, at) => numbered(at + 2));
    const wanted = { kind: 'alert', ...longAgo } as const;
    await append(store, numbered(1, wanted), ...unwanted, numbered(401, wanted));
    start({ kinds: new Set(['alert']) });
    await until('caught up', () => events.includes('recovered') && sent.length === 2);
    await until('the end', async () => (await store.exports.find('siem'))?.position === 401);
    assert.deepEqual(events, ['taken', 'behind', 'recovered']);
  });
});
