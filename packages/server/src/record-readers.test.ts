import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatherAgentUses } from './record-readers.ts';

/** A record whose lines are read by somebody and, where it says so, written by others meanwhile. */
function recordOf(lines: number, writtenMeanwhile: number) {
  let waiting = lines;
  let steps = 0;
  const catchUp = async (limit: number) => {
    steps += 1;
    assert.ok(steps < 10, 'it comes to an end');
    const read = Math.min(waiting, limit);
    waiting += writtenMeanwhile - read;
    return read;
  };
  return { agentUses: { catchUp, of: async () => [] }, waiting: () => waiting };
}

test('what agents did is gathered to the end, however much waits', async () => {
  const record = recordOf(2500, 0);
  await gatherAgentUses(record);
  assert.equal(record.waiting(), 0);
});

test('lines that never cease to come do not keep it from an end: the next time is for them', async () => {
  const record = recordOf(2500, 20);
  await gatherAgentUses(record);
  assert.equal(record.waiting(), 20);
});
