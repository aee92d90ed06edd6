import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLiveStreams, pause } from './live.ts';

async function* untilAborted(signal: AbortSignal) {
  while (!signal.aborted) await pause(1000, signal);
  yield '';
}

test('of one person there are five streams, of everybody a hundred, and one that is left makes room', async () => {
  const live = createLiveStreams();
  const openOf = (person: string) => live.open(person, untilAborted);
  const opened = Array.from({ length: 5 }, () => openOf('u_0'));
  assert.ok(opened.every((stream) => stream !== undefined));
  assert.equal(openOf('u_0'), undefined);
  const others = Array.from({ length: 95 }, (_, at) => openOf(`u_${1 + at}`));
  assert.ok(others.every((stream) => stream !== undefined));
  assert.equal(live.count(), 100);
  assert.equal(openOf('u_new'), undefined);
  await others[0]?.cancel();
  assert.ok(openOf('u_new'));
  assert.equal(live.count(), 100);
});
