import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { acceptsOf, ClientLeft, readMessage } from './incoming.ts';

/** A request of which a byte of the body has arrived, and its client. */
async function withRequest(use: (incoming: IncomingMessage, client: Socket) => Promise<void>): Promise<void> {
  const arrived = Promise.withResolvers<IncomingMessage>();
  const server = createServer((incoming) => arrived.resolve(incoming));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
    const incoming = await arrived.promise;
    await use(incoming, client);
  } finally {
    server.close();
  }
}

test('a client that leaves before its body is asked for is not waited for', { timeout: 5000 }, () =>
  withRequest(async (incoming, client) => {
    const gone = new Promise((resolve) => incoming.once('close', resolve));
    client.destroy();
    await gone;
    await assert.rejects(readMessage(incoming), ClientLeft);
  }),
);

test('a client that leaves in the middle of its body is told as one that left', { timeout: 5000 }, () =>
  withRequest(async (incoming, client) => {
    const reading = readMessage(incoming);
    client.destroy();
    await assert.rejects(reading, ClientLeft);
  }),
);

describe('a body is read up to 4 MiB', () => {
  const limit = 4 * 1024 * 1024;
  const message = (length: number) => {
    const empty = '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":""}}';
    return empty.replace('""', `"${'x'.repeat(length - empty.length)}"`);
  };
  /** In two pieces, with what it says of its length. */
  const read = async (text: string, length?: number, type = 'application/json') => {
    const half = Buffer.from(text.slice(0, 10));
    const body = Readable.from([half, Buffer.from(text.slice(10))]);
    const headers = { 'content-type': type, ...(length !== undefined && { 'content-length': String(length) }) };
    const result = await readMessage(Object.assign(body, { headers, complete: true }) as unknown as IncomingMessage);
    body.destroy();
    return result.ok ? 'read' : result.refusal;
  };
  const table: [name: string, outcome: Promise<string>, expected: string][] = [
    ['as much as is read', read(message(limit)), 'read'],
    ['as much as is read, and said so', read(message(limit), limit), 'read'],
    ['a byte more', read(message(limit + 1)), 'mcp_message_too_large'],
    ['said to be a byte more', read(message(100), limit + 1), 'mcp_message_too_large'],
    ['no message', read('{"a":"long enough"}'), 'mcp_message_malformed'],
    ['a type with a parameter', read(message(100), undefined, 'Application/JSON; charset=utf-8'), 'read'],
    ['another type', read(message(100), undefined, 'text/plain'), 'mcp_wrong_content_type'],
  ];
  for (const [name, outcome, expected] of table) test(name, async () => assert.equal(await outcome, expected));
});

describe('what a client can read', () => {
  const table: [accept: string | undefined, json: boolean, stream: boolean][] = [
    [undefined, true, true],
    ['*/*', true, true],
    ['application/json, text/event-stream', true, true],
    ['application/json', true, false],
    ['Application/*;q=0.9', true, false],
    ['text/event-stream; q=1', false, true],
    ['text/*', false, true],
    ['text/html', false, false],
  ];
  for (const [accept, json, stream] of table) {
    test(`${accept ?? 'says nothing'}: ${json ? 'JSON' : ''} ${stream ? 'a stream' : ''}`, () =>
      assert.deepEqual(acceptsOf({ headers: { accept } } as IncomingMessage), { json, stream }));
  }
});
