import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReplayPage } from './replay-sums.ts';
import { type Running, startReplay, unasked } from './run-replay.ts';

/** So many pages of ten decisions, all the same, one asked for at a time. */
function open({ pages, digest = 'x' }: { readonly pages: number; readonly digest?: string }) {
  const seen: Running[] = [];
  const asked: (string | undefined)[] = [];
  const world = { isThere: true, fails: false };
  const replay = startReplay({
    fromMs: 0,
    toMs: 1000,
    digest: 'x',
    isSomebodyThere: () => world.isThere,
    onChange: (running) => seen.push(running),
    read: async (cursor): Promise<ReplayPage> => {
      asked.push(cursor);
      if (world.fails) throw new Error('away');
      const at = Number(cursor ?? 0) + 1;
      const figures = { total: 10, gained: 0, letIn: 0, lost: 0, shutOut: 0, again: 0, same: 10, unknown: 0 };
      return { digest, ...figures, changed: [], reachedMs: 1000 - at, next: at < pages ? String(at) : null };
    },
  });
  const settled = async () => {
    for (let at = 0; at < 200 && seen.at(-1)?.state === 'running'; at += 1) await new Promise(setImmediate);
    return seen.at(-1) as Running;
  };
  return { replay, seen, asked, world, settled };
}

describe('a replay', () => {
  test('adds up page after page, and says each time how far it is', async () => {
    const { settled, seen, asked } = open({ pages: 3 });
    const { state, sums } = await settled();
    assert.deepEqual([state, sums.total, asked], ['done', 30, [undefined, '1', '2']]);
    assert.deepEqual(
      seen.map(({ sums: { reachedMs } }) => reachedMs),
      [undefined, 999, 998, 997],
    );
  });

  test('holds after a second of work, and does all the rest when somebody wants it', async () => {
    const { settled, replay } = open({ pages: unasked * 3 });
    const held = await settled();
    assert.deepEqual([held.state, held.sums.total], ['held', unasked * 10]);
    replay.goOn();
    const { state, sums } = await settled();
    assert.deepEqual([state, sums.total], ['done', unasked * 30]);
    replay.goOn();
    assert.equal((await settled()).sums.total, unasked * 30, 'what is done is not done again');
  });

  test('holds when it is told to, and when nobody is there', async () => {
    const { settled, replay, world } = open({ pages: 50 });
    replay.hold();
    assert.deepEqual((await settled()).sums.total, 10);
    world.isThere = false;
    replay.goOn();
    const { state, sums } = await settled();
    assert.deepEqual([state, sums.total], ['held', 20]);
  });

  test('adds nothing up that another text has decided', async () => {
    const { settled, asked } = open({ pages: 3, digest: 'other' });
    const { state, sums } = await settled();
    assert.deepEqual([state, sums.total, asked.length], ['other', 0, 1]);
  });

  test('that fails keeps what it has, and goes on from there', async () => {
    const { settled, replay, world, asked } = open({ pages: unasked + 1 });
    await settled();
    world.fails = true;
    replay.goOn();
    const failed = await settled();
    assert.deepEqual(
      [failed.state, failed.sums.total, (failed.error as Error).message],
      ['failed', unasked * 10, 'away'],
    );
    world.fails = false;
    replay.goOn();
    const { state, sums, error } = await settled();
    assert.deepEqual(
      [state, sums.total, error, asked.at(-1)],
      ['done', (unasked + 1) * 10, undefined, String(unasked)],
    );
  });

  test('that nobody looks at any more says nothing, and asks for nothing more', async () => {
    const { replay, seen, asked } = open({ pages: 3 });
    replay.end();
    for (let at = 0; at < 10; at += 1) await new Promise(setImmediate);
    assert.deepEqual([seen.length, asked.length], [1, 1]);
  });
});
