import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file of tests, as those checks read it that ask whether a sentence or a refusal has a test. */
export interface TestSource {
  readonly path: string;
  /** Without comments: what is only talked about is not tested. */
  readonly code: string;
  /** First string of each `test(...)`, `describe(...)` and table row: what a reader sees when the test runs. */
  readonly names: readonly string[];
}

const root = dirname(import.meta.dirname);
const text = `'(?:\\\\.|[^'\\\\\\n])*'|"(?:\\\\.|[^"\\\\\\n])*"|\`(?:\\\\.|[^\`\\\\])*\``;

/** Every test of this repository, except those that check the tests. */
export function readTestSources(): TestSource[] {
  const files = globSync(['packages/*/src/**/*.test.ts', 'spec/*.test.ts', 'e2e/**/*.test.ts'], { cwd: root });
  return files
    .filter((path) => !['spec/coverage.test.ts', 'spec/refusals.test.ts'].includes(path))
    .map((path) => toTestSource(path, readFileSync(join(root, path), 'utf8')));
}

export function toTestSource(path: string, source: string): TestSource {
  const comments = new RegExp(`(${text})|/\\*[\\s\\S]*?\\*/|(?<!:)//[^\\n]*`, 'g');
  const code = source.replaceAll(comments, (_, kept: string | undefined) => kept ?? '');
  const named = code.matchAll(new RegExp(`(?:\\b(?:test|describe)\\(|\\[)\\s*(${text})`, 'g'));
  return { path, code, names: [...named].map(([, name = '']) => name.slice(1, -1)) };
}
