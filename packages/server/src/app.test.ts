import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { grantType } from '@credence/mcp/protocol';
import { createIdpApp } from './app.ts';
import type { Edge } from './edge.ts';
import type { Idp } from './idp/token-exchange.ts';
import { openStops } from './stops/memory.ts';
import { openSqliteStore } from './store/sqlite.ts';

describe('the token endpoint that the sign-in shares', { timeout: 10_000 }, () => {
  const passedOn: (string | undefined)[] = [];
  const server = createServer();
  let app: ReturnType<typeof createIdpApp>;
  let url: string;
  const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) });

  before(async () => {
    const store = await openSqliteStore(':memory:', { node: 'one' });
    const edge: Edge = {
      store,
      inForce: { upTo: () => undefined },
      stops: await openStops(store, () => 1_800_000_000),
      nowMs: () => 1_800_000_000_000,
      ledger: { count: () => undefined, flush: async () => undefined },
      failures: { waitSeconds: () => 0, add: () => undefined },
      strangers: { take: () => true },
      addressOf: () => '192.0.2.1',
      onFault: () => undefined,
    };
    app = createIdpApp({ registry: {} } as Idp, edge, (incoming, outgoing) => {
      passedOn.push(incoming.body);
      outgoing.end('the sign-in');
    });
    server.on('request', app.handle).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  });
  beforeEach(() => {
    passedOn.length = 0;
  });
  after(() => server.close());

  test('every other grant is handed on, with the body that was read', async () => {
    const answer = await fetch(url, form({ grant_type: 'authorization_code', code: 'c' }));
    assert.deepEqual([await answer.text(), passedOn], ['the sign-in', ['grant_type=authorization_code&code=c']]);
    await fetch(url, form({ code: 'c' }));
    assert.deepEqual(passedOn.slice(1), ['code=c']);
  });

  test('a token exchange is answered here, and so is what is no form', async () => {
    assert.equal((await fetch(url, form({ grant_type: grantType.tokenExchange }))).status, 401);
    const malformed = { ...form({}), headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=%zz' };
    assert.equal((await fetch(url, malformed)).status, 400);
    assert.equal((await fetch(url, { method: 'POST', body: '{}' })).status, 415);
    assert.deepEqual(passedOn, []);
  });

  test('nothing else is here', async () => {
    assert.equal((await fetch(`${url}/other`, form({ grant_type: 'authorization_code' }))).status, 404);
    assert.deepEqual(passedOn, []);
  });

  test('without a connection there is nobody to hand on to', async () => {
    const answer = await app.fetch(new Request(url, form({ grant_type: 'authorization_code' })));
    assert.equal(answer.status, 404);
  });
});
