import assert from 'node:assert/strict';
import { test } from 'node:test';
import { againMs, readEvent } from './live.ts';

test('T32: a line that comes live shows what cannot be seen, as one that was searched for does', () => {
  const line = { id: 'd_1', client: 'safe\u202Egpj.exe', scopes: ['a\u200B'] };
  const shown = { id: 'd_1', client: 'safe\uFFFDgpj.exe', scopes: ['a\uFFFD'] };
  assert.deepEqual(readEvent(JSON.stringify(line)), shown);
});

test('a stream that was refused is asked for again later each time, never at the same moment everywhere, and always in the end', () => {
  const waits = [0, 1, 2, 3, 4, 5, 50, 5000].map((failures) => againMs(failures, 0));
  assert.deepEqual(waits, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  assert.deepEqual([againMs(0, 0.5), againMs(50, 1)], [2500, 90_000]);
});
