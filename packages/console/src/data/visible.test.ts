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

test('T32: no sign that is not seen goes by: those without width, tags, fillers, and what chooses a look of nothing', () => {
  const signs = '\u00AD\u034F\u115F\u180E\u2066\u206A\u3164\uFFA0\uFFF9\uFE0F\u{E0041}\u{E01F0}\u{1D173}';
  for (const sign of signs) assert.equal(makeVisible(`a${sign}b`), 'a\uFFFDb', sign.codePointAt(0)?.toString(16));
  assert.equal(makeVisible('Ann \u2764\uFE0F'), 'Ann \u2764\uFE0F');
});

test('letters of other scripts, line breaks, and documents that may be sent back stay as they are', () => {
  const answer = { name: 'Žofie 陳\n\tb', document: { name: 'a\u202Eb' } };
  assert.deepEqual(makeVisible(answer), answer);
});
