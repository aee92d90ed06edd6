import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, createServer as createSocketServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Parts } from '../roles.ts';
import { forwardedCaller, forwardTo } from './forward.ts';

describe('RAS-31, TLS-02: who called the gateway is what the worker saw, whatever the caller says', () => {
  let shown: { readonly thumbprint: string } | undefined;
  let seen: IncomingMessage | undefined;
  const edge = {
    addressOf: () => '192.0.2.1',
    certificateOf: () => shown,
    onFault: (fault: unknown) => assert.fail(String(fault)),
  };
  const gateway = createServer((incoming, outgoing) => {
    seen = incoming;
    outgoing.end('the gateway');
  });
  const worker = createServer();
  let dir: string;
  let forward: ReturnType<typeof forwardTo>;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'credence-forward-'));
    gateway.listen(join(dir, 'gateway.sock'));
    await once(gateway, 'listening');
    forward = forwardTo(join(dir, 'gateway.sock'), { edge } as unknown as Pick<Parts, 'edge'>);
    worker.on('request', forward.handle).listen(0, '127.0.0.1');
    await once(worker, 'listening');
  });
  after(async () => {
    forward.close();
    worker.close();
    gateway.close();
    await rm(dir, { recursive: true });
  });

  /** What the gateway hears of a request with these headers, as they are written. */
  async function heard(headers: readonly string[]): Promise<IncomingMessage> {
    const { port } = worker.address() as AddressInfo;
    const sent = request({ host: '127.0.0.1', port, method: 'POST', headers: ['host', 'mcp.example', ...headers] });
    const [answer] = (await once(sent.end(), 'response')) as [IncomingMessage];
    answer.setEncoding('utf8');
    assert.equal((await answer.toArray()).join(''), 'the gateway');
    return seen ?? assert.fail('nothing arrived');
  }

  const forgeries: [name: string, headers: readonly string[]][] = [
    ['as we write them', ['credence-caller-address', '10.0.0.1', 'credence-caller-certificate', 'forged']],
    ['in other letters', ['Credence-Caller-Address', '10.0.0.1', 'CREDENCE-CALLER-CERTIFICATE', 'forged']],
    ['twice', ['credence-caller-certificate', 'forged', 'credence-caller-certificate', 'forged']],
  ];
  for (const [name, headers] of forgeries) {
    test(`headers that only a worker may write, ${name}: not passed on`, async () => {
      for (const certificate of [undefined, { thumbprint: 'shown' }]) {
        shown = certificate;
        const incoming = await heard(headers);
        assert.equal(forwardedCaller.addressOf(incoming), '192.0.2.1');
        assert.deepEqual(forwardedCaller.certificateOf(incoming), certificate);
      }
    });
  }

  test('everything else is passed on as it came, one sent twice still twice, but for what is about the connection', async () => {
    shown = undefined;
    const headers = ['X-Twice', 'one', 'x-twice', 'two', 'Authorization', 'Bearer credence-caller-address'];
    const { rawHeaders } = await heard([...headers, 'keep-alive', 'timeout=9', 'connection', 'close']);
    const own = ['host', 'mcp.example', ...headers];
    assert.deepEqual(rawHeaders.slice(0, own.length), own);
    assert.ok(!rawHeaders.includes('timeout=9') && !rawHeaders.includes('close'), rawHeaders.join(' '));
  });

  test('of a request that nobody passed on: unknown, and no certificate', () => {
    assert.equal(forwardedCaller.addressOf({ headers: {} }), 'unknown');
    assert.equal(forwardedCaller.certificateOf({ headers: {} }), undefined);
  });
});

describe('T20: what a caller hears when the process of the gateway is away, or ends in the middle', () => {
  const faults: unknown[] = [];
  const open = async (t: TestContext, onRequest?: (socket: Socket) => void) => {
    const dir = await mkdtemp(join(tmpdir(), 'credence-forward-'));
    const socketPath = join(dir, 'gateway.sock');
    const gateway = createSocketServer((socket) => socket.once('data', () => onRequest?.(socket)));
    if (onRequest) await once(gateway.listen(socketPath), 'listening');
    const edge = { addressOf: () => '192.0.2.1', onFault: (fault: unknown) => faults.push(fault) };
    const forward = forwardTo(socketPath, { edge } as unknown as Pick<Parts, 'edge'>);
    const worker = createServer(forward.handle);
    await once(worker.listen(0, '127.0.0.1'), 'listening');
    t.after(async () => {
      forward.close();
      worker.closeAllConnections();
      worker.close();
      gateway.close();
      await rm(dir, { recursive: true });
    });
    faults.length = 0;
    return (worker.address() as AddressInfo).port;
  };

  test('away: 503, and when to come again', async (t) => {
    const answer = await fetch(`http://127.0.0.1:${await open(t)}/mcp`);
    assert.deepEqual([answer.status, answer.headers.get('retry-after'), faults.length], [503, '1', 1]);
  });

  test('an answer that is none in its middle: the connection ends, so that nobody takes it for whole', async (t) => {
    const port = await open(t, (socket) =>
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nno length\r\n'),
    );
    const answer = await fetch(`http://127.0.0.1:${port}/mcp`);
    assert.equal(answer.status, 200);
    await assert.rejects(answer.text());
    assert.equal(faults.length, 1);
  });

  test('a caller who goes is no fault, and the gateway hears of it', async (t) => {
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    const { promise: there, resolve: arrived } = Promise.withResolvers<void>();
    const port = await open(t, (socket) => {
      socket.on('close', () => resolve()).resume();
      arrived();
    });
    const caller = connect(port, '127.0.0.1');
    caller.write('GET /mcp HTTP/1.1\r\nHost: mcp.example\r\n\r\n');
    await there;
    caller.destroy();
    await gone;
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(faults, []);
  });
});
