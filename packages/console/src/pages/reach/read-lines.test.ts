import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readLines } from './read-lines.ts';

const bytes = new TextEncoder().encode('"person","name"\r\n"u_1","Žofie"\r\n"u_2","陳"\r\n');

function streamOf(chunks: readonly Uint8Array[], breaks = false): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const next = left.shift();
      if (next) controller.enqueue(next);
      else if (breaks) controller.error(new Error('cut short'));
      else controller.close();
    },
  });
}

describe('a table that is read as it comes', () => {
  for (const size of [1, 7, 1000]) {
    test(`is whole, in parts of ${size}`, async () => {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.slice(at * size, (at + 1) * size),
      );
      const seen: number[] = [];
      const told = await readLines(streamOf(chunks), (lines) => seen.push(lines));
      assert.deepEqual(told, { text: new TextDecoder().decode(bytes), lines: 2 });
      assert.equal(seen.at(-1), 2);
    });
  }

  test('is nothing where it breaks off', async () => {
    assert.equal(await readLines(streamOf([bytes], true), () => undefined), undefined);
  });

  test('has no lines below its head', async () => {
    const head = new TextEncoder().encode('"person"\r\n');
    assert.equal((await readLines(streamOf([head]), () => undefined))?.lines, 0);
  });
});
