import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeVisible } from './visible.ts';

test('what cannot be seen in a name is shown as a box, wherever in an answer it stands (T32)', () => {
  const answer = {
    items: [{ name: 'Claude\u202EedoC', ok: true, count: 3, none: null, tools: ['a\u200Bb', 'c\u0000d'] }],
    next: null,
  };
  assert.deepEqual(makeVisible(answer), {
    items: [{ name: 'Claude\uFFFDedoC', ok: true, count: 3, none: null, tools: ['a\uFFFDb', 'c\uFFFDd'] }],
    next: null,
  });
});

test('letters of other scripts, line breaks, and documents that may be sent back stay as they are', () => {
  const answer = { name: 'Žofie 陳\n\tb', document: { name: 'a\u202Eb' } };
  assert.deepEqual(makeVisible(answer), answer);
});
