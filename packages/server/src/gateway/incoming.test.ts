import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { ClientLeft, readMessage } from './incoming.ts';

test('a client that leaves before its body is asked for is not waited for', async () => {
  const arrived = Promise.withResolvers<IncomingMessage>();
  const server = createServer((incoming) => arrived.resolve(incoming));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
    const incoming = await arrived.promise;
    const gone = new Promise((resolve) => incoming.once('close', resolve));
    client.destroy();
    await gone;
    await assert.rejects(readMessage(incoming), ClientLeft);
  } finally {
    server.close();
  }
});
