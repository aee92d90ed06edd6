import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Bulletin } from '../../store/off.ts';
import { createReader, type Progress, type ReaderOptions } from './reader.ts';

const bulletin = (position: number): Bulletin => ({
  position,
  personId: `u_${position}`,
  event: 'session-revoked',
  membership: undefined,
  initiator: 'admin',
  at: 1,
});

/** Bulletins in memory, and what the reader did with them. */
function open(
  work: (page: readonly Bulletin[], tries: number) => Partial<Progress>,
  options: Partial<ReaderOptions<Bulletin>> = {},
) {
  const kept = { bulletins: [] as Bulletin[], place: 0, times: [] as number[], faults: [] as unknown[] };
  const reader = createReader({
    name: 'r',
    bulletins: {
      readers: async () => {
        await setImmediate(); // as a store that others use too
        return new Map([['r', kept.place]]);
      },
      begin: async () => kept.place,
      after: async (position, limit) => kept.bulletins.filter((each) => each.position > position).slice(0, limit),
      advance: async (_, position) => {
        kept.place = position;
      },
    },
    work: async (page) => {
      kept.times.push(performance.now());
      const done = work(page, kept.times.length);
      return { until: page.at(-1)?.position ?? 0, records: [], isStuck: false, ...done };
    },
    since: () => 0,
    onFault: (fault) => kept.faults.push(fault),
    random: () => 0,
    ...options,
  });
  after(() => reader.stop());
  const reaches = async (place: number) => {
    for (let tries = 0; kept.place < place && tries < 1000; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(kept.place, place);
  };
  return {
    ...kept,
    kept,
    reader,
    reaches,
    add: (...positions: number[]) => kept.bulletins.push(...positions.map(bulletin)),
  };
}

describe('a reader of bulletins', { timeout: 30_000 }, () => {
  test('reads everything in pages, once, and what comes while it reads', async () => {
    const seen: number[] = [];
    const { reader, reaches, add, kept } = open((page) => {
      seen.push(...page.map(({ position }) => position));
      if (page[0]?.position === 1) add(501);
      return {};
    });
    const all = Array.from({ length: 500 }, (_, at) => at + 1);
    add(...all);
    reader.wake();
    await reaches(501);
    assert.deepEqual(seen, [...all, 501]);
    add(502);
    reader.wake();
    reader.wake();
    await reaches(502);
    assert.equal(seen.length, 502);
    assert.equal(kept.times.length, 4, 'where there is nothing, nothing is done');
  });

  test('what is stuck is tried again after pauses that grow, from where it was', async () => {
    const firsts: (number | undefined)[] = [];
    const { reader, reaches, add, kept } = open((page, tries) => {
      firsts.push(page[0]?.position);
      return tries < 4 ? { until: 1, isStuck: true } : {};
    });
    add(1, 2, 3);
    reader.wake();
    await reaches(3);
    assert.deepEqual(firsts, [1, 2, 2, 2]);
    const pauses = kept.times.slice(1).map((at, index) => at - (kept.times[index] ?? 0));
    const least = [115, 240, 490];
    assert.ok(
      pauses.every((pause, at) => pause > (least[at] ?? 0)),
      String(pauses),
    );
  });

  test('something new is a reason to try again at once, a second after the last time at the earliest', async () => {
    const { reader, reaches, add, kept } = open((_, tries) => (tries < 6 ? { until: 0, isStuck: true } : {}));
    add(1);
    reader.wake();
    while (kept.times.length < 5) await new Promise((resolve) => setTimeout(resolve, 10));
    const from = performance.now();
    add(2);
    reader.wake(); // in a pause of two seconds
    await reaches(2);
    const waited = performance.now() - from;
    assert.ok(waited > 800 && waited < 1600, String(waited));
    await reader.stop();
  });

  test('a store that is away is told of and tried again', async () => {
    let isAway = true;
    const { reader, reaches, add, kept } = open(() => {
      if (isAway) throw new Error('away');
      return {};
    });
    add(1);
    reader.wake();
    for (let tries = 0; kept.faults.length < 1 && tries < 200; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    isAway = false;
    await reaches(1);
    assert.ok(kept.faults.length >= 1);
  });

  test('stops in a pause without waiting for its end, and does nothing more', async () => {
    const { reader, add, kept } = open(() => ({ until: 0, isStuck: true }), { random: () => 1 });
    add(1);
    reader.wake();
    for (let tries = 0; kept.times.length < 4 && tries < 1000; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const from = performance.now();
    await reader.stop();
    assert.ok(performance.now() - from < 200);
    reader.wake();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(kept.times.length, 4);
  });

  test('stopped while it works, it ends with that, and begins no pause', async () => {
    let stopped: Promise<number> | undefined;
    const { reader, add } = open(
      (_, tries) => {
        const from = performance.now();
        if (tries === 4) stopped = reader.stop().then(() => performance.now() - from);
        return { until: 0, isStuck: true };
      },
      { random: () => 1 },
    );
    add(1);
    reader.wake();
    while (!stopped) await new Promise((resolve) => setTimeout(resolve, 10));
    const waited = await stopped;
    assert.ok(waited < 1000, String(waited));
  });

  test('asked at whatever moment it comes to an end, it goes on', async () => {
    for (let moments = 0; moments < 12; moments += 1) {
      let place = 0;
      let isAdded = false;
      const { reader, reaches, kept } = open(() => ({}), {
        bulletins: {
          readers: async () => new Map([['r', place]]),
          begin: async () => place,
          after: async (position) => {
            if (isAdded) return position < 1 ? [bulletin(1)] : [];
            isAdded = true;
            void (async () => {
              for (let moment = 0; moment < moments; moment += 1) await undefined;
              reader.wake();
            })();
            return [];
          },
          advance: async (_, position) => {
            place = position;
            kept.place = position;
          },
        },
      });
      reader.wake();
      await reaches(1);
    }
  });
});
