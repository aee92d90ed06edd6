import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFailureLimit } from './limits.ts';

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
