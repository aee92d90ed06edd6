import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatEvent, maxEventLength, readEvents, readText, type SseEvent, UpstreamBroke } from './sse.ts';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string | Uint8Array, size: number): Promise<SseEvent[]> {
  const events: SseEvent[] = [];
  for await (const event of readEvents(inPieces(Buffer.from(text), size))) events.push(event);
  return events;
}

describe('an event stream, wherever it is cut', () => {
  const ü = { data: '{"ü€😀":1}' };
  const table: [name: string, text: string, events: SseEvent[]][] = [
    ['one event', 'data: a\n\n', [{ data: 'a' }]],
    [
      'ends of lines as on Windows',
      'event: m\r\ndata: a\r\n\r\ndata: b\r\n\r\n',
      [{ event: 'm', data: 'a' }, { data: 'b' }],
    ],
    ['as on old machines', 'data: a\r\rdata: b\r\r', [{ data: 'a' }, { data: 'b' }]],
    ['mixed', 'data: a\n\r\ndata: b\r\n\ndata: c\r\n\r', [{ data: 'a' }, { data: 'b' }, { data: 'c' }]],
    ['several data lines', 'data: a\ndata:b\n\n', [{ data: 'a\nb' }]],
    ['a comment', ': hello\n\n', [{ data: '' }]],
    ['a field without a value, and one with more colons', 'data\ndata:  b: c\n\n', [{ data: '\n b: c' }]],
    ['empty lines only', '\n\n\n\n', []],
    ['id and retry', 'id: 7\nretry: 5\ndata: a\n\n', [{ id: '7', retry: '5', data: 'a' }]],
    ['letters of several bytes', `data: ${ü.data}\n\n`, [ü]],
    ['an event that is not finished', 'data: a\n\ndata: b\n', [{ data: 'a' }]],
  ];
  for (const [name, text, events] of table) {
    test(name, async () => {
      for (const size of [1, 2, 3, 1000]) assert.deepEqual(await read(text, size), events, `pieces of ${size}`);
    });
  }
  test('between a return and its line feed, with nothing in between', async () => {
    const events: SseEvent[] = [];
    async function* source() {
      for (const piece of ['data: a\r', '', '\ndata: b\r\n\r\n']) yield Buffer.from(piece);
    }
    for await (const event of readEvents(source())) events.push(event);
    assert.deepEqual(events, [{ data: 'a\nb' }]);
  });

  const ends = ['\u000b', '\u000c', '\u001c', '\u001d', '\u001e', '\u0085', '\u2028', '\u2029'];
  test('what some clients take for the end of a line smuggles no message to them, in a name, an id or the data', async () => {
    for (const end of ends) {
      const message = '{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}';
      const smuggled = `x${end}data: ${message}${end}${end}`;
      assert.deepEqual(await read(`event: ${smuggled}\nid: ${smuggled}\nretry: 5${end}\ndata: a\n\n`, 7), [
        { data: 'a' },
      ]);
    }
    const text = JSON.stringify({ said: `a${ends.join('')}b` });
    const written = formatEvent({ data: text });
    assert.equal(
      ends.some((end) => written.includes(end)),
      false,
    );
    assert.deepEqual(JSON.parse((await read(written, 100))[0]?.data ?? ''), JSON.parse(text));
  });

  test('what is written can be read', async () => {
    const event = { event: 'message', id: '1', retry: '2', data: 'a\nb' };
    assert.deepEqual(await read(formatEvent(event), 5), [event]);
  });
});

describe('a hostile upstream', () => {
  test('the largest event is passed on', async () => {
    const data = 'x'.repeat(maxEventLength - 'data: '.length);
    assert.deepEqual(await read(`data: ${data}\n\n`, maxEventLength), [{ data }]);
  });

  test('a large event in tiny pieces costs no more than in large ones', async () => {
    const startedAt = performance.now();
    const [event] = await read(`data: ${'x'.repeat(4 * 1024 * 1024)}\n\n`, 64);
    assert.equal(event?.data.length, 4 * 1024 * 1024);
    assert.ok(performance.now() - startedAt < 5000);
  });

  const endless: [name: string, piece: string][] = [
    ['an event without end', 'x'.repeat(1024 * 1024)],
    ['an event of endless lines', 'data: x\n'.repeat(128 * 1024)],
  ];
  for (const [name, piece] of endless) {
    test(`${name} is given up`, async () => {
      async function* source() {
        for (let sent = 0; sent <= maxEventLength + piece.length; sent += piece.length) yield Buffer.from(piece);
      }
      await assert.rejects(readEvents(source()).next(), UpstreamBroke);
    });
  }
  test('an answer is read as far as it may be long, and no further', async () => {
    const largest = 'x'.repeat(maxEventLength);
    assert.equal(await readText(inPieces(Buffer.from(largest), 1024 * 1024)), largest);
    await assert.rejects(readText(inPieces(Buffer.from(`${largest}x`), 1024 * 1024)), UpstreamBroke);
  });

  test('what is not UTF-8 is given up', async () => {
    await assert.rejects(read(Uint8Array.from([0x64, 0xff, 0x0a, 0x0a]), 10), UpstreamBroke);
  });
});
