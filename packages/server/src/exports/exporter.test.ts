import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { openDeadLetters } from './dead-letters.ts';
import type { Destination, Sent } from './destination.ts';
import { type Exporter, type ExporterOptions, startExporter } from './exporter.ts';
import { append, numbered, until } from './fixtures.ts';
import { readExportStatus } from './status.ts';

const dir = await mkdtemp(join(tmpdir(), 'credence-exporter-'));
after(() => rm(dir, { recursive: true, force: true }));
let made = 0;

/** A destination that does as it is told, and notes what arrived. */
function scripted(judge: (ids: readonly string[]) => Sent | Promise<Sent> = () => ({ outcome: 'delivered' })) {
  const arrived: string[] = [];
  const sizes: number[] = [];
  const destination: Destination = {
    most: { lines: 4, bytes: 1e6 },
    async send(batch) {
      const ids = batch.map(({ row }) => row.id);
      sizes.push(batch.length);
      const sent = await judge(ids);
      if (sent.outcome === 'delivered') arrived.push(...ids);
      return sent;
    },
    close: async () => undefined,
  };
  return { arrived, sizes, destination };
}

async function world() {
  const store = await openSqliteStore(':memory:', { node: 'node-1' });
  after(() => store.close());
  const events: string[] = [];
  const letters = openDeadLetters(join(dir, `${++made}.jsonl`));
  const running: Exporter[] = [];
  const start = (destination: Destination, change: Partial<ExporterOptions> = {}) => {
    const exporter = startExporter({
      name: 'siem',
      format: 'jsonl',
      kinds: undefined,
      destination,
      deadLetters: letters,
      tries: 3,
      store,
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
    running.push(exporter);
    return exporter;
  };
  after(() => Promise.all(running.map((each) => each.stop())));
  const write = (...numbers: number[]) => append(store, ...numbers.map((number) => numbered(number)));
  const place = async () => (await store.exports.find('siem')) ?? assert.fail('no place');
  return { store, events, letters, start, write, place };
}

const ids = (...numbers: number[]) => numbers.map((number) => `d_${number}`);
const lettersOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('an export', () => {
  test('everything arrives in order, what was there before and what comes after; then the place is the end', async () => {
    const { start, write, place, events } = await world();
    await write(1, 2, 3, 4, 5, 6);
    const { arrived, destination, sizes } = scripted();
    const exporter = start(destination);
    await until('the first six', () => arrived.length === 6);
    await write(7);
    await until('the seventh', () => arrived.length === 7);
    await exporter.stop();
    assert.deepEqual(arrived, ids(1, 2, 3, 4, 5, 6, 7));
    assert.ok(Math.max(...sizes) <= 4);
    const { position, sent, dead, holder } = await place();
    assert.deepEqual([position, sent, dead, holder], [7, 7, 0, undefined]);
    assert.deepEqual(events, ['taken']);
  });

  test('a process that follows goes on where the one before it stopped; what was not confirmed is sent again', async () => {
    const { store, start, write } = await world();
    await write(1, 2);
    const first = scripted();
    // It dies after the batch has arrived, and before that is written down.
    const exports = { ...store.exports, advance: () => Promise.reject(new Error('dead')) };
    const dying = start(first.destination, { store: { ...store, exports } as Store });
    await until('two', () => first.arrived.length >= 2);
    await dying.stop();
    await write(3);
    const second = scripted();
    start(second.destination, { holder: 'b' });
    await until('all', () => second.arrived.length === 3);
    assert.deepEqual(second.arrived, ids(1, 2, 3));
  });

  test('only the kinds that are wanted; the place moves on past the others with what follows', async () => {
    const { store, start, place } = await world();
    await append(store, numbered(1, { kind: 'alert' }), numbered(2), numbered(3, { kind: 'alert' }), numbered(4));
    const { arrived, destination } = scripted();
    start(destination, { kinds: new Set(['alert']) });
    await until('both', () => arrived.length === 2);
    assert.deepEqual(arrived, ids(1, 3));
    await until('the end', async () => (await place()).position === 4);
    assert.equal((await place()).sent, 2);
  });

  test('a batch is narrowed down to the record that is refused; the others arrive, in order', async () => {
    const { start, write, letters, place, events } = await world();
    await write(1, 2, 3, 4, 5);
    const { arrived, destination } = scripted((batch) =>
      batch.includes('d_3') ? { outcome: 'refused', why: 'status 400' } : { outcome: 'delivered' },
    );
    start(destination);
    await until('the rest', () => arrived.length === 4);
    assert.deepEqual(arrived, ids(1, 2, 4, 5));
    const kept = await lettersOf(letters.path);
    assert.deepEqual(
      kept.map(({ id, why, position }) => [id, why, position]),
      [['d_3', 'status 400', 3]],
    );
    await until('the end', async () => (await place()).position === 5);
    assert.deepEqual([(await place()).sent, (await place()).dead], [4, 1]);
    assert.ok(events.includes('dead d_3 status 400'));
  });

  test('a record at which the destination fails again and again is put aside; one that is only away loses none', async () => {
    const { store, start, write, letters, events, place } = await world();
    await write(1, 2);
    let away = 0;
    const { arrived, destination } = scripted((batch) => {
      if (away++ < 2) return { outcome: 'away', why: 'ECONNREFUSED', faulty: false };
      return batch.includes('d_1') ? { outcome: 'away', why: 'status 500', faulty: true } : { outcome: 'delivered' };
    });
    start(destination, { tries: 2 });
    await until('why', async () => (await store.exports.find('siem'))?.failing?.why === 'ECONNREFUSED');
    await until('the second', () => arrived.length === 1, 60_000);
    assert.deepEqual(arrived, ids(2));
    assert.deepEqual(
      (await lettersOf(letters.path)).map(({ id, why }) => [id, why]),
      [['d_1', 'status 500']],
    );
    assert.deepEqual(
      events.filter((each) => /failing|recovered/.test(each)),
      ['failing ECONNREFUSED', 'recovered'],
    );
    assert.equal((await place()).failing, undefined);
  });

  test('never given up where it is not the destination that fails', async () => {
    const { start, write, place } = await world();
    await write(1);
    let tried = 0;
    const { arrived, destination } = scripted(() =>
      ++tried <= 3 ? { outcome: 'away', why: 'status 503', faulty: false } : { outcome: 'delivered' },
    );
    start(destination, { tries: 1 });
    await until('it', () => arrived.length === 1);
    assert.equal((await place()).dead, 0);
  });

  test('comes back no sooner than it was told', async () => {
    const { start, write } = await world();
    await write(1);
    const times: number[] = [];
    const { arrived, destination } = scripted(() => {
      times.push(performance.now());
      return times.length === 1
        ? { outcome: 'away', why: 'status 429', faulty: false, waitMs: 600 }
        : { outcome: 'delivered' };
    });
    start(destination);
    await until('it', () => arrived.length === 1);
    assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 590);
  });

  test('large records: no batch is larger than the destination takes, unless it is one record', async () => {
    const { store, start } = await world();
    await append(store, ...[1, 2, 3].map((number) => numbered(number, { detail: 'x'.repeat(1000) })));
    const { arrived, sizes, destination } = scripted();
    start({ ...destination, most: { lines: 100, bytes: 3000 } });
    await until('all', () => arrived.length === 3);
    assert.deepEqual(sizes, [2, 1]);
    sizes.length = 0;
    await append(store, numbered(4, { detail: 'x'.repeat(9000) }), numbered(5));
    await until('all', () => arrived.length === 5);
    assert.deepEqual(sizes, [1, 1]);
  });

  test('set to another place by hand, it goes on from there', async () => {
    const { store, start, write } = await world();
    await write(1, 2, 3);
    const { arrived, destination } = scripted();
    start(destination);
    await until('three', () => arrived.length === 3);
    await store.exports.move('siem', 1, Date.now(), []);
    await until('five', () => arrived.length === 5);
    assert.deepEqual(arrived, ids(1, 2, 3, 2, 3));
  });

  test('of several nodes one exports; another takes over when it stands still, and not before', async () => {
    const { store, start, write, place } = await world();
    await write(1);
    const [first, second] = [scripted(), scripted()];
    const a = start(first.destination, { isAlone: false, takeOverMs: 1200 });
    await until('the first', () => first.arrived.length === 1);
    start(second.destination, { isAlone: false, takeOverMs: 1200, holder: 'b' });
    await new Promise((resolve) => setTimeout(resolve, 2500)); // longer than a dead one is waited for
    assert.equal((await place()).holder, 'a', 'it is alive');
    await a.stop();
    await write(2);
    await until('the second', () => second.arrived.length === 1, 3000);
    assert.deepEqual([first.arrived, second.arrived], [ids(1), ids(2)]);
    // One that died says nothing; its beat stands still.
    const began = Date.now();
    while (!(await store.exports.take(await place(), 'dead'))); // it may just have moved on itself
    await write(3);
    await until('the third', () => second.arrived.length === 2);
    assert.ok(Date.now() - began >= 1000);
  });

  test('the store away for a while: it goes on', async () => {
    const { store, start, write, events } = await world();
    await write(1);
    let isAway = true;
    const find: Store['exports']['find'] = (name) =>
      isAway ? Promise.reject(new Error('away')) : store.exports.find(name);
    const { arrived, destination } = scripted();
    start(destination, { store: { ...store, exports: { ...store.exports, find } } });
    await until('a fault', () => events.length > 0);
    isAway = false;
    await until('it', () => arrived.length === 1);
  });

  test('it says once that it is behind, and that it has caught up', async () => {
    const { store, start, write, events } = await world();
    await append(store, numbered(1, { timeMs: Date.now() - 61_000 }), numbered(2, { timeMs: Date.now() - 61_000 }));
    const { arrived, destination } = scripted();
    start({ ...destination, most: { lines: 1, bytes: 1e6 } });
    await until('both', () => arrived.length === 2);
    await write(3);
    await until('all', () => arrived.length === 3);
    await until('caught up', () => events.includes('recovered'));
    assert.deepEqual(events, ['taken', 'behind', 'recovered']);
  });

  test('a destination that never answers holds up no stop for long', async () => {
    const { start, write } = await world();
    await write(1);
    let asked = false;
    const { destination } = scripted(() => {
      asked = true;
      return new Promise(() => undefined);
    });
    const exporter = start({ ...destination, close: () => new Promise(() => undefined) });
    await until('it is under way', () => asked);
    const began = Date.now();
    await exporter.stop();
    assert.ok(Date.now() - began < 6000);
  });
});

describe('how an export stands', () => {
  test('position, records behind, age of the oldest, and why nothing arrives', async () => {
    const { store, write } = await world();
    const nowMs = Date.now();
    await append(store, numbered(1), numbered(2, { timeMs: nowMs - 90_000 }), numbered(3));
    const settings = [{ name: 'siem', kind: 'webhook' }] as const;
    const [fresh] = await readExportStatus(store, settings, nowMs);
    const start = { name: 'siem', kind: 'webhook', position: 0, behind: 3, lagSeconds: 0, sent: 0, dead: 0 };
    assert.deepEqual(fresh, { ...start, holder: undefined, failing: undefined });
    await store.exports.begin('siem', nowMs);
    await store.exports.take({ name: 'siem', holder: undefined, beat: 0 }, 'a');
    await store.exports.advance('siem', 'a', { from: 0, to: 1, sent: 1, dead: 0, nowMs });
    await store.exports.fail('siem', 'a', 'status 503', 0);
    const [status] = await readExportStatus(store, settings, nowMs);
    const failing = { why: 'status 503', since: '1970-01-01T00:00:00.000Z' };
    assert.deepEqual(status, { ...start, position: 1, behind: 2, lagSeconds: 90, sent: 1, holder: 'a', failing });
    await write(4);
    await store.exports.move('siem', 4, nowMs, []);
    assert.equal((await readExportStatus(store, settings, nowMs))[0]?.lagSeconds, 0);
  });
});
