import assert from 'node:assert/strict';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { toBlockList } from './egress.ts';
import { createHealth, type NotReady } from './health.ts';
import { type Listener, listen } from './listener.ts';

/** A listener that takes clear http from nobody's Host but its own, and one that has a proxy on this machine. */
let reasons: readonly NotReady[] = [];
const open = (trusted: readonly string[]) => {
  const trustedHops = toBlockList(trusted);
  return listen({
    name: 'idp',
    host: '127.0.0.1',
    port: 0,
    origin: 'https://id.acme.example',
    tls: undefined,
    trustedHops,
    health: createHealth({ notReady: async () => reasons, trustedHops }),
    handle: (_, outgoing) => outgoing.end('the handler'),
    onFault: (fault) => assert.fail(String(fault)),
  });
};
let direct: Listener;
let proxied: Listener;
before(async () => {
  direct = await open([]);
  proxied = await open(['127.0.0.1']);
});
after(() => Promise.all([direct.stop(0), proxied.stop(0)]));

interface Probe {
  readonly to?: Listener;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

function probe({ to = direct, path = '/readyz', method = 'GET', headers = {} }: Probe) {
  return new Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: to.port, path, method, headers, agent: false }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, body, headers: incoming.headers }));
    });
    sent.once('error', reject).end();
  });
}

describe('/healthz and /readyz answer whatever Host a probe names', () => {
  const hosts = ['id.acme.example', '10.1.2.3:4000', 'localhost', 'evil.example'];
  for (const host of hosts) {
    test(host, async () => {
      reasons = [];
      for (const path of ['/healthz', '/readyz', '/readyz?from=balancer']) {
        const { status, body, headers } = await probe({ path, headers: { host } });
        assert.deepEqual([status, body], [200, 'ok\n'], path);
        assert.equal(headers['cache-control'], 'no-store');
      }
    });
  }

  test('none at all, as HTTP/1.0 allows', async () => {
    reasons = [];
    const socket = connect(direct.port, '127.0.0.1');
    socket.end('GET /readyz HTTP/1.0\r\n\r\n');
    let said = '';
    for await (const chunk of socket) said += chunk;
    assert.match(said, /^HTTP\/1\.1 200 /);
  });

  test('every other path stays behind the Host', async () => {
    for (const path of ['/healthz/', '/readyz/x', '/Healthz', '/token']) {
      assert.equal((await probe({ path, headers: { host: 'evil.example' } })).status, 421, path);
    }
    const { body } = await probe({ path: '/', headers: { host: 'id.acme.example' } });
    assert.equal(body, 'the handler');
  });

  test('a process that is not ready is alive', async () => {
    reasons = ['store'];
    assert.equal((await probe({ path: '/healthz' })).status, 200);
    const { status, headers } = await probe({});
    assert.deepEqual([status, headers['retry-after'], headers['cache-control']], [503, '1', 'no-store']);
  });

  test('HEAD is a probe, too; anything else changes nothing and says so', async () => {
    reasons = [];
    assert.deepEqual((await probe({ method: 'HEAD' })).body, '');
    assert.deepEqual((await probe({ method: 'HEAD' })).status, 200);
    const { status, headers } = await probe({ method: 'POST' });
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD']);
  });
});

describe('why not is told to this machine only', () => {
  const told = 'not ok: store, keys\n';
  const table: [name: string, headers: Record<string, string>, body: string][] = [
    ['an operator here', { host: 'localhost:4000' }, told],
    ['by address', { host: '127.0.0.1:4000' }, told],
    ['by address, IPv6', { host: '[::1]:4000' }, told],
    ['our own Host, as a proxy passes it on', { host: 'id.acme.example' }, 'not ok\n'],
    ['a foreign page in a browser here', { host: 'evil.example' }, 'not ok\n'],
    ['a Host that is none', { host: 'a b' }, 'not ok\n'],
    ['passed on: Forwarded', { host: 'localhost', forwarded: 'for=1.2.3.4' }, 'not ok\n'],
    ['passed on: X-Forwarded-For', { host: 'localhost', 'x-forwarded-for': '1.2.3.4' }, 'not ok\n'],
    ['passed on: X-Real-IP', { host: 'localhost', 'x-real-ip': '1.2.3.4' }, 'not ok\n'],
    ['passed on: Via', { host: 'localhost', via: '1.1 proxy' }, 'not ok\n'],
  ];
  for (const [name, headers, body] of table) {
    test(name, async () => {
      reasons = ['store', 'keys'];
      const answer = await probe({ headers });
      assert.deepEqual([answer.status, answer.body], [503, body]);
    });
  }

  test('a proxy here that is named', async () => {
    reasons = ['store'];
    assert.equal((await probe({ to: proxied, headers: { host: 'localhost' } })).body, 'not ok\n');
  });

  test('another machine that says it is this one', async () => {
    const health = createHealth({ notReady: async () => ['store'], trustedHops: toBlockList([]) });
    const asked = { url: '/readyz', method: 'GET', headers: { host: 'localhost' } };
    const well = createHealth({
      notReady: async () => [],
      remarked: () => 'the record is unwitnessed',
      trustedHops: toBlockList([]),
    });
    const remarks: string[] = [];
    for (const remoteAddress of ['192.0.2.9', '127.0.0.1']) {
      const incoming = { ...asked, socket: { remoteAddress } } as unknown as IncomingMessage;
      remarks.push(
        await new Promise((end) => well(incoming, { writeHead: () => undefined, end } as unknown as ServerResponse)),
      );
    }
    assert.deepEqual(remarks, ['ok\n', 'ok\nthe record is unwitnessed\n'], 'what to look at is for this machine');
    for (const [remoteAddress, body] of [
      ['192.0.2.9', 'not ok\n'],
      [undefined, 'not ok\n'],
      ['::ffff:127.0.0.1', 'not ok: store\n'],
    ]) {
      const said = await new Promise((end) => {
        const incoming = { ...asked, socket: { remoteAddress } } as unknown as IncomingMessage;
        health(incoming, { writeHead: () => undefined, end } as unknown as ServerResponse);
      });
      assert.equal(said, body, remoteAddress);
    }
  });
});
