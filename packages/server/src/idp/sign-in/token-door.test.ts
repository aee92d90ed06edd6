import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { clientAssertionType } from '@credence/mcp/protocol';
import { TooBusy } from '../../directory/password.ts';
import { generatePrivateJwk, toPublicJwk } from '../../keys/signer.ts';
import { createSteadyPace } from '../../limits.ts';
import { StoreUnavailable } from '../../store/store.ts';
import { basic, token } from './test-client.ts';
import { openTestWorld, type TestWorld } from './test-world.ts';
import { isForPrograms } from './token-door.ts';

describe('who reads an answer', () => {
  const table: [path: string, isForPrograms: boolean][] = [
    ['/token', true],
    ['/request', true],
    ['/userinfo', true],
    ['/jwks', true],
    ['/.well-known/openid-configuration', true],
    ['/backchannel-logout/okta', true],
    ['/auth', false],
    ['/interaction/x', false],
    ['/session/end', false],
    ['/token/x', false],
  ];
  for (const [path, expected] of table) {
    test(`${path}: ${expected ? 'a program' : 'a person'}`, () => assert.equal(isForPrograms(path), expected));
  }
});

describe('what every answer has', () => {
  for (const [issuer, expected] of [
    ['https://id.acme.example', 'max-age=31536000'],
    ['https://localhost:8443', null],
    ['http://localhost:8080', null],
  ] as const) {
    test(`at ${issuer} Strict-Transport-Security: ${expected ?? 'not said, since it would be of all of localhost'}`, async () => {
      const world = await openTestWorld(undefined, () => issuer);
      try {
        const answer = await fetch(`http://127.0.0.1:${world.port}/jwks`);
        assert.equal(answer.status, 200);
        assert.equal(answer.headers.get('strict-transport-security'), expected);
      } finally {
        await world.close();
      }
    });
  }
});

describe('the door of the endpoints that authenticate clients', () => {
  let world: TestWorld;
  let addresses = 0;
  let address = '';
  before(async () => {
    world = await openTestWorld();
    const workload = {
      issuer: 'https://ci.example',
      subject: 'repo:acme/agent',
      audience: undefined,
      keys: [toPublicJwk(generatePrivateJwk('ES256'))],
      algorithms: ['ES256'] as const,
      reuse: false,
    };
    const [base] = [...world.clients.values()];
    assert.ok(base);
    world.clients.set('runner', { ...base, id: 'runner', public: false, workload });
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.failNotes = undefined;
    address = `203.0.113.${++addresses}`;
  });
  after(() => world.close());

  const form = { grant_type: 'refresh_token', refresh_token: 'x' };
  const post = (fields: Record<string, string>, headers: Record<string, string> = {}, from = address) =>
    token(world, { ...form, ...fields }, { ...headers, 'x-test-address': from });
  const statuses = async (times: number, ask: () => ReturnType<typeof post>) => {
    const seen = new Set<number>();
    for (let time = 0; time < times; time += 1) seen.add((await ask()).status);
    return [...seen];
  };

  test('a client that fails to prove itself ten times waits, from that address only, and it is told how long', async () => {
    assert.deepEqual(await statuses(10, () => post({}, basic('portal', 'guess'))), [401]);
    const waiting = await post({}, basic('portal', 'another guess'));
    assert.deepEqual([waiting.status, waiting.body.error], [429, 'slow_down']);
    const seconds = Number(waiting.headers.get('retry-after'));
    assert.ok(seconds > 0 && seconds <= 60, String(seconds));
    assert.equal(world.notes.at(-1)?.reason, 'too_many_requests');
    assert.equal((await post({}, basic('portal', world.secret))).status, 400, 'whoever has the secret does not wait');
    assert.equal((await post({}, basic('portal', 'guess'), '198.51.100.1')).status, 401);
    assert.equal((await post({ client_id: 'claude-code' })).status, 400, 'another client');
  });

  test('whoever proves itself, and is refused for something else, does not wait', async () => {
    assert.deepEqual(await statuses(12, () => post({}, basic('portal', world.secret))), [400]);
  });

  test('IDP-38, T27: what one network asks for without credentials has a pace; credentials have none of it', async () => {
    const one = '198.51.100.7';
    world.strangers = createSteadyPace(1, () => 0);
    assert.deepEqual(await statuses(5, () => post({ client_id: 'claude-code' }, undefined, one)), [400]);
    const held = await post({ client_id: 'claude-code' }, undefined, one);
    assert.deepEqual([held.status, held.body.error, held.headers.get('retry-after')], [429, 'slow_down', '1']);
    assert.equal((await post({}, basic('portal', world.secret), one)).status, 400);
    assert.equal((await post({ client_id: 'claude-code' })).status, 400, 'another network');
    world.strangers = { take: () => true };
  });

  test('IDP-38: a certificate that proves nothing of the client has none of it either; one that its entry expects does', async () => {
    const [base] = [...world.clients.values()];
    assert.ok(base);
    const tls = { kind: 'self_signed', thumbprints: ['its own'], bound: false } as const;
    world.clients.set('armed', { ...base, id: 'armed', name: 'Armed', public: false, tls });
    world.certificate = {
      thumbprint: 'its own',
      isVouchedFor: false,
      validFrom: 0,
      validUntil: 4_000_000_000,
      names: () => assert.fail('nobody wants to know'),
    };
    world.strangers = createSteadyPace(1, () => 0);
    try {
      assert.deepEqual(await statuses(7, () => post({ client_id: 'armed' })), [400]);
      assert.deepEqual(await statuses(5, () => post({ client_id: 'claude-code' })), [400]);
      for (const path of ['/token', '/request']) {
        const held = await fetch(world.issuer + path, {
          method: 'POST',
          headers: { 'x-test-address': address },
          body: new URLSearchParams({ ...form, client_id: 'claude-code' }),
        });
        assert.deepEqual([held.status, held.headers.get('retry-after')], [429, '1'], path);
      }
    } finally {
      world.strangers = { take: () => true };
      world.certificate = undefined;
      world.clients.delete('armed');
    }
  });

  const shown = { client_id: 'runner', client_assertion_type: clientAssertionType, client_assertion: 'a.b.c' };

  test('a token of a platform that is none is counted too', async () => {
    assert.deepEqual(await statuses(10, () => post(shown)), [401]);
    assert.equal((await post(shown)).status, 429);
  });

  test('two proofs at once are an error in the request: refused, and not counted', async () => {
    assert.deepEqual(await statuses(12, () => post({ ...shown, client_secret: 'x' })), [400]);
    assert.equal(world.notes.at(-1)?.reason, 'two_client_methods');
  });

  test('what is not posted to them is nothing to it', async () => {
    const json = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
    for (const [path, init] of [['/token'], ['/jwks', json]] as const) {
      const answer = await fetch(`${world.issuer}${path}`, init);
      assert.deepEqual([answer.status, await answer.json()], [404, { error: 'not_found' }]);
    }
  });

  for (const [fault, status, error, retryAfter] of [
    [new StoreUnavailable('away'), 503, 'temporarily_unavailable', '1'],
    [new TooBusy(), 503, 'temporarily_unavailable', '5'],
    [new Error('a fault of ours'), 500, 'server_error', null],
  ] as const) {
    test(`${fault.constructor.name} under it: ${status}, ${error}, and when to come again: ${retryAfter}`, async () => {
      world.failNotes = fault;
      const answer = await post({}, basic('portal', 'guess'));
      assert.deepEqual([answer.status, answer.body.error], [status, error]);
      assert.equal(answer.headers.get('retry-after'), retryAfter);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal(world.faults.at(-1), fault);
    });
  }

  test('whoever goes away in the middle of a request is no fault of ours', async () => {
    const { length } = world.faults;
    const { port, host } = new URL(world.issuer);
    for (const path of ['/token', '/request']) {
      const socket = connect(Number(port), '127.0.0.1');
      const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\n`;
      await new Promise<void>((resolve) => socket.write(`${head}Content-Length: 100\r\n\r\na=1`, () => resolve()));
      await wait(100);
      socket.destroy();
      await wait(100);
    }
    assert.deepEqual(world.faults.slice(length), []);
  });
});
