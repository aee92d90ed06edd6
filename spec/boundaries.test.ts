import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import {
  checkAccessToken,
  checkIdJag,
  chooseKey,
  encodeBase64url,
  isDate,
  type Jwk,
  parseIdJag,
  parseJws,
  parseScope,
} from '@credence/mcp/protocol';
import { toBlockList } from '../packages/server/src/egress.ts';
import { parseForm } from '../packages/server/src/form.ts';
import { createFailureLimit, createPace } from '../packages/server/src/limits.ts';
import { clientAddress, listen } from '../packages/server/src/listener.ts';

// The last value that is let through and the first that is not, where no other test stands on that line.

const issuer = 'https://mcp.acme.example';
const now = 1_800_000_000;
const claims = { iss: 'https://id.acme.example', sub: 'u_1', client_id: 'c', jti: 'j1', iat: now, exp: now + 300 };

describe('RAS-10, RAS-11, RAS-14: an ID-JAG', () => {
  const check = (change: object) =>
    checkIdJag(
      { header: {}, claims: { ...claims, aud: issuer, ...change } },
      { issuer, clientId: 'c', now, skewSeconds: 30, maxLifetimeSeconds: 600 },
    );
  const table: [name: string, change: object, outcome: string][] = [
    ['nbf ahead by the skew', { nbf: now + 30 }, 'accepted'],
    ['exp in the second of iat', { exp: now }, 'accepted'],
    ['exp one second before iat', { iat: now + 1, exp: now }, 'id_jag_lives_too_long'],
    ['a life one second above the ceiling', { exp: now + 601 }, 'id_jag_lives_too_long'],
    ['a sub of 1024', { sub: 's'.repeat(1024) }, 'accepted'],
    ['a sub of 1024 bytes in fewer signs', { sub: `${'語'.repeat(341)}s` }, 'accepted'],
    ['B52 a sub of 1025 bytes in fewer signs', { sub: `${'語'.repeat(341)}ss` }, 'id_jag_subject_malformed'],
    ['a sub of 1025', { sub: 's'.repeat(1025) }, 'id_jag_subject_malformed'],
    ['one resource that is no string', { resource: ['https://a.example/mcp', 7] }, 'id_jag_resource_malformed'],
  ];
  for (const [name, change, outcome] of table) {
    test(`${name}: ${outcome}`, () => {
      const result = check(change);
      assert.equal(result.ok ? 'accepted' : result.refusal, outcome);
    });
  }

  test('an e-mail address is a string or is not there', () => {
    const emailOf = (email: unknown) => {
      const result = check({ email });
      return result.ok && result.value.email;
    };
    assert.equal(emailOf('a@acme.example'), 'a@acme.example');
    assert.equal(emailOf({ address: 'a@acme.example' }), undefined);
  });

  test('RAS-06: an iss that is no string is nobody trusted', () => {
    const parts = [{ typ: 'oauth-id-jag+jwt' }, { iss: 7 }].map((part) => encodeBase64url(JSON.stringify(part)));
    const result = parseIdJag(`${parts.join('.')}.c2ln`);
    assert.equal(!result.ok && result.refusal, 'id_jag_issuer_untrusted');
  });

  test('KEY-07: 1970 is a date, a moment before is none', () => {
    assert.deepEqual([isDate(0), isDate(-1), isDate(Number.NaN), isDate('0')], [true, false, false, false]);
  });
});

test('MCS-04: an access token whose iat is ahead by the skew is accepted', () => {
  const token = { ...claims, iss: issuer, aud: `${issuer}/a/mcp`, iat: now + 30 };
  const expected = { issuer, resource: `${issuer}/a/mcp`, now, skewSeconds: 30 };
  assert.ok(checkAccessToken({ header: { typ: 'at+jwt' }, claims: token }, expected).ok);
});

describe('KEY-06: what is still read', () => {
  test('a JWS as long as allowed, and not one character longer', () => {
    const jws = `${encodeBase64url('{"alg":"ES256"}')}.${encodeBase64url('{"iss":"a"}')}.c2ln`;
    assert.ok(parseJws(jws, jws.length));
    assert.equal(parseJws(jws, jws.length - 1), undefined);
  });

  test('B23: 200 scopes, and not one more', () => {
    const scopes = (count: number) => parseScope(Array.from({ length: count }, (_, n) => `s${n}`).join(' '));
    assert.equal(scopes(200)?.length, 200);
    assert.equal(scopes(201), undefined);
  });
});

describe('KEY-05: a kid that is none is not looked for, also when a key is published under it', () => {
  const ec: Jwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };
  const table: [name: string, kid: unknown, isTaken: boolean][] = [
    ['256 characters', 'k'.repeat(256), true],
    ['257 characters', 'k'.repeat(257), false],
    ['no characters', '', false],
    ['a number', 7, false],
  ];
  for (const [name, kid, isTaken] of table) {
    test(`${name}: ${isTaken ? 'taken' : 'refused'}`, () => {
      assert.equal(chooseKey({ alg: 'ES256', kid }, [{ ...ec, kid: kid as string }]).ok, isTaken);
    });
  }

  test('RAS-05: a key published for another algorithm is not for EdDSA', () => {
    assert.equal(chooseKey({ alg: 'EdDSA' }, [{ kty: 'OKP', crv: 'Ed25519', alg: 'ES256', x: 'x' }]).ok, false);
  });
});

test('B02: a form of 100 parameters is read, one of 101 is not', () => {
  const form = (count: number) => parseForm(Array.from({ length: count }, (_, n) => `p${n}=1`).join('&'));
  assert.ok(form(100).ok);
  assert.equal(form(101).ok, false);
});

describe('IDP-38: the limit for failures', () => {
  test('in the second in which a window ends the next one begins', () => {
    let second = now;
    const limit = createFailureLimit({ max: 2, windowSeconds: 60, now: () => second });
    limit.add('c', '192.0.2.1');
    second += 60;
    limit.add('c', '192.0.2.1');
    assert.equal(limit.waitSeconds('c', '192.0.2.1'), 0, 'the failure of the last window no longer counts');
    limit.add('c', '192.0.2.1');
    assert.equal(limit.waitSeconds('c', '192.0.2.1'), 60);
  });

  test('it remembers 50 000 pairs, and of one more the oldest is forgotten', () => {
    const limit = createFailureLimit({ max: 1, windowSeconds: 60, now: () => now });
    for (let n = 0; n < 50_000; n++) limit.add('c', `address ${n}`);
    assert.equal(limit.waitSeconds('c', 'address 0'), 60);
    limit.add('c', 'one more');
    assert.deepEqual(
      ['address 0', 'address 1', 'one more'].map((address) => limit.waitSeconds('c', address)),
      [0, 60, 60],
    );
  });
});

test('IDP-38: the pace of 50 000 people is remembered, and of as many again those before them', () => {
  const pace = createPace({ burst: 1, perSecond: 1, nowMs: () => now * 1000 });
  for (let n = 0; n < 100_000; n++) assert.ok(pace.take(`u_${n}`));
  assert.equal(pace.take('u_0'), false, 'which also keeps it');
  assert.deepEqual([pace.take('u_0'), pace.take('u_50000'), pace.take('u_1')], [false, false, true]);
});

describe('TLS-02: where a request comes from and goes to', () => {
  test('when every hop is trusted the first one is the caller', () => {
    const incoming = { socket: { remoteAddress: '10.0.0.1' }, headers: { 'x-forwarded-for': '10.0.0.3, 10.0.0.2' } };
    assert.equal(clientAddress(incoming as unknown as IncomingMessage, toBlockList(['10.0.0.0/8'])), '10.0.0.3');
  });

  test('T38: a foreign Host and a second spelling never reach what is served', async () => {
    const served: unknown[] = [];
    const listener = await listen({
      name: 'idp',
      host: '127.0.0.1',
      port: 0,
      origin: 'http://id.acme.example',
      tls: undefined,
      trustedHops: toBlockList([]),
      onFault: () => undefined,
      handle: ({ url }, outgoing) => {
        served.push(url);
        outgoing.end();
      },
    });
    const statusOf = (host: string, path: string) =>
      new Promise((resolve, reject) => {
        get({ port: listener.port, host: '127.0.0.1', path, headers: { host } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        }).on('error', reject);
      });
    assert.equal(await statusOf('evil.example', '/token'), 421);
    assert.equal(await statusOf('id.acme.example', '/a//b'), 400);
    assert.equal(await statusOf('id.acme.example', '/token'), 200);
    assert.deepEqual(served, ['/token']);
    await listener.stop(0);
  });

  test('a fault in the middle of an answer cuts it: half of one is not taken for the whole', async () => {
    const faults: unknown[] = [];
    const listener = await listen({
      name: 'idp',
      host: '127.0.0.1',
      port: 0,
      origin: 'http://id.acme.example',
      tls: undefined,
      trustedHops: toBlockList([]),
      onFault: (fault) => faults.push(fault),
      handle: (_, outgoing) => {
        outgoing.write('half of ');
        throw new Error('the other half is lost');
      },
    });
    const asked = new Promise((resolve, reject) => {
      const headers = { host: 'id.acme.example' };
      get({ port: listener.port, host: '127.0.0.1', path: '/', headers }, (answer) => {
        answer.resume().once('end', resolve).once('error', reject);
      }).once('error', reject);
    });
    await assert.rejects(asked, { code: 'ECONNRESET' });
    assert.equal(faults.length, 1);
    await listener.stop(0);
  });
});
