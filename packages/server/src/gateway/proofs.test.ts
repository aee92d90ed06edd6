import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { mintJws, thumbprintInput } from '@credence/mcp/protocol';
import { type HttpServer, openHttpServer } from './fixtures/http-server.ts';
import { http, initialize, openWorld, serverOf, type World } from './fixtures/world.ts';

// Two gateways of one installation are one to whoever steals a proof: what one accepted the other must not.

describe('MCS-11, T15: proofs are remembered where every gateway looks', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' }) as { crv: string; kty: string; x: string; y: string };
  const thumbprint = createHash('sha256')
    .update(thumbprintInput({ crv, kty, x, y } as never) ?? '')
    .digest('base64url');
  /** Ids of proofs that a gateway somewhere has accepted. */
  const accepted = new Set<string>();
  let upstream: HttpServer;
  let world: World;
  before(async () => {
    upstream = await openHttpServer();
    const proofs = {
      useOnce: async (id: string) => {
        const isNew = !accepted.has(id);
        accepted.add(id);
        return isNew;
      },
    };
    world = await openWorld([serverOf('tracker', http(upstream.url), {})], { proofs });
  });
  after(async () => {
    await world.close();
    upstream.close();
  });

  const statusOf = async (jti: string) => {
    const token = await world.token('tracker', { keyThumbprint: thumbprint });
    const claims = {
      htm: 'POST',
      htu: world.url('tracker'),
      iat: Math.floor(Date.now() / 1000),
      jti,
      ath: createHash('sha256').update(token).digest('base64url'),
    };
    const toSignature = (text: string) =>
      sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const dpop = await mintJws({ typ: 'dpop+jwt', alg: 'ES256', jwk: { crv, kty, x, y } }, claims, toSignature);
    const headers = {
      authorization: `DPoP ${token}`,
      dpop,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    };
    const body = JSON.stringify(initialize());
    const response = await fetch(world.url('tracker'), { method: 'POST', headers, body });
    await response.body?.cancel();
    return response.status;
  };

  test('a new one is accepted, and one that another gateway has accepted is refused', async () => {
    assert.equal(await statusOf(randomUUID()), 200);
    const elsewhere = randomUUID();
    accepted.add(`${thumbprint} ${elsewhere}`);
    assert.equal(await statusOf(elsewhere), 401);
  });
});
