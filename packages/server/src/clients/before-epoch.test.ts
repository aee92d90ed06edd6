import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOfBefore } from './before-epoch.ts';

test('before the first epoch nothing is from before it, whatever its time', () => {
  for (const issuedAt of [0, 10, 30]) assert.equal(isOfBefore(issuedAt, 0, 30), false);
});
