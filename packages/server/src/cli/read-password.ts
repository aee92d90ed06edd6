import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { PassThrough } from 'node:stream';
import { Problem } from '../problem.ts';

/** Where a password comes from: a file or a pipe, or somebody at a terminal. */
type Input = Readable & { readonly isTTY?: boolean };

/** A password from standard input. What is typed is not shown: somebody may look on, and a terminal remembers. */
export async function readPassword(input: Input = process.stdin, out: Writable = process.stderr): Promise<string> {
  const password = input.isTTY ? await ask(input, out) : await readAll(input);
  if (password.length < 12) throw new Problem('The password is shorter than 12 characters.', 'Choose a longer one.');
  return password;
}

async function readAll(input: Input): Promise<string> {
  let text = '';
  for await (const chunk of input.setEncoding('utf8')) text += chunk;
  return text.replace(/\r?\n$/, '');
}

async function ask(input: Input, out: Writable): Promise<string> {
  out.write('Password (it is not shown): ');
  const terminal = createInterface({ input, output: new PassThrough().resume(), terminal: true });
  const { promise: left, reject } = Promise.withResolvers<never>();
  terminal.once('close', () =>
    reject(new Problem('No password was given.', 'Type it and press return, or pipe it in.')),
  );
  try {
    return await Promise.race([terminal.question(''), left]);
  } finally {
    terminal.close();
    out.write('\n');
  }
}
