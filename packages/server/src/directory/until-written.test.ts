import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreConflict } from '../store/store.ts';
import { untilWritten } from './until-written.ts';

/** An attempt that others are faster than, so many times. */
function late(times: number) {
  const attempt = async () => {
    attempt.made += 1;
    return attempt.made > times ? { made: attempt.made } : undefined;
  };
  attempt.made = 0;
  return attempt;
}

test('a change is tried again while others are faster, twenty times in all', async () => {
  assert.deepEqual(await untilWritten('person', late(0)), { made: 1 });
  assert.deepEqual(await untilWritten('person', late(19)), { made: 20 });
  const never = late(20);
  await assert.rejects(untilWritten('person', never), StoreConflict);
  assert.equal(never.made, 20);
});
