import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFailureLimit, createPace } from './limits.ts';

describe('T27: failures are limited by client and address together', () => {
  let now = 1000;
  const limit = createFailureLimit({ max: 3, windowSeconds: 60, now: () => now });

  test('the fourth try waits for the end of the window', () => {
    for (let n = 0; n < 3; n++) limit.add('c', '192.0.2.1');
    assert.equal(limit.waitSeconds('c', '192.0.2.1'), 60);
    now = 1059;
    assert.equal(limit.waitSeconds('c', '192.0.2.1'), 1);
    now = 1060;
    assert.equal(limit.waitSeconds('c', '192.0.2.1'), 0);
  });

  test('the same client elsewhere, and another client there, are not locked out', () => {
    for (let n = 0; n < 5; n++) limit.add('c', '192.0.2.1');
    assert.equal(limit.waitSeconds('c', '192.0.2.2'), 0);
    assert.equal(limit.waitSeconds('d', '192.0.2.1'), 0);
  });
});

describe('IDP-38: one person has a burst of sixty, refilled steadily', () => {
  let nowMs = 0;
  const pace = createPace({ burst: 60, perSecond: 2, nowMs: () => nowMs });
  const takenOf = (tries: number, key = 'u_1') =>
    Array.from({ length: tries }, () => pace.take(key)).filter(Boolean).length;

  test('sixty at once, not one more, and two a second after that', () => {
    assert.equal(takenOf(70), 60);
    nowMs += 1000;
    assert.equal(takenOf(10), 2);
    nowMs += 3_600_000;
    assert.equal(takenOf(70), 60);
  });

  test('another person is not slowed', () => assert.equal(takenOf(60, 'u_2'), 60));
});
