import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvent } from './live.ts';

test('T32: a line that comes live shows what cannot be seen, as one that was searched for does', () => {
  const line = { id: 'd_1', client: 'safe\u202Egpj.exe', scopes: ['a\u200B'] };
  const shown = { id: 'd_1', client: 'safe\uFFFDgpj.exe', scopes: ['a\uFFFD'] };
  assert.deepEqual(readEvent(JSON.stringify(line)), shown);
});
