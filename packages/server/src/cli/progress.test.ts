import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showProgress } from './progress.ts';

/** What is shown of a copy of 1000 rows in steps of 100 that take a while each. */
function shown(isTTY: boolean, stepMs: number): string[] {
  const written: string[] = [];
  let ms = 0;
  const show = showProgress(false, { isTTY, write: (text: string) => written.push(text) }, () => ms);
  for (let rows = 0; rows <= 1000; rows += 100) {
    show({ phase: 'copy', table: 'audit', rows, total: 1000 });
    ms += stepMs;
  }
  return written;
}

test('where there is no terminal: a line every few seconds, none when it is quick', () => {
  assert.deepEqual(shown(false, 10), []);
  assert.deepEqual(shown(false, 2000), [
    'copy audit: 300 of 1000\n',
    'copy audit: 600 of 1000\n',
    'copy audit: 900 of 1000\n',
  ]);
});

test('on a terminal: one line that moves', () => {
  const bars = shown(true, 150);
  assert.equal(bars.length, 10);
  assert.equal(bars.at(-1), `\r\x1b[K[${'#'.repeat(24)}] 100 % copy audit`);
  assert.equal(bars.at(4), `\r\x1b[K[${'#'.repeat(12)}${'.'.repeat(12)}]  50 % copy audit`);
});
