import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '../protocol/index.ts';
import { issuer, mint, mintProof, now, resource, thumbprint, world } from './fixtures/world.ts';
import { rememberProofs } from './proof.ts';

describe('MCS-11, RFC 9449 §7: a token bound to a key (B79)', () => {
  const bound = () => mint({ cnf: { jkt: thumbprint } });
  const table: [name: string, scheme: string, change: JsonObject | undefined, outcome: string][] = [
    ['with its proof', 'DPoP', {}, 'accepted'],
    ['as Bearer', 'Bearer', {}, 'token_wrong_scheme'],
    ['without a proof', 'DPoP', undefined, 'token_proof_missing'],
    ['with a proof for another token', 'DPoP', { ath: 'x' }, 'token_proof_invalid'],
    ['with a proof for another path', 'DPoP', { htu: `${issuer}/files/mcp` }, 'token_proof_invalid'],
    ['with a proof for another method', 'DPoP', { htm: 'GET' }, 'token_proof_invalid'],
    ['with an old proof', 'DPoP', { iat: now - 61 }, 'token_proof_invalid'],
  ];
  for (const [name, scheme, change, outcome] of table) {
    test(`${name}: ${outcome}`, async () => {
      const token = await bound();
      const more = change ? { dpop: await mintProof(token, change) } : undefined;
      assert.equal(await world().outcomeOf(`${scheme} ${token}`, resource, more), outcome);
    });
  }
  const challenges: [name: string, scheme: string, change: JsonObject, challenge: RegExp][] = [
    ['as Bearer: the challenge says DPoP', 'Bearer', {}, /^DPoP error="invalid_token", .*algs="ES256 /],
    ['with a wrong proof: DPoP', 'DPoP', { ath: 'x' }, /^DPoP error="invalid_token", /],
  ];
  for (const [name, scheme, change, expected] of challenges) {
    test(name, async () => {
      const token = await bound();
      const headers = { authorization: `${scheme} ${token}`, dpop: await mintProof(token, change) };
      const response = await world().check(new Request(resource, { method: 'POST', headers }));
      assert.ok(response instanceof Response);
      assert.equal(response.status, 401);
      assert.match(response.headers.get('www-authenticate') ?? '', expected);
    });
  }
  test('an unbound token as DPoP: the challenge says Bearer', async () => {
    const token = await mint();
    const response = await world().check(new Request(resource, { headers: { authorization: `DPoP ${token}` } }));
    assert.ok(response instanceof Response);
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token", (?!.*algs)/);
  });
  test('a proof under another key than the one the token is bound to', async () => {
    const token = await mint({ cnf: { jkt: 'x'.repeat(43) } });
    const dpop = await mintProof(token);
    assert.equal(await world().outcomeOf(`DPoP ${token}`, resource, { dpop }), 'token_proof_invalid');
  });
  test('a proof whose signature is not by the key it names', async () => {
    const token = await bound();
    const dpop = (await mintProof(token)).replace(/[^.]+$/, (await mintProof(token)).split('.')[2] ?? '');
    assert.equal(await world().outcomeOf(`DPoP ${token}`, resource, { dpop }), 'token_proof_invalid');
  });
  test('two proofs at once', async () => {
    const token = await bound();
    const dpop = `${await mintProof(token)}, ${await mintProof(token)}`;
    assert.equal(await world().outcomeOf(`DPoP ${token}`, resource, { dpop }), 'token_proof_invalid');
  });
  test('a request whose URL starts at its path, as node:http has it', async () => {
    const token = await bound();
    const sent = new Headers({ authorization: `DPoP ${token}`, dpop: await mintProof(token) });
    const caller = await world().check({ method: 'POST', url: '/tracker/mcp', headers: sent });
    assert.ok(!(caller instanceof Response));
  });
  test('a request whose URL is none is refused, and nothing is thrown at whoever embeds the guard', async () => {
    const token = await bound();
    for (const url of ['//', '//host:99999/tracker/mcp', 'http://[']) {
      const { check, told } = world();
      const sent = new Headers({ authorization: `DPoP ${token}`, dpop: await mintProof(token) });
      assert.ok((await check({ method: 'POST', url, headers: sent })) instanceof Response);
      assert.deepEqual(told, ['token_proof_invalid']);
    }
  });
  /** As many as it takes; which one it does not. */
  const fill = (memory: ReturnType<typeof rememberProofs>, key: string, until = now + 60) => {
    for (let n = 0; n < 100_000; n++) if (!memory.useOnce(`${key} p${n}`, until)) return n;
    throw new Error('there is no end to it');
  };
  test('who has as many live proofs as there is room left has no more accepted until some have run out', () => {
    let time = now;
    const memory = rememberProofs(() => time);
    assert.equal(fill(memory, 'k'), 50_000);
    assert.equal(memory.useOnce('k one more', now + 60), false);
    time = now + 60;
    assert.equal(memory.useOnce('k one more', now + 60), false, 'they are good in their last second');
    assert.equal(memory.useOnce('k p0', now + 60), false);
    time = now + 61;
    assert.equal(memory.useOnce('k one more', now + 60), true);
    time = now + 200;
    assert.equal(fill(memory, 'k', now + 260), 50_000, 'what ran out is counted no more');
  });
  test('T27: no key fills the memory of the others, nor do many', () => {
    const memory = rememberProofs(() => now);
    assert.deepEqual(
      ['one', 'two', 'three', 'four'].map((key) => fill(memory, key)),
      [50_000, 25_000, 12_500, 6250],
    );
    assert.equal(memory.useOnce('somebody else', now + 60), true);
  });
  test('whoever has enough does not have all of it looked through for each that comes', () => {
    const memory = rememberProofs(() => now);
    fill(memory, 'k');
    const startedAt = performance.now();
    for (let n = 0; n < 10_000; n++) assert.equal(memory.useOnce(`k one more ${n}`, now + 60), false);
    const ms = performance.now() - startedAt;
    assert.ok(ms < 1000, `${ms} ms; through all of it each time it would be several seconds`);
  });
  test('a proof is good once', async () => {
    const { outcomeOf } = world();
    const token = await bound();
    const dpop = await mintProof(token);
    assert.equal(await outcomeOf(`DPoP ${token}`, resource, { dpop }), 'accepted');
    assert.equal(await outcomeOf(`DPoP ${token}`, resource, { dpop }), 'token_proof_invalid');
  });
  test('an unbound token as DPoP', async () => {
    const token = await mint();
    assert.equal(
      await world().outcomeOf(`DPoP ${token}`, resource, { dpop: await mintProof(token) }),
      'token_wrong_scheme',
    );
  });
});
