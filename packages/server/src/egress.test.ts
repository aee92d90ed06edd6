import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { createEgress, isIn, toBlockList } from './egress.ts';

const strict = createEgress({ internalRanges: [], allowLoopback: false, extraCa: [] });
const local = createEgress({ internalRanges: [], allowLoopback: true, extraCa: [] });
after(() => Promise.all([strict.close(), local.close()]));

describe('CIM-04, T16, T17: nothing special-use is reached, whatever the spelling', () => {
  const urls = [
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https://localhost/',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://10.1.2.3/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[::a00:1]/',
    'https://[::ffff:0:a00:1]/',
    'https://[fec0::1]/',
    'https://[3fff::1]/',
    'https://[5f00::1]/',
    'https://user:secret@example.com/',
    'https://user@example.com/',
    'https://:secret@example.com/',
    'not a url',
  ];
  for (const url of urls) {
    test(`${url}: refused`, () => assert.rejects(strict.getJson(url), { name: 'EgressRefused' }));
  }
});

test('a range is all of its addresses, and one without a length is one address', () => {
  const list = toBlockList(['10.0.0.5', 'fd00::5', '10.1.0.0/16', 'fd01::/16']);
  const inside = ['10.0.0.5', '::ffff:10.0.0.5', 'fd00::5', '10.1.2.3', 'fd01::1'];
  const outside = ['10.0.0.4', '10.0.0.6', '11.0.0.5', 'fd00::4', 'fd00::6', '10.2.0.0', 'fd02::1'];
  assert.deepEqual(
    [...inside, ...outside].filter((address) => isIn(list, address)),
    inside,
  );
});

describe('what an answer has to be', () => {
  const table: [name: string, handler: RequestListener, outcome: RegExp | 'ok'][] = [
    ['JSON', (_, res) => res.setHeader('content-type', 'application/json').end('{"a":1}'), 'ok'],
    ['a JWK set', (_, res) => res.setHeader('content-type', 'application/jwk-set+json').end('{"a":1}'), 'ok'],
    ['a redirect', (_, res) => res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), /answered 302/],
    ['an error', (_, res) => res.writeHead(500, { 'content-type': 'application/json' }).end('{}'), /answered 500/],
    ['HTML', (_, res) => res.setHeader('content-type', 'text/html').end('{}'), /JSON expected/],
    [
      'two members of one name',
      (_, res) => res.setHeader('content-type', 'application/json').end('{"a":1,"a":2}'),
      /not one JSON object/,
    ],
    [
      'KEY-06: JSON that is not UTF-8',
      (_, res) => res.setHeader('content-type', 'application/json').end(Buffer.from('{"a":1,"k\xe9":2}', 'latin1')),
      /not UTF-8/,
    ],
    [
      'KEY-06: a JWK set with half a character',
      (_, res) => res.setHeader('content-type', 'application/jwk-set+json').end(Buffer.from('{"a":"\xc3"}', 'latin1')),
      /not UTF-8/,
    ],
    [
      'KEY-06: a byte order mark',
      (_, res) => res.setHeader('content-type', 'application/json').end('\ufeff{"a":1}'),
      /not one JSON object/,
    ],
    [
      'too much',
      (_, res) => res.setHeader('content-type', 'application/json').end(`{"a":"${'x'.repeat(300_000)}"}`),
      /./,
    ],
    ['a slow drip', (_, res) => void res.setHeader('content-type', 'application/json').write('{'), /./],
  ];
  for (const [name, handler, outcome] of table) {
    test(`${name}: ${outcome === 'ok' ? 'read' : 'refused'}`, { timeout: 8000 }, async (context) => {
      const server = createServer(handler).listen(0, '127.0.0.1');
      context.after(() => {
        server.closeAllConnections();
        server.close();
      });
      await new Promise((resolve) => server.once('listening', resolve));
      const asked = local.getJson(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await (outcome === 'ok'
        ? asked.then((value) => assert.deepEqual(value, { a: 1 }))
        : assert.rejects(asked, outcome));
    });
  }
});

test('an answer may be as long as whoever asks says, and no longer', async () => {
  const server = createServer((_, res) => res.setHeader('content-type', 'application/json').end('{"a":1}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  assert.deepEqual(await local.getJson(url, { maxBytes: 7 }), { a: 1 });
  await assert.rejects(local.getJson(url, { maxBytes: 6 }), /more than 6 bytes/);
  server.closeAllConnections();
  server.close();
});

test('http goes to this machine only, where that may be reached', async () => {
  await assert.rejects(local.getJson('http://localhost:1/'), { code: 'ECONNREFUSED' });
  await assert.rejects(local.getJson('http://example.com/'), /only https is fetched/);
  await assert.rejects(local.getJson('http://192.0.2.1/'), /only https is fetched/);
  await assert.rejects(strict.getJson('http://localhost:1/'), /only https is fetched/);
});

test('a name that nobody has is told as such', async () => {
  await assert.rejects(strict.getJson('https://nobody.invalid/'), { syscall: 'getaddrinfo' });
});

describe('an answer that goes on', () => {
  const serve = async (handler: RequestListener) => {
    const server = createServer(handler).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const close = () => {
      server.closeAllConnections();
      server.close();
    };
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
  };

  test('the same addresses are refused', async () => {
    await assert.rejects(strict.stream('https://169.254.169.254/'), { name: 'EgressRefused' });
    await assert.rejects(strict.stream('http://127.0.0.1/'), { name: 'EgressRefused' });
  });

  test('comes as it is said, longer and more than any other, until its reader leaves', {
    timeout: 10_000,
  }, async () => {
    const left = Promise.withResolvers<void>();
    const { url, close } = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`${request.headers['x-a']}`);
      setTimeout(() => response.write('x'.repeat(300_000)), 3500);
      response.once('close', left.resolve);
    });
    const controller = new AbortController();
    const answer = await local.stream(url, { headers: { 'x-a': 'b' }, signal: controller.signal });
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'text/event-stream']);
    let length = 0;
    await assert.rejects(async () => {
      for await (const chunk of answer.body ?? []) {
        if (length === 0) assert.equal(new TextDecoder().decode(chunk), 'b');
        length += chunk.length;
        if (length > 300_000) controller.abort();
      }
    });
    await left.promise;
    close();
  });

  test('a refusal and a redirect have no body, and leave no connection open', { timeout: 5000 }, async () => {
    const left = Promise.withResolvers<void>();
    const { url, close } = await serve((request, response) => {
      if (request.url === '/elsewhere') return void response.writeHead(302, { location: '/' }).end();
      response.writeHead(401).write('no');
      response.once('close', left.resolve);
    });
    const answer = await local.stream(url);
    assert.deepEqual([answer.status, answer.body], [401, null]);
    await left.promise;
    assert.equal((await local.stream(`${url}elsewhere`)).status, 302);
    close();
  });

  test('nothing said for 3 s: it is not waited for', { timeout: 8000 }, async () => {
    const { url, close } = await serve(() => undefined);
    await assert.rejects(local.stream(url), { name: 'HeadersTimeoutError' });
    close();
  });
});

describe('fetch, for libraries', () => {
  const serve = async (handler: RequestListener) => {
    const server = createServer(handler).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
  };

  test('the same addresses are refused', async () => {
    await assert.rejects(strict.fetch('https://169.254.169.254/'), { name: 'EgressRefused' });
    await assert.rejects(strict.fetch(new URL('http://127.0.0.1/')), { name: 'EgressRefused' });
  });

  test('method, headers and form arrive; status, headers and text come back', async () => {
    const { url, server } = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const said = JSON.stringify([request.method, request.headers['content-type'], request.headers['x-a'], body]);
      response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Basic' }).end(said);
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-a': 'b' };
    const answer = await local.fetch(url, { method: 'POST', headers, body: new URLSearchParams({ code: 'c d' }) });
    assert.deepEqual([answer.status, answer.headers.get('www-authenticate')], [401, 'Basic']);
    assert.deepEqual(await answer.json(), ['POST', 'application/x-www-form-urlencoded', 'b', 'code=c+d']);
    server.close();
  });

  test('a text is sent as it is', async () => {
    const { url, server } = await serve((request, response) => void request.pipe(response));
    assert.equal(await (await local.fetch(url, { method: 'POST', body: '{"a":1}' })).text(), '{"a":1}');
    server.close();
  });

  test('KEY-06: JSON that is not UTF-8 is not handed on; other text is nobody’s document', async (context) => {
    const { url, server } = await serve((request, response) => {
      const type = request.url === '/json' ? 'application/json; charset=utf-8' : 'text/plain';
      response.writeHead(200, { 'content-type': type }).end(Buffer.from('{"a":"\xe9"}', 'latin1'));
    });
    context.after(() => server.close());
    const refusal = { name: 'EgressRefused', message: /not UTF-8/ };
    await assert.rejects(local.fetch(`${url}json`, { readsJson: true }), refusal);
    assert.equal((await local.fetch(`${url}text`, { readsJson: true })).status, 200);
    assert.equal(
      (await local.fetch(`${url}json`, { method: 'POST' })).status,
      200,
      'nobody reads what a receiver says',
    );
  });

  test('a redirect is an answer, never followed; an empty answer has no body', async () => {
    let visits = 0;
    const { url, server } = await serve((request, response) => {
      visits += 1;
      if (request.url === '/empty') response.writeHead(204).end();
      else response.writeHead(302, { location: '/elsewhere' }).end();
    });
    assert.equal((await local.fetch(url)).status, 302);
    assert.equal((await local.fetch(`${url}empty`)).body, null);
    assert.equal(visits, 2);
    server.close();
  });

  test('an answer without end or of a megabyte is cut off', { timeout: 8000 }, async () => {
    const { url, server } = await serve((request, response) => {
      if (request.url === '/drip') response.write('x');
      else response.end('x'.repeat(1_000_000));
    });
    await Promise.all([assert.rejects(local.fetch(`${url}drip`)), assert.rejects(local.fetch(url))]);
    server.closeAllConnections();
    server.close();
  });

  test('a body that is no text is not sent', async () => {
    await assert.rejects(local.fetch('http://127.0.0.1/', { method: 'POST', body: new FormData() }), {
      name: 'EgressRefused',
    });
  });
});
