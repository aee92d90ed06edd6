import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type RefusalRow, refusals } from '@credence/mcp/protocol';
import type { Command } from 'commander';
import { createProgram } from './program.ts';

const program = createProgram(() => undefined);
const root = fileURLToPath(new URL('../../../../', import.meta.url));

describe('a command that people are told to use is there', () => {
  test('in what the operator reads of each refusal', () => {
    const rows: readonly [string, RefusalRow][] = Object.entries(refusals);
    const named = rows.flatMap(([reason, { hint, help = '' }]) =>
      commandsIn(`${hint}\n${help}`).map((words) => [reason, words] as const),
    );
    assert.ok(named.length > 30, 'the words are found');
    for (const [reason, words] of named) assert.equal(whatIsWrong(words), undefined, `${reason}: ${words.join(' ')}`);
  });

  test('in what else the programs say, and in the documentation', async () => {
    const wrong: string[] = [];
    const files = ['packages/*/src/**/*.{ts,tsx}', 'docs/operate/*.md', 'README.md'];
    for await (const name of glob(files, { cwd: root, exclude: ['**/*.test.ts'] })) {
      for (const words of commandsIn(await readFile(`${root}${name}`, 'utf8'))) {
        const problem = find(words[0], program) && whatIsWrong(words);
        if (problem) wrong.push(`${name}: credence ${words.join(' ')}: ${problem}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  test('and one that is not is found', () => {
    const [[code = []], [flag = []]] = [
      commandsIn('try: credence person factors code EMAIL'),
      commandsIn('credence stops --everything.'),
    ];
    assert.equal(whatIsWrong(code), 'there is no person factors code');
    assert.equal(whatIsWrong(flag), 'stops has no --everything');
    assert.equal(whatIsWrong(['whistle']), 'there is no whistle');
  });
});

/** The words of each command in a text, up to where its sentence, its line or its part of a pipe ends; no name of a hash. */
function commandsIn(text: string): string[][] {
  const found = text.matchAll(/\bcredence ((?:[\w<>@/=,-]|[:.|](?=[\w<])| (?=[\w<-]))+)(?!\w|\\0)/g);
  return [...found].map(([, words = '']) => words.split(' '));
}

/** Goes down the tree of commands as far as the words name one; then each flag has to be one of the last. */
function whatIsWrong([first = '', ...more]: readonly string[]): string | undefined {
  let command = find(first, program);
  if (!command) return `there is no ${first}`;
  const path = [first];
  for (const word of more) {
    if (command.commands.length === 0 || !/^[a-z][a-z-]*$/.test(word)) break;
    path.push(word);
    command = find(word, command);
    if (!command) return `there is no ${path.join(' ')}`;
  }
  const flags = ['--help', ...command.options.map(({ long }) => long)];
  const unknown = more.find((word) => word.startsWith('--') && !flags.includes(word.split('=')[0] ?? ''));
  return unknown && `${path.join(' ')} has no ${unknown}`;
}

function find(name: string | undefined, { commands }: Command): Command | undefined {
  return commands.find((command) => command.name() === name);
}
