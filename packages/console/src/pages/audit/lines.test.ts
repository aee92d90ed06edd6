import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from './lines.ts';

const bytesOf = (...parts: readonly (string | Uint8Array)[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(typeof part === 'string' ? new TextEncoder().encode(part) : part);
      controller.close();
    },
  });
const read = async (bytes: ReadableStream<Uint8Array>) => {
  const lines: string[] = [];
  for await (const line of linesOf(bytes)) lines.push(line);
  return lines;
};

test('lines come out whole, wherever the bytes are cut', async () => {
  const text = new TextEncoder().encode('a\n\nž\u2028b\r\nlast');
  for (let at = 0; at <= text.length; at += 1) {
    assert.deepEqual(await read(bytesOf(text.slice(0, at), text.slice(at))), ['a', 'ž\u2028b\r', 'last']);
  }
});

test('what is no UTF-8, or has no end, is an error and no line', async () => {
  await assert.rejects(read(bytesOf('a\n', Uint8Array.of(0xff, 0x0a))));
  const longest = 'a'.repeat(4 * 1024 * 1024);
  assert.equal((await read(bytesOf(longest)))[0]?.length, longest.length);
  await assert.rejects(read(bytesOf(longest, 'a')), /without an end/);
});

test('whoever stops early ends the stream', async () => {
  let isCancelled = false;
  const bytes = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('a\n')),
    cancel: () => {
      isCancelled = true;
    },
  });
  for await (const line of linesOf(bytes)) {
    assert.equal(line, 'a');
    break;
  }
  assert.ok(isCancelled);
});
