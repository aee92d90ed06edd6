import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  clientAssertionType,
  grantType,
  type Jwk,
  joseType,
  mintJws,
  type Refusal,
  refusalRow,
  type SecurityEventName,
  securityEvents,
  securityEventType,
  tokenType,
} from '@credence/mcp/protocol';
import { createIssuerKeys } from '@credence/mcp/resource';
import { createIdpApp, createRasApp } from '../packages/server/src/app.ts';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import type { AuditRecord } from '../packages/server/src/audit/record.ts';
import { checkRecord } from '../packages/server/src/audit/record-schema.ts';
import { createRefusalLedger } from '../packages/server/src/audit/refusal-ledger.ts';
import { eventId, randomId } from '../packages/server/src/call.ts';
import { hashSecret } from '../packages/server/src/clients/authenticate.ts';
import type { ClientCertificate } from '../packages/server/src/clients/client-certificate.ts';
import { createDpopNonces } from '../packages/server/src/clients/dpop.ts';
import { createRemoteClients } from '../packages/server/src/clients/remote-clients.ts';
import { createClientWatch } from '../packages/server/src/clients/watch-clients.ts';
import type { Edge } from '../packages/server/src/edge.ts';
import type { Egress } from '../packages/server/src/egress.ts';
import { createIdJagEncryption } from '../packages/server/src/idp/encrypt-id-jag.ts';
import { createNetworkWatch } from '../packages/server/src/idp/network-watch.ts';
import { clientAssertionMark } from '../packages/server/src/idp/sign-in/assertion-door.ts';
import { createIdTokenVerifier } from '../packages/server/src/idp/subject-token.ts';

import type { Idp } from '../packages/server/src/idp/token-exchange.ts';
import { toDecryption } from '../packages/server/src/keys/jwe.ts';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk, toSigner } from '../packages/server/src/keys/signer.ts';
import { createFailureLimit, createPace, createSteadyPace } from '../packages/server/src/limits.ts';
import { compileAccess, compileResource } from '../packages/server/src/policy/compile.ts';
import type { ClientProof } from '../packages/server/src/policy/model.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import type { Ras } from '../packages/server/src/ras/jwt-bearer.ts';
import { createRevocationStreams } from '../packages/server/src/revocation/streams.ts';
import { isResourceStopped } from '../packages/server/src/stops/judge.ts';
import { openStops } from '../packages/server/src/stops/memory.ts';
import type { Epoch } from '../packages/server/src/store/epoch.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import type { Person, Store } from '../packages/server/src/store/store.ts';

/** Both trust domains in one test process, entered through the front door: `app.fetch(new Request(...))`. */
export const idpIssuer = 'https://id.acme.example';
export const rasIssuer = 'https://mcp.acme.example';
export const partnerIssuer = 'https://acme.okta.example';
export const tracker = `${rasIssuer}/tracker/mcp`;
export const wiki = `${rasIssuer}/wiki/mcp`;

const access = `
servers:
  tracker: { resource: ${tracker}, ras: ${rasIssuer}, scopes: { issues:read: {}, issues:write: { risk: high } } }
  wiki: { resource: ${wiki}, ras: ${rasIssuer}, scopes: { pages:read: {} } }
  lonely: { resource: https://lonely.example/mcp, ras: https://lonely.example, scopes: { all: {}, admin: { risk: high } } }
audiences:
  https://lonely.example: { aliases: [urn:lonely], subject: pairwise, email: true }
clients:
  claude-code: { redirect_uris: [http://localhost/callback], client_ids: { ${rasIssuer}: cc-at-ras, https://lonely.example: cc } }
  vscode: { redirect_uris: [http://localhost/callback], client_ids: { https://lonely.example: vs } }
  keyed: { redirect_uris: [http://localhost/callback], client_ids: { ${rasIssuer}: keyed }, jwks: { keys: [KEY] } }
  inspector: { redirect_uris: [http://localhost/callback], public: true, client_ids: { ${rasIssuer}: inspector } }
  kiosk: { redirect_uris: [http://localhost/callback], public: true, exchange: true, client_ids: { ${rasIssuer}: kiosk } }
  paused: { redirect_uris: [http://localhost/callback], exchange: false, client_ids: { ${rasIssuer}: paused } }
  armed: { redirect_uris: [http://localhost/callback], tls: { san_uri: "spiffe://acme.example/armed", bound: true }, client_ids: { ${rasIssuer}: armed } }
  named: { redirect_uris: [http://localhost/callback], tls: { subject_dn: "CN=named,O=Acme" }, client_ids: { ${rasIssuer}: named } }
  # more
rules:
  - { id: eng, allow: all, on: [tracker, wiki, lonely], to: [group:engineering] }
  - { id: reads, allow: [issues:read], on: tracker, to: [group:marketing] }
  - { id: fresh, require: { max_age: 3600 }, for: [issues:write], on: tracker }
  - { id: two, require: { amr: [mfa] }, for: [admin], on: lonely }
  - { id: out, deny: all, on: [tracker, wiki, lonely], to: [role:contractor] }
`;
const resource = `
servers:
  tracker: { upstream: { http: http://127.0.0.1:9/mcp }, scopes: { issues:read: {}, issues:write: { risk: high } }, tools: { "*": issues:write } }
  wiki: { upstream: { http: http://127.0.0.1:9/mcp }, scopes: { pages:read: {} }, tools: { "*": pages:read } }
clients:
  cc-at-ras: { name: Claude Code }
  keyed: { jwks: { keys: [KEY] } }
  vs-at-ras: { name: VS Code }
  armed: { tls: { san_uri: "spiffe://acme.example/armed", bound: true } }
  named: { tls: { self_signed: [${'n'.repeat(43)}] } }
  # more
trust:
  ${idpIssuer}: { keys: { keys: [IDPKEY] }, accounts: create, clients: [cc-at-ras, keyed, armed, named, MORE] }
  ${partnerIssuer}: { keys: { keys: [PARTNERKEY] }, accounts: known, clients: [cc-at-ras], algorithms: [RS256, ES256] }
`;

export const alice: Person = {
  id: 'u_alice',
  source: 'local',
  email: 'alice@acme.example',
  name: 'Alice',
  active: true,
  groups: ['engineering'],
  roles: [],
};

interface EventChange {
  readonly payload?: object;
  readonly claims?: object;
  readonly header?: object;
  readonly key?: PrivateJwk;
}

export type Fields = Record<string, string | string[] | undefined>;
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
  /** The record this call left; the newest line of the log. */
  readonly record: AuditRecord;
}
export type World = Awaited<ReturnType<typeof openWorld>>;

const keys = {
  idToken: generatePrivateJwk('RS256'),
  idJag: generatePrivateJwk('ES256'),
  partner: generatePrivateJwk('RS256'),
  accessToken: generatePrivateJwk('ES256'),
  encryption: generatePrivateJwk('ECDH-ES'),
  revocation: generatePrivateJwk('ES256'),
  client: generatePrivateJwk('ES256'),
  proof: generatePrivateJwk('ES256'),
};

/** Clients beside those that are always there, as lines of the documents, and the world they are fetched from. */
export interface MoreClients {
  readonly access?: string;
  readonly resource?: string;
  /** Ids of those in the resource document for which the IdP may speak. */
  readonly trusted?: readonly string[];
  readonly egress?: Pick<Egress, 'getJson' | 'fetchJson'>;
}

function document<T>(kind: 'access' | 'resource', text: string, more: MoreClients): T {
  const inline = (key: PrivateJwk) => JSON.stringify(toPublicJwk(key));
  const values: Record<string, string> = {
    '  # more': more[kind] ?? '',
    ', MORE': (more.trusted ?? []).map((id) => `, ${id}`).join(''),
    IDPKEY: inline(keys.idJag),
    PARTNERKEY: inline(keys.partner),
    KEY: inline(keys.client),
  };
  // In one pass: what is filled in is random, and may look like a name itself.
  const filled = text.replaceAll(/ {2}# more|, MORE|(?:IDP|PARTNER)?KEY/g, (name) => values[name] ?? name);
  const known = parsedDocuments.get(filled);
  if (known) return known as T;
  const parsed = parsePolicy(filled, kind);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  parsedDocuments.set(filled, parsed.document);
  return parsed.document as T;
}

/** Every test opens a world, most of them the same one: what it says is read once. */
const parsedDocuments = new Map<string, unknown>();

/** A fresh pair of domains at a fixed time; `store` may be shared to play a second node. */
export async function openWorld(
  shared?: Store,
  options: {
    demandNonce?: boolean;
    linesPerSecond?: number;
    /** What one client, and one network without credentials, may ask for. */
    perSecond?: number;
    provenLines?: { readonly burst: number; readonly perSecond: number };
    /** What the access document says instead. */
    access?: (text: string) => string;
    /** What the resource document says instead. */
    resource?: (text: string) => string;
    /** Keys that a RAS publishes; `undefined` = it cannot be reached. */
    rasKeys?: () => readonly Jwk[] | undefined;
    more?: MoreClients;
    badSubjectToken?: Idp['badSubjectToken'];
    decisionPoint?: Idp['decisionPoint'];
  } = {},
) {
  const { more = {} } = options;
  const nonces = options.demandNonce ? createDpopNonces('a secret of both nodes') : undefined;
  const clock = { ms: 1_800_000_000_000 };
  const now = () => Math.floor(clock.ms / 1000);
  const store = shared ?? (await openSqliteStore(':memory:', { node: 'spec' }));
  const accessText = options.access?.(access) ?? access;
  let accessIndex = compileAccess(document('access', accessText, more), { version: 1, localRas: rasIssuer });
  const resourceText = options.resource?.(resource) ?? resource;
  const resourceIndex = compileResource(document('resource', resourceText, more), {
    version: 1,
    issuer: rasIssuer,
    localIdp: idpIssuer,
  });
  if (!shared) {
    await store.people.save(alice);
    await openSession(store, 'sid-1', 'claude-code', alice.id, now());
  }
  /** Where requests come from. */
  const caller = { address: '192.0.2.1' };
  const faults: unknown[] = [];
  const connection: { certificate: ClientCertificate | undefined } = { certificate: undefined };
  const append = async (record: AuditRecord) => {
    await store.commit({
      marks: [],
      records: [{ id: record.id, kind: record.kind, timeMs: record.timeMs, body: JSON.stringify(record) }],
    });
  };
  const stops = await openStops(store, now);
  const edge: Edge = {
    store,
    inForce: { upTo: () => undefined },
    stops,
    nowMs: () => clock.ms,
    ledger: createRefusalLedger({
      linesPerSecond: options.linesPerSecond ?? 1000,
      provenLines: options.provenLines ?? { burst: 1000, perSecond: 1000 },
      append,
      nowMs: () => clock.ms,
      newId: () => eventId('d_'),
    }),
    failures: createFailureLimit({ max: 10, windowSeconds: 60, now }),
    strangers: createSteadyPace(options.perSecond ?? 500, () => clock.ms),
    addressOf: () => caller.address,
    certificateOf: () => connection.certificate,
    onFault: (fault) => faults.push(fault),
  };
  const nowhere = () => Promise.reject(new Error('nothing is fetched here'));
  const fetchFaults: string[] = [];
  const remoteOf = (domain: 'idp' | 'ras', clients: () => Iterable<ClientProof & { readonly id: string }>) =>
    createRemoteClients({
      egress: more.egress ?? { getJson: nowhere, fetchJson: nowhere },
      now,
      onFault: (url, fault) => fetchFaults.push(`${url}: ${(fault as Error).message}`),
      onFetched: createClientWatch({
        store,
        domain,
        clients,
        nowMs: () => clock.ms,
        append: async (records) => {
          for (const record of records) await append(record);
        },
      }),
    });
  let epoch: Epoch = { id: '', since: 0 };
  let idTokenKeys: readonly Jwk[] = [toPublicJwk(keys.idToken)];
  const takenSecrets = new Set<string>();
  const secrets = (clientId: string) => (takenSecrets.has(clientId) ? [] : [hashSecret(`${clientId}-secret`)]);
  const signatures = new Map<string, number>();
  const counting = (signer: ReturnType<typeof toSigner>) => ({
    ...signer,
    sign: (input: string) => {
      signatures.set(signer.kid, (signatures.get(signer.kid) ?? 0) + 1);
      return signer.sign(input);
    },
  });
  const idp: Idp = {
    issuer: idpIssuer,
    registry: {
      issuer: idpIssuer,
      find: (id) => accessIndex.clientsByClientId.get(id),
      complete: remoteOf('idp', () => accessIndex.clients.values()).complete,
      secretHashes: (id) => (['inspector', 'keyed', 'kiosk'].includes(id) ? [] : secrets(id)),
      since: () => epoch.since,
      skewSeconds: 30,
      assertionMark: clientAssertionMark,
    },
    policy: () => accessIndex,
    stops: stops.current,
    store,
    epoch: () => epoch,
    idTokens: createIdTokenVerifier(() => idTokenKeys),
    signer: () => counting(toSigner(keys.idJag)),
    encrypt: createIdJagEncryption(
      async (source) => (source.keys === 'discovery' ? options.rasKeys?.() : source.keys),
      (fault) => faults.push(fault),
    ),
    idJagLifetimeSeconds: 300,
    networks: createNetworkWatch(),
    alert: (facts, address) =>
      append({
        v: 2,
        id: randomId('a_'),
        kind: 'alert',
        domain: 'idp',
        timeMs: clock.ms,
        outcome: 'allowed',
        address,
        ...facts,
      }),
    decisionPoint: options.decisionPoint,
    pace: createPace({ burst: 60, perSecond: 2, nowMs: () => clock.ms }),
    clientPace: createSteadyPace(options.perSecond ?? 2000, () => clock.ms),
    subjectSecret: 'a secret of this organisation',
    ...(options.badSubjectToken && { badSubjectToken: options.badSubjectToken }),
    dpop: { url: `${idpIssuer}/token`, nonces, since: () => epoch.since },
    skewSeconds: 30,
  };
  const ras: Ras = {
    issuer: rasIssuer,
    registry: {
      issuer: rasIssuer,
      find: (id) => resourceIndex.clientsByClientId.get(id),
      complete: remoteOf('ras', () => resourceIndex.clients.values()).complete,
      secretHashes: secrets,
      since: () => epoch.since,
      skewSeconds: 30,
      assertionMark: (clientId, jti, until) => ({
        kind: 'client_assertion',
        id: JSON.stringify(['ras', clientId, jti]),
        until,
      }),
    },
    policy: () => resourceIndex,
    stops: stops.current,
    store,
    epoch: () => epoch,
    ownIdp: idpIssuer,
    signer: () => counting(toSigner(keys.accessToken)),
    decryption: toDecryption({
      current: () => toPublicJwk(keys.encryption),
      privateJwks: () => [keys.encryption],
    }),
    ownTokens: {
      issuer: rasIssuer,
      publishedKeys: () => [toPublicJwk(keys.accessToken)],
      skewSeconds: 30,
      epoch: () => epoch.id,
    },
    keysOf: createIssuerKeys({
      getJson: () => Promise.reject(new Error('nothing is fetched here')),
      now,
      onFault: () => undefined,
    }).keysOf,
    accessTokenLifetimeSeconds: 600,
    clientPace: createSteadyPace(options.perSecond ?? 2000, () => clock.ms),
    dpop: { url: `${rasIssuer}/token`, nonces, since: () => epoch.since },
    maxIdJagLifetimeSeconds: 600,
    skewSeconds: 30,
  };
  const idpApp = createIdpApp(idp, edge, () => undefined);
  const streams = createRevocationStreams({
    store,
    isStopped: (resource) => isResourceStopped(stops.current(), resource),
    issuer: rasIssuer,
    signer: () => toSigner(keys.revocation),
    nowMs: () => clock.ms,
    epoch: () => epoch.id,
    newId: () => eventId(),
    onFault: (fault) => faults.push(fault),
    maxPerServer: 2,
  });
  const rasKeys = () => [keys.accessToken, keys.revocation, keys.encryption].map(toPublicJwk);
  const rasApp = createRasApp(ras, edge, rasKeys, streams);
  const fetchFrom = {
    idp: (request: Request) => idpApp.fetch(request),
    ras: (request: Request) => rasApp.fetch(request),
  };

  const send = async (side: 'idp' | 'ras', request: Request): Promise<Answer> => {
    const response = await fetchFrom[side](request);
    const text = await response.text();
    const [row] = await store.audit.last(1);
    const record = readRecord(row ?? { body: '{}' });
    // Whatever a request leaves behind has the form that is documented of its kind.
    if (row) assert.equal(checkRecord(record), undefined, row.body);
    return {
      status: response.status,
      body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
      headers: response.headers,
      record,
    };
  };
  const toRequest = (side: 'idp' | 'ras', fields: Fields, headers: Record<string, string> = {}) =>
    new Request(`${side === 'idp' ? idpIssuer : rasIssuer}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: toBody(fields),
    });
  const exchangeFields = async (change: Fields): Promise<Fields> => ({
    grant_type: grantType.tokenExchange,
    requested_token_type: tokenType.idJag,
    subject_token_type: tokenType.idToken,
    subject_token: 'subject_token' in change ? undefined : await idToken(),
    audience: rasIssuer,
    resource: tracker,
    client_id: 'claude-code',
    client_secret: 'claude-code-secret',
    ...change,
  });
  const redeemFields = async (change: Fields): Promise<Fields> => ({
    grant_type: grantType.jwtBearer,
    assertion: 'assertion' in change ? undefined : await idJag(),
    client_id: 'cc-at-ras',
    client_secret: 'cc-at-ras-secret',
    ...change,
  });

  /** An ID Token as the sign-in would issue it, with changes. */
  const idToken = (change: object = {}, header: object = {}, key = keys.idToken) =>
    mintJws(
      { alg: key.alg, kid: key.kid, typ: 'JWT', ...header },
      {
        iss: idpIssuer,
        sub: alice.id,
        aud: 'claude-code',
        iat: now(),
        exp: now() + 3600,
        sid: 'sid-1',
        auth_time: now(),
        amr: ['pwd'],
        ...change,
      },
      toSigner(key).sign,
    );
  /** An ID-JAG as the IdP would issue it, with changes. */
  const idJag = (change: object = {}, header: object = {}, key = keys.idJag) =>
    mintJws(
      { alg: key.alg, kid: key.kid, typ: joseType.idJag, ...header },
      {
        iss: idpIssuer,
        sub: alice.id,
        aud: rasIssuer,
        client_id: 'cc-at-ras',
        jti: randomId(),
        iat: now(),
        exp: now() + 300,
        resource: tracker,
        scope: 'issues:read issues:write',
        ...change,
      },
      toSigner(key).sign,
    );

  return {
    clock,
    now,
    store,
    keys,
    /** How often each key has signed. */
    signatures,
    caller,
    faults,
    /** What the operator was told of fetches that failed. */
    fetchFaults,
    /** The client certificate of every request from here on. */
    connection,
    edge,
    stops,
    resourcePolicy: ras.policy,
    decryption: ras.decryption,
    /** Streams of who is cut off; whoever opens one closes them. */
    streams,
    policy: idp.policy,
    resource: ras.policy,
    epoch: () => epoch,
    /** The one secret of a client counts no more, as after `credence client secret remove`. */
    takeSecret: (clientId: string) => void takenSecrets.add(clientId),
    /** As after a restore: nothing of before is known, and it ends now. */
    beginEpoch: (id: string) => {
      epoch = { id, since: now() };
    },
    /** Publishes the access document with another rule at its end. */
    addRule: (rule: string) => {
      const next = { version: accessIndex.version + 1, localRas: rasIssuer };
      accessIndex = compileAccess(document('access', `${accessText}  - ${rule}\n`, more), next);
    },
    idToken,
    idJag,
    send,
    raw: (side: 'idp' | 'ras', request: Request) => fetchFrom[side](request),
    retireIdTokenKey: () => {
      idTokenKeys = [];
    },
    /** Leg 1 with everything right, unless changed; `undefined` leaves a field out. */
    exchange: async (change: Fields = {}, headers: Record<string, string> = {}) =>
      send('idp', toRequest('idp', await exchangeFields(change), headers)),
    exchangeRequest: async () => toRequest('idp', await exchangeFields({})),
    /** Leg 2 with everything right, unless changed. */
    redeem: async (change: Fields = {}, headers: Record<string, string> = {}) =>
      send('ras', toRequest('ras', await redeemFields(change), headers)),
    /** Asks the RAS about a token, or to revoke it. */
    ask: (path: 'introspect' | 'revoke', fields: Fields) => {
      const { url, ...rest } = {
        url: `${rasIssuer}/${path}`,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      };
      return send('ras', new Request(url, { ...rest, body: toBody(fields) }));
    },
    /** A SET as the IdP would send it, about Alice, with changes. */
    event: (name: SecurityEventName, { payload = {}, claims = {}, header = {}, key = keys.idJag }: EventChange = {}) =>
      mintJws(
        { alg: key.alg, kid: key.kid, typ: joseType.securityEvent, ...header },
        {
          iss: idpIssuer,
          aud: rasIssuer,
          iat: now(),
          jti: randomId(),
          sub_id: { format: 'iss_sub', iss: idpIssuer, sub: alice.id },
          events: { [securityEvents[name]]: payload },
          ...claims,
        },
        toSigner(key).sign,
      ),
    /** Pushes a SET to the RAS. */
    push: (set: string, headers: Record<string, string> = { 'content-type': securityEventType }) =>
      send('ras', new Request(`${rasIssuer}/events`, { method: 'POST', headers, body: set })),
    redeemRequest: async () => toRequest('ras', await redeemFields({})),
    /** A DPoP proof for the token endpoint of one side, with changes. */
    proof: (side: 'idp' | 'ras', change: object = {}, header: object = {}, key = keys.proof) => {
      const { kid: _, ...jwk } = toPublicJwk(key);
      return mintJws(
        { typ: 'dpop+jwt', alg: key.alg, jwk, ...header },
        { htm: 'POST', htu: `${side === 'idp' ? idpIssuer : rasIssuer}/token`, jti: randomId(), iat: now(), ...change },
        toSigner(key).sign,
      );
    },
    /** Body fields of a private_key_jwt authentication of the client `keyed`. */
    clientAssertion: async (aud: string, change: object = {}, header: object = {}): Promise<Fields> => ({
      client_id: 'keyed',
      client_secret: undefined,
      client_assertion_type: clientAssertionType,
      client_assertion: await mintJws(
        { alg: 'ES256', kid: keys.client.kid, ...header },
        { iss: 'keyed', sub: 'keyed', aud, exp: now() + 60, jti: randomId(), ...change },
        toSigner(keys.client).sign,
      ),
    }),
  };
}

function toBody(fields: Fields): string {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const item of [value].flat()) if (item !== undefined) body.append(name, item);
  }
  return body.toString();
}

/** A sign-in session as oidc-provider would keep it. */
export async function openSession(
  store: Store,
  sid: string,
  clientId: string,
  personId: string,
  now: number,
): Promise<void> {
  const id = createHash('sha256').update(sid).digest('base64url');
  const payload = {
    uid: `uid-${sid}`,
    accountId: personId,
    authorizations: { [clientId]: { sid, grantId: `grant-${sid}` } },
  };
  await store.artifacts.upsert('Session', id, payload, Math.max(now, Math.floor(Date.now() / 1000)) + 86_400);
}

/** Decodes a token without verifying it: what would a reader see? */
export function claimsOf(token: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

/** Expects a refusal: the OAuth code on the wire, the exact reason on the record, and nothing of the reason in the answer. */
export async function refused(world: World, answer: Answer, reason: Refusal): Promise<void> {
  const row = refusalRow(reason);
  assert.equal(answer.record.reason, reason);
  assert.equal(answer.body.error, row.wire);
  assert.equal(answer.status, row.status);
  assert.equal(answer.record.outcome, 'refused');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const description = String(answer.body.error_description);
  assert.match(description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/); // RFC 6749 §5.2
  assert.ok(description.includes(answer.record.id), 'the answer names the record');
  assert.ok(!description.includes(reason), 'the answer does not tell the reason');
  assert.equal(answer.body.access_token, undefined);
  assert.deepEqual(world.faults, []);
}
