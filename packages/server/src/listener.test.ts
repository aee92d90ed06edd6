import assert from 'node:assert/strict';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { toBlockList } from './egress.ts';
import { checkPeer, checkTarget, clientAddress, listen } from './listener.ts';

describe('T38: one Host, one spelling of a path', () => {
  const table: [name: string, host: string | undefined, url: string, status: number | undefined][] = [
    ['as published', 'id.acme.example', '/token', undefined],
    ['host in upper case', 'ID.acme.example', '/token', undefined],
    ['a query may hold anything', 'id.acme.example', '/auth?redirect_uri=http://a//b%2F..', undefined],
    ['a foreign host', 'evil.example', '/token', 421],
    ['the right host at another port', 'id.acme.example:81', '/token', 421],
    ['no host', undefined, '/token', 421],
    ['a double slash', 'id.acme.example', '//token', 400],
    ['a double slash inside', 'id.acme.example', '/a//b', 400],
    ['an encoded slash', 'id.acme.example', '/a%2Fb', 400],
    ['an encoded backslash', 'id.acme.example', '/a%5cb', 400],
    ['an encoded dot', 'id.acme.example', '/%2e%2e/token', 400],
    ['dots', 'id.acme.example', '/a/../token', 400],
    ['a dot at the end', 'id.acme.example', '/token/.', 400],
    ['a name that begins with a dot', 'id.acme.example', '/.well-known/jwks', undefined],
    ['a doubly encoded slash', 'id.acme.example', '/a%252fb', 400],
    ['a backslash', 'id.acme.example', '/a\\b', 400],
    ['absolute form', 'id.acme.example', 'http://evil.example/token', 400],
    ['asterisk form', 'id.acme.example', '*', 400],
  ];
  for (const [name, host, url, status] of table) {
    test(`${name}: ${status ?? 'served'}`, () => {
      const refusal = checkTarget(
        { headers: host === undefined ? {} : { host }, rawHeaders: [], url },
        'id.acme.example',
      );
      assert.equal(refusal?.[0], status);
    });
  }
});

test('RFC 9112 §3.2: two Host headers are refused, whichever comes first', () => {
  const rawHeaders = ['Host', 'id.acme.example', 'accept', '*/*', 'hOST', 'evil.example'];
  const target = { headers: { host: 'id.acme.example' }, rawHeaders, url: '/token' };
  assert.equal(checkTarget(target, 'id.acme.example')?.[0], 400);
});

test('and one Host beside another header as short, such as DPoP, is one', () => {
  const rawHeaders = ['Host', 'id.acme.example', 'DPoP', 'proof', 'Host-Id', 'x'];
  assert.equal(
    checkTarget({ headers: { host: 'id.acme.example' }, rawHeaders, url: '/token' }, 'id.acme.example'),
    undefined,
  );
});

describe('TLS-02: X-Forwarded-For counts only through trusted hops', () => {
  const from = (peer: string, forwarded?: string) =>
    ({
      socket: { remoteAddress: peer },
      headers: forwarded ? { 'x-forwarded-for': forwarded } : {},
    }) as unknown as IncomingMessage;
  const table: [name: string, trusted: string[], peer: string, forwarded: string | undefined, address: string][] = [
    ['no proxy configured', [], '192.0.2.9', '1.2.3.4', '192.0.2.9'],
    ['a trusted proxy', ['10.0.0.0/8'], '10.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['a caller behind it who lies', ['10.0.0.0/8'], '10.0.0.1', '6.6.6.6, 1.2.3.4', '1.2.3.4'],
    ['two trusted hops', ['10.0.0.0/8'], '10.0.0.1', '1.2.3.4, 10.0.0.2', '1.2.3.4'],
    ['mapped IPv4', ['10.0.0.0/8'], '::ffff:10.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['a trusted proxy that says nothing', ['10.0.0.0/8'], '10.0.0.1', undefined, '10.0.0.1'],
    ['a proxy that writes the port', ['10.0.0.0/8'], '10.0.0.1', '1.2.3.4:50123', '1.2.3.4'],
    ['the port of a trusted hop', ['10.0.0.0/8'], '10.0.0.1', '1.2.3.4:50123, 10.0.0.2:443', '1.2.3.4'],
    ['IPv6 with a port', ['10.0.0.0/8'], '10.0.0.1', '[2001:db8::1]:50123', '2001:db8::1'],
    ['IPv6 in brackets', ['10.0.0.0/8'], '10.0.0.1', '[2001:db8::1]', '2001:db8::1'],
    ['IPv6 as it is', ['10.0.0.0/8'], '10.0.0.1', '2001:db8::1:443', '2001:db8::1:443'],
    ['nonsense in the header', ['10.0.0.0/8'], '10.0.0.1', 'unknown', 'unknown'],
  ];
  for (const [name, trusted, peer, forwarded, address] of table) {
    test(`${name}: ${address}`, () =>
      assert.equal(clientAddress(from(peer, forwarded), toBlockList(trusted)), address));
  }
});

describe('TLS-02: clear http is for this machine and for the proxies that are named', () => {
  const tls = { key: '', cert: '' };
  const table: [
    name: string,
    peer: string | undefined,
    tls: { key: string; cert: string } | undefined,
    status?: 403,
  ][] = [
    ['this machine', '127.0.0.1', undefined],
    ['this machine, mapped', '::ffff:127.0.0.1', undefined],
    ['this machine, IPv6', '::1', undefined],
    ['a proxy that is named', '10.0.0.1', undefined],
    ['a stranger', '192.0.2.9', undefined, 403],
    ['a connection that is gone', undefined, undefined, 403],
    ['a stranger, over TLS', '192.0.2.9', tls],
  ];
  for (const [name, remoteAddress, tls, status] of table) {
    test(`${name}: ${status ?? 'served'}`, () => {
      const refusal = checkPeer({ socket: { remoteAddress } }, { tls, trustedHops: toBlockList(['10.0.0.0/8']) });
      assert.equal(refusal?.[0], status);
    });
  }
});

describe('TLS-01: browsers are told to stay with https', () => {
  const table: [origin: string, header: string | undefined][] = [
    ['https://id.acme.example', 'max-age=31536000'],
    ['http://id.acme.example', undefined],
    ['https://localhost', undefined], // other servers of a developer are on this name too
    ['http://localhost', undefined],
  ];
  for (const [origin, header] of table) {
    test(`${origin}: ${header ?? 'nothing'}`, async () => {
      const server = await listen({
        name: 'idp',
        host: '127.0.0.1',
        port: 0,
        origin,
        tls: undefined,
        trustedHops: toBlockList([]),
        onFault: () => undefined,
        handle: (_, outgoing) => outgoing.end(),
      });
      const said = await new Promise<IncomingMessage['headers']>((resolve, reject) => {
        const headers = { host: new URL(origin).host };
        const sent = request({ host: '127.0.0.1', port: server.port, headers, agent: false }, (incoming) => {
          incoming.resume().once('end', () => resolve(incoming.headers));
        });
        sent.once('error', reject).end();
      });
      assert.equal(said['strict-transport-security'], header);
      assert.equal(said['x-content-type-options'], 'nosniff');
      await server.stop(0);
    });
  }
});

describe('a listener', () => {
  test('HTP-02: of two Authorization headers neither is dropped: joined, they are no credentials', async () => {
    const server = await listen({
      name: 'ras',
      host: '127.0.0.1',
      port: 0,
      origin: 'http://127.0.0.1',
      tls: undefined,
      trustedHops: toBlockList([]),
      onFault: () => undefined,
      handle: ({ headers }, outgoing) => outgoing.end(headers.authorization),
    });
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n');
    socket.end('Authorization: Basic one\r\nAuthorization: Basic two\r\n\r\n');
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    assert.match(answer, /Basic one, Basic two/);
    await server.stop(0);
  });

  test('a port in use is a problem with a way out', async () => {
    const options = {
      name: 'idp',
      host: '127.0.0.1',
      origin: 'http://localhost:1',
      tls: undefined,
      trustedHops: toBlockList([]),
      onFault: () => undefined,
      handle: () => undefined,
    };
    const first = await listen({ ...options, port: 0 });
    await assert.rejects(listen({ ...options, port: first.port }), /already in use/);
    await first.stop(0);
  });

  test('a stop waits for what is under way, and not for a connection that is kept alive', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const options = {
      name: 'idp',
      host: '127.0.0.1',
      origin: 'http://127.0.0.1',
      tls: undefined,
      trustedHops: toBlockList([]),
      onFault: () => undefined,
      handle: (_: IncomingMessage, outgoing: ServerResponse) => {
        begin();
        setTimeout(() => outgoing.end('done'), 200);
      },
    };
    const server = await listen({ ...options, port: 0 });
    const agent = new Agent({ keepAlive: true });
    const answer = new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: '127.0.0.1' };
      const sent = request({ host: '127.0.0.1', port: server.port, agent, headers }, (incoming) => {
        incoming.resume().once('end', () => resolve(incoming.statusCode));
      });
      sent.once('error', reject).end();
    });
    await begun;
    const startedAt = performance.now();
    await server.stop(5000);
    assert.equal(await answer, 200);
    assert.ok(performance.now() - startedAt < 2000);
    agent.destroy();
  });

  test('a handler that throws, at once or later, ends neither the process nor in silence', async () => {
    const faults: unknown[] = [];
    const options = {
      name: 'idp',
      host: '127.0.0.1',
      tls: undefined,
      trustedHops: toBlockList([]),
      onFault: (fault: unknown) => faults.push(fault),
    };
    const server = await listen({
      ...options,
      port: 0,
      origin: 'http://credence.test',
      handle: (incoming) => {
        if (incoming.url === '/at-once') throw new Error('secret words');
        return Promise.reject(new Error('secret words'));
      },
    });
    for (const path of ['/at-once', '/later']) {
      const text = await new Promise<string>((resolve, reject) => {
        const headers = { host: 'credence.test' };
        const sent = request({ host: '127.0.0.1', port: server.port, path, headers }, async (incoming) => {
          let body = `${incoming.statusCode} `;
          for await (const chunk of incoming) body += chunk;
          resolve(body);
        });
        sent.once('error', reject).end();
      });
      assert.match(text, /^500 (?!.*secret)/);
    }
    assert.equal(faults.length, 2);
    await server.stop(0);
  });

  test('bytes that are not HTTP are answered 400 and cut', { timeout: 5000 }, async () => {
    const options = {
      name: 'idp',
      host: '127.0.0.1',
      origin: 'http://localhost:1',
      tls: undefined,
      trustedHops: toBlockList([]),
      onFault: () => undefined,
      handle: () => undefined,
    };
    const server = await listen({ ...options, port: 0 });
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write('\x16\x03\x01 nonsense\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
    });
    assert.match(answer, /^HTTP\/1.1 400/);
    await server.stop(0);
  });
});
