import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { callTool, http, openWorld, serverOf } from './fixtures/world.ts';

/** Listens and takes nobody in: two wait at its door, and whoever comes after them waits for an answer to their first packet. */
const deaf = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

test('an upstream that takes too long to be reached: 504, in plain words', { timeout: 20_000 }, async () => {
  const listener = new Worker(deaf, { eval: true });
  const [port] = (await once(listener, 'message')) as [number];
  const waiting = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  await Promise.all(waiting.map((each) => once(each, 'connect')));
  const world = await openWorld([serverOf('late', http(`http://127.0.0.1:${port}/mcp`), { a_read: 'read' })]);
  try {
    const response = await world.call('late', { body: callTool(3, 'a_read') });
    assert.equal(response.status, 504);
    assert.match(await response.text(), /"id":3,.*does not answer/);
  } finally {
    for (const each of waiting) each.destroy();
    await world.close();
    await listener.terminate();
  }
});
