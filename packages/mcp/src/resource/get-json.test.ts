import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { getJson } from './get-json.ts';

describe('one JSON object of an issuer', () => {
  let said = { status: 200, body: '{}' };
  const server = createServer((_, outgoing) => outgoing.writeHead(said.status).end(said.body));
  let url: string;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const get = (body: string, status = 200) => {
    said = { status, body };
    return getJson(url);
  };

  test('is read, and nothing but one', async () => {
    assert.deepEqual(await get('{"a":1}'), { a: 1 });
    await assert.rejects(get('{"a":1,"a":2}'), /not one JSON object/);
    await assert.rejects(get('[]'), /not one JSON object/);
    await assert.rejects(get('{}', 500), /answered 500/);
  });

  test('has 256 KiB at most', async () => {
    const long = (length: number) => `{"a":"${'x'.repeat(length - 8)}"}`;
    assert.ok(await get(long(256 * 1024)));
    await assert.rejects(get(long(256 * 1024 + 1)), /too large/);
  });

  for (const bad of ['http://keys.example/', 'ftp://localhost/', 'data:,{}']) {
    test(`nothing is fetched from ${bad}`, () => assert.rejects(getJson(bad), /only https is fetched/));
  }
  for (const host of ['http://localhost', 'http://127.0.0.1', 'http://[::1]', 'https://127.0.0.1']) {
    test(`${host} is asked`, () => assert.rejects(getJson(`${host}:1/`), (error) => !/only https/.test(String(error))));
  }
});
