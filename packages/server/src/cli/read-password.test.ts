import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { readPassword } from './read-password.ts';

const password = 'correct hörse battery';

/** What somebody types, and what their terminal shows. */
function atTerminal(typed: string) {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const out = new PassThrough().setEncoding('utf8');
  const read = readPassword(input, out);
  input.write(typed);
  return { read, shown: () => String(out.read()) };
}

test('typed at a terminal: asked for, and not shown', async () => {
  const { read, shown } = atTerminal(`${password}\r`);
  assert.equal(await read, password);
  assert.equal(shown(), 'Password (it is not shown): \n');
});

test('interrupted at a terminal: words, and no wait for ever', async () => {
  await assert.rejects(atTerminal('correct\u0003').read, /No password was given/);
});

test('piped in: all of it but the line end, whatever pieces it comes in', async () => {
  const input = new PassThrough();
  for (const byte of Buffer.from(`${password}\n`)) input.write(Buffer.of(byte));
  input.end();
  assert.equal(await readPassword(input, new PassThrough()), password);
});

test('a short one is refused', async () => {
  const input = new PassThrough();
  input.end('short\n');
  await assert.rejects(readPassword(input, new PassThrough()), /shorter than 12/);
});
