import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import equivalent from './equivalent-mutants.json' with { type: 'json' };
import { toMutants } from './mutations.ts';

describe('mutants: one mistake each', () => {
  const table: [name: string, source: string, lines: string[]][] = [
    ['a guard that is never entered', 'if (late) stop();', ['if (false) stop();']],
    ['also over several lines', 'if (\n  late(now)\n) {\n  stop();\n}', ['if (false) {']],
    ['a comparison moved by one', 'const late = exp <= now;', ['const late = exp < now;']],
    ['a comparison turned round', 'const ours = iss === us;', ['const ours = iss !== us;']],
    ['and for or', 'const good = ours && fresh;', ['const good = ours || fresh;']],
    ['some for every', 'const good = all.every(isGood);', ['const good = all.some(isGood);']],
    [
      'a refusal that is never reached',
      "function f() {\n  return good ? ok(1) : no('bad');\n}",
      ["return true ? ok(1) : no('bad');"],
    ],
    ['nothing used up', "call.mark({ kind: 'id_jag', id }, 'always');", ['void 0;']],
    ['not words in quotes or comments', "const text = 'a === b'; // if (c) return", []],
    ['not types', 'const list: Array<string> = [];', []],
  ];
  for (const [name, source, lines] of table) {
    test(name, () =>
      assert.deepEqual(
        toMutants(source).map(({ after }) => after),
        lines,
      ),
    );
  }

  test('two in one line are two, each with its own text', () => {
    const mutants = toMutants('\nif (a < b || c) stop();');
    assert.deepEqual(
      mutants.map(({ line, before, after }) => [line, before, after]),
      [
        [2, 'if (a < b || c) stop();', 'if (false) stop();'],
        [2, 'if (a < b || c) stop();', 'if (a <= b || c) stop();'],
        [2, 'if (a < b || c) stop();', 'if (a < b && c) stop();'],
      ],
    );
    assert.equal(mutants[0]?.source, '\nif (false) stop();');
  });
});

test('what is listed as equivalent is a mutant that there is: code that changed is judged anew', () => {
  const textsOf = (file: string) =>
    toMutants(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')).map(
      ({ before, after }) => `${before}\n${after}`,
    );
  const texts = new Map([...new Set(equivalent.map(({ file }) => file))].map((file) => [file, new Set(textsOf(file))]));
  const gone = equivalent.filter(({ file, before, after }) => !texts.get(file)?.has(`${before}\n${after}`));
  assert.deepEqual(gone, []);
});
