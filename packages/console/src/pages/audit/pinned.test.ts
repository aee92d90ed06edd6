import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mostSeen, readPinned, withSeen } from './pinned.ts';

const keys = [{ kty: 'OKP', kid: 'k1', crv: 'Ed25519', x: 'x' }];

const checkpoint = (number: number, size: number) => ({ statement: `a.${number}.c`, number, size, timeMs: 6 });

test('what was pinned is read again', () => {
  const pinned = { keys, atMs: 5, seen: [checkpoint(7, 70)] };
  assert.deepEqual(readPinned(JSON.stringify(pinned)), pinned);
  const broken = [null, { number: 7 }, { ...checkpoint(7, 70), size: '70' }, { ...checkpoint(7, 70), statement: 1 }];
  for (const seen of [undefined, 5, {}, broken]) {
    assert.deepEqual(readPinned(JSON.stringify({ keys, atMs: 5, seen })), { keys, atMs: 5, seen: [] });
  }
});

test('keys that a verified checkpoint announced are pinned with it, and none in the place of another', () => {
  const [key] = keys as [(typeof keys)[0]];
  const announced = [
    { ...key, x: 'another' },
    { ...key, kid: 'k2' },
  ];
  const began = { keys: [key, { ...key, kid: 'k0' }], atMs: 5, seen: [] };
  const seen = checkpoint(7, 70);
  assert.deepEqual(withSeen(began, { began, behind: 0, startedAt: 0, seen: { ...seen, announced } }), {
    keys: [...began.keys, { ...key, kid: 'k2' }],
    atMs: 5,
    seen: [seen],
  });
});

describe('checkpoints that were verified before', () => {
  const began = { keys, atMs: 5, seen: [checkpoint(3, 30), checkpoint(5, 50)] };
  const newest = { ...checkpoint(9, 90), announced: [] };
  const numbersLeft = (part: { behind: number; startedAt: number }, now = began) =>
    withSeen(now, { began, ...part, seen: newest })?.seen.map(({ number }) => number);

  test('stay as long as the part that is verified begins behind them', () => {
    assert.deepEqual(numbersLeft({ behind: 50, startedAt: 50 }), [3, 5, 9]);
    assert.deepEqual(numbersLeft({ behind: 49, startedAt: 49 }), [3, 9]);
    assert.deepEqual(
      numbersLeft({ behind: 80, startedAt: 30 }),
      [3, 9],
      'it began further in front than was asked for',
    );
    assert.deepEqual(numbersLeft({ behind: 0, startedAt: 0 }), [9]);
  });

  test('go where the lines that they cover are kept no more', () => {
    assert.deepEqual(numbersLeft({ behind: 0, startedAt: 60 }), [9]);
  });

  test('stay when another page came by them meanwhile, each once', () => {
    const now = { ...began, seen: [...began.seen, checkpoint(8, 80), checkpoint(9, 90), checkpoint(10, 99)] };
    assert.deepEqual(numbersLeft({ behind: 0, startedAt: 0 }, now), [8, 9, 10]);
  });

  test('are kept in a bounded number: the first, and the newest', () => {
    const many = { ...began, seen: Array.from({ length: mostSeen }, (_, at) => checkpoint(at - mostSeen, at + 10)) };
    const left = numbersLeft({ behind: 100, startedAt: 100 }, many);
    assert.deepEqual([left?.length, left?.slice(0, 3), left?.slice(-2)], [mostSeen, [-20, -18, -17], [-1, 9]]);
    const few = { ...began, seen: many.seen.slice(1) };
    assert.equal(numbersLeft({ behind: 100, startedAt: 100 }, few)?.length, mostSeen);
  });

  test('are not kept under a pin that was forgotten, or made anew, meanwhile', () => {
    for (const now of [undefined, { ...began, atMs: 6 }]) {
      assert.equal(withSeen(now, { began, behind: 0, startedAt: 0, seen: newest }), undefined);
    }
  });
});

test('nothing, or what we did not write, is nothing pinned', () => {
  for (const text of [
    null,
    '',
    'x',
    '{}',
    '{"keys":[],"atMs":1}',
    '{"keys":[{}],"atMs":1}',
    '{"keys":[null],"atMs":1}',
    '{"keys":[{"kid":"k"},{}],"atMs":1}',
  ]) {
    assert.equal(readPinned(text), undefined, String(text));
  }
  assert.equal(readPinned(JSON.stringify({ keys })), undefined);
});
