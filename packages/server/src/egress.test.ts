import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { createEgress } from './egress.ts';

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
    'https://user:secret@example.com/',
    'not a url',
  ];
  for (const url of urls) {
    test(`${url}: refused`, () => assert.rejects(strict.getJson(url), { name: 'EgressRefused' }));
  }
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
      'too much',
      (_, res) => res.setHeader('content-type', 'application/json').end(`{"a":"${'x'.repeat(300_000)}"}`),
      /./,
    ],
    ['a slow drip', (_, res) => void res.setHeader('content-type', 'application/json').write('{'), /./],
  ];
  for (const [name, handler, outcome] of table) {
    test(`${name}: ${outcome === 'ok' ? 'read' : 'refused'}`, { timeout: 8000 }, async () => {
      const server = createServer(handler).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const asked = local.getJson(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await (outcome === 'ok'
        ? asked.then((value) => assert.deepEqual(value, { a: 1 }))
        : assert.rejects(asked, outcome));
      server.closeAllConnections();
      server.close();
    });
  }
});
