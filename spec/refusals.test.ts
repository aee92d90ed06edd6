import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { refusals } from '@credence/mcp/protocol';
import notBuiltYet from './not-built-yet.json' with { type: 'json' };
import { readTestSources } from './test-sources.ts';

// Every row of the refusal table is produced somewhere, and some test asserts it by reason.

const root = dirname(import.meta.dirname);

/** What is wrong with the rows, one line each. A key counts where it stands alone in quotes. */
function checkRows(
  keys: readonly string[],
  { tests, product, open }: { tests: string; product: string; open: Record<string, string> },
): string[] {
  const isIn = (code: string, key: string) => code.includes(`'${key}'`);
  const isOpen = (key: string) => Object.hasOwn(open, key);
  const isDone = (key: string) => isIn(tests, key) && isIn(product, key);
  return [
    ...keys.filter((key) => !isIn(product, key) && !isOpen(key)).map((key) => `${key}: nothing produces it`),
    ...keys.filter((key) => !isIn(tests, key) && !isOpen(key)).map((key) => `${key}: no test asserts it`),
    ...Object.keys(open)
      .filter((key) => isDone(key))
      .map((key) => `${key}: is built and tested, not "not built yet"`),
    ...Object.keys(open)
      .filter((key) => !keys.includes(key))
      .map((key) => `${key}: is no row`),
  ];
}

describe('the refusal table', () => {
  const catalogue = readFileSync(join(import.meta.dirname, 'requirements.md'), 'utf8');

  test('every row is produced, and asserted by reason', () => {
    const product = globSync('packages/*/src/**/*.ts', { cwd: root })
      .filter((path) => !/\.(?:test|contract)\.ts$|protocol\/refusals\.ts$/.test(path))
      .map((path) => readFileSync(join(root, path), 'utf8'))
      .join('\n');
    const tests = readTestSources()
      .map(({ code }) => code)
      .join('\n');
    assert.deepEqual(checkRows(Object.keys(refusals), { tests, product, open: notBuiltYet.refusals }), []);
  });

  test('every row names a requirement of the catalogue', () => {
    for (const [key, { rule }] of Object.entries(refusals)) {
      assert.ok(catalogue.includes(`| ${rule} |`), `${key}: ${rule}`);
    }
  });
});

test('the check above notices a dead row, one without a test, a list that lags behind, and a line about nothing', () => {
  const keys = ['dead', 'untested', 'done', 'open'];
  const tests = "refused('dead') refused('done')";
  const product = "no('untested') no('done')";
  const open = { done: 'later', open: 'later', gone: 'later' };
  assert.deepEqual(checkRows(keys, { tests, product, open }), [
    'dead: nothing produces it',
    'untested: no test asserts it',
    'done: is built and tested, not "not built yet"',
    'gone: is no row',
  ]);
});
