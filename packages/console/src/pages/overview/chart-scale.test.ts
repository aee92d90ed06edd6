import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changeOf, roundUp, scalesOf, shareOf } from './chart-scale.ts';

const step = (allowed: number, refused: number) => ({ atMs: 0, allowed, narrowed: 0, refused, signInAgain: 0 });

describe('the scales of a chart', () => {
  test('round numbers', () => {
    assert.deepEqual([0, 1, 1.2, 3, 7, 10, 11, 349, 1800].map(roundUp), [1, 1, 2, 5, 10, 10, 20, 500, 2000]);
  });

  test('little that was refused is drawn larger, and it is said how much', () => {
    const { up, down, times } = scalesOf([step(1700, 36), step(20, 3)], 120, 48);
    assert.deepEqual([up.most, down.most, times], [2000, 50, 16]);
    assert.equal(up.toPixels(2000), 120);
    assert.equal(down.toPixels(50), 48);
  });

  test('where more was refused than given, both halves have one scale', () => {
    const { up, down, times } = scalesOf([step(2, 40)], 120, 48);
    assert.equal(times, 1);
    assert.equal(up.toPixels(10), down.toPixels(10));
  });

  test('nothing at all divides by nothing', () => {
    const { up, down } = scalesOf([], 120, 48);
    assert.deepEqual([up.toPixels(0), down.toPixels(0)], [0, 0]);
  });
});

test('changes and shares are of something', () => {
  assert.deepEqual([changeOf(104, 100), changeOf(88, 100), changeOf(3, 0)], ['+4%', '−12%', undefined]);
  assert.deepEqual([shareOf(981, 1000), shareOf(0, 0)], ['98.1%', undefined]);
});
