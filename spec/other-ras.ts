import assert from 'node:assert/strict';
import { grantType, type JsonObject, ok } from '@credence/mcp/protocol';
import { createIssuerKeys } from '@credence/mcp/resource';
import { createRasApp } from '../packages/server/src/app.ts';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import { hashSecret } from '../packages/server/src/clients/authenticate.ts';
import type { Edge } from '../packages/server/src/edge.ts';
import type { Decryption } from '../packages/server/src/keys/jwe.ts';
import { toPublicJwk, toSigner } from '../packages/server/src/keys/signer.ts';
import { createFailureLimit } from '../packages/server/src/limits.ts';
import { compileResource } from '../packages/server/src/policy/compile.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import type { Ras } from '../packages/server/src/ras/jwt-bearer.ts';
import { type Answer, type Fields, rasIssuer, type World } from './world.ts';

export interface OtherRas {
  redeem(assertion: string, fields?: Fields): Promise<Answer>;
  introspect(token: string, fields?: Fields): Promise<Answer>;
  metadata(): Promise<Record<string, unknown>>;
}

/** Opens a RAS of the same name, store, clock and keys as `world`'s under another resource document. */
export function openOtherRas(
  world: World,
  text: string,
  getJson: (url: string) => Promise<JsonObject> = () => Promise.reject(new Error('nothing is fetched here')),
  decryption: Decryption = world.decryption,
): OtherRas {
  const { store, now, keys } = world;
  const parsed = parsePolicy(text, 'resource');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const index = compileResource(parsed.document, { version: 1, issuer: rasIssuer, localIdp: undefined });
  const edge: Edge = {
    store,
    inForce: { upTo: () => undefined },
    stops: world.stops,
    nowMs: () => world.clock.ms,
    ledger: { count: () => undefined, flush: async () => undefined },
    failures: createFailureLimit({ max: 10, windowSeconds: 60, now }),
    strangers: world.edge.strangers,
    addressOf: () => '192.0.2.1',
    onFault: (fault) => world.faults.push(fault),
  };
  const publishedKeys = () => [toPublicJwk(keys.accessToken)];
  const ras: Ras = {
    issuer: rasIssuer,
    registry: {
      issuer: rasIssuer,
      find: (id) => index.clientsByClientId.get(id),
      complete: (client) => ok(client),
      secretHashes: (id) => [hashSecret(`${id}-secret`)],
      since: () => 0,
      skewSeconds: 30,
      assertionMark: (_, jti, until) => ({ kind: 'client_assertion', id: jti, until }),
    },
    policy: () => index,
    stops: world.stops.current,
    store,
    epoch: () => world.epoch(),
    ownIdp: undefined,
    signer: () => toSigner(keys.accessToken),
    decryption,
    ownTokens: { issuer: rasIssuer, publishedKeys, skewSeconds: 30, epoch: () => '' },
    keysOf: createIssuerKeys({ getJson, now, onFault: () => undefined }).keysOf,
    accessTokenLifetimeSeconds: 600,
    clientPace: { take: () => true },
    dpop: { url: `${rasIssuer}/token`, nonces: undefined, since: () => 0 },
    maxIdJagLifetimeSeconds: 600,
    skewSeconds: 30,
  };
  const app = createRasApp(ras, edge, publishedKeys);

  const post = async (path: string, fields: Fields): Promise<Answer> => {
    const body = new URLSearchParams({ client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret' });
    for (const [name, value] of Object.entries(fields)) body.set(name, String(value));
    const response = await app.fetch(new Request(`${rasIssuer}${path}`, { method: 'POST', body }));
    const [row] = await store.audit.last(1);
    return {
      status: response.status,
      body: (await response.json()) as Record<string, unknown>,
      headers: response.headers,
      record: readRecord(row ?? { body: '{}' }),
    };
  };
  return {
    redeem: (assertion, fields = {}) => post('/token', { grant_type: grantType.jwtBearer, assertion, ...fields }),
    introspect: (token, fields = {}) => post('/introspect', { token, ...fields }),
    async metadata() {
      const response = await app.fetch(new Request(`${rasIssuer}/.well-known/oauth-authorization-server`));
      return (await response.json()) as Record<string, unknown>;
    },
  };
}

/** Signs header and payload as they are, so that text no JSON writer would make can be sent. */
export async function signText(header: string, payload: string, key: World['keys']['idJag']): Promise<string> {
  const input = [header, payload].map((part) => Buffer.from(part).toString('base64url')).join('.');
  return `${input}.${Buffer.from(await toSigner(key).sign(input)).toString('base64url')}`;
}
