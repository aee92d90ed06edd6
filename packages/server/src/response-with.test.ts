import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { responseWith } from './response-with.ts';

/** What a client reads when `answer` writes the response. */
async function read(answer: (outgoing: ServerResponse) => void): Promise<IncomingMessage> {
  const always = { 'x-content-type-options': 'nosniff', 'strict-transport-security': 'max-age=1' };
  const server = createServer({ ServerResponse: responseWith(always) }, (_, outgoing) => answer(outgoing));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const asked = get({ port: (server.address() as AddressInfo).port, agent: false });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    return response;
  } finally {
    server.close();
  }
}

describe('every response carries what all do', () => {
  const ways: [name: string, write: (outgoing: ServerResponse) => void][] = [
    ['a list', (outgoing) => outgoing.writeHead(201, ['x-a', '1', 'content-length', '0']).end()],
    ['names and values', (outgoing) => outgoing.writeHead(201, { 'x-a': '1' }).end()],
    ['a reason and a list', (outgoing) => outgoing.writeHead(201, 'Made', ['x-a', '1']).end()],
    ['a reason alone', (outgoing) => outgoing.setHeader('x-a', '1').writeHead(201, 'Made').end()],
    ['a reason and names', (outgoing) => outgoing.writeHead(201, 'Made', { 'x-a': '1' }).end()],
    ['one by one', (outgoing) => outgoing.setHeader('x-a', '1').writeHead(201).end()],
    ['one by one, then a list', (outgoing) => outgoing.setHeader('x-b', '1').writeHead(201, ['x-a', '1']).end()],
    [
      'no head of its own',
      (outgoing) => {
        outgoing.statusCode = 201;
        outgoing.setHeader('x-a', '1').end('text');
      },
    ],
  ];
  for (const [name, write] of ways) {
    test(`written as ${name}`, async () => {
      const { statusCode, statusMessage, headersDistinct } = await read(write);
      assert.equal(statusCode, 201);
      assert.equal(statusMessage, name.startsWith('a reason') ? 'Made' : 'Created');
      assert.deepEqual(headersDistinct['x-a'], ['1']);
      assert.deepEqual(headersDistinct['x-content-type-options'], ['nosniff']);
      assert.deepEqual(headersDistinct['strict-transport-security'], ['max-age=1']);
    });
  }

  const others: [name: string, write: (outgoing: ServerResponse) => void][] = [
    ['a list', (outgoing) => outgoing.writeHead(200, ['Strict-Transport-Security', 'max-age=9']).end()],
    ['names and values', (outgoing) => outgoing.writeHead(200, { 'Strict-Transport-Security': 'max-age=9' }).end()],
    ['one by one', (outgoing) => outgoing.setHeader('Strict-Transport-Security', 'max-age=9').writeHead(200).end()],
  ];
  for (const [name, write] of others) {
    test(`and once, with what it says itself, written as ${name}`, async () => {
      const { headersDistinct } = await read(write);
      assert.deepEqual(headersDistinct['strict-transport-security'], ['max-age=9']);
      assert.deepEqual(headersDistinct['x-content-type-options'], ['nosniff']);
    });
  }

  test('a list is copied as it is, never set one by one', async () => {
    const set: string[][] = [];
    await read((outgoing) => {
      outgoing.writeHead(200, ['x-a', '1']);
      set.push(outgoing.getHeaderNames());
      outgoing.end();
    });
    await read((outgoing) => {
      outgoing.writeHead(200, 'Fine', ['x-a', '1']);
      set.push(outgoing.getHeaderNames());
      outgoing.end();
    });
    assert.deepEqual(set, [[], []]);
  });

  test('a value is no name', async () => {
    const { headersDistinct } = await read((outgoing) =>
      outgoing.writeHead(200, ['x-a', 'x-content-type-options']).end(),
    );
    assert.deepEqual(headersDistinct['x-content-type-options'], ['nosniff']);
  });

  test('a list keeps what it says more than once', async () => {
    const { headersDistinct } = await read((outgoing) =>
      outgoing.writeHead(200, ['set-cookie', 'a', 'set-cookie', 'b']).end(),
    );
    assert.deepEqual(headersDistinct['set-cookie'], ['a', 'b']);
  });
});
