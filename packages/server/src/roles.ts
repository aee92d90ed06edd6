import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { EpochSeconds, ParsedJwe, Refusal } from '@credence/mcp/protocol';
import { createIssuerKeys } from '@credence/mcp/resource';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import { createIdpApp, createRasApp, type Edge } from './app.ts';
import { type AuditRecord, type Facts, toRow } from './audit/record.ts';
import { isExplainedCall, issuanceBehind } from './audit/refused-call.ts';
import { eventId } from './call.ts';
import { createDpopNonces, type DpopEndpoint, storedProofs } from './clients/dpop.ts';
import { BadClientDocument } from './clients/metadata-document.ts';
import { createRemoteClients, type RemoteClients } from './clients/remote-clients.ts';
import { createClientWatch } from './clients/watch-clients.ts';
import type { Config } from './config.ts';
import { isLoopbackHost } from './config-check.ts';
import type { KeyPurpose } from './config-schema.ts';
import { type Egress, EgressRefused, toBlockList } from './egress.ts';
import { openFollowed } from './follow.ts';
import type { From, Gateway, GatewayOptions } from './gateway/gateway.ts';
import { findServer } from './gateway/incoming.ts';
import { refuseLoopbackHop } from './gateway/loopback-hop.ts';
import { type Home, keyFolderOf } from './home.ts';
import { createDecisionPoint, type DecisionPoint } from './idp/decision-point.ts';
import { createIdJagEncryption } from './idp/encrypt-id-jag.ts';
import { createNetworkWatch } from './idp/network-watch.ts';
import { refusedUrl } from './idp/refused-link.ts';
import type { SignInNote } from './idp/sign-in/options.ts';
import { createIdTokenVerifier } from './idp/subject-token.ts';
import type { InForce } from './in-force.ts';
import { decryptJwe } from './keys/jwe.ts';
import { openSecret } from './keys/key-file.ts';
import { type KeyRing, openKeyRing } from './keys/key-ring.ts';
import { tokenSecondsOf } from './keys/lifecycle.ts';
import { createSeal, type Seal } from './keys/seal.ts';
import { isSigningJwk } from './keys/signer.ts';
import type { KeyVault } from './keys/vault.ts';
import { verifySignature } from './keys/verify-signature.ts';
import { createPace, type SharedCounts } from './limits.ts';
import { toFault } from './log.ts';
import type { Measures } from './measures.ts';
import type { AccessIndex } from './policy/compile.ts';
import type { ClientProof } from './policy/model.ts';
import { reachOf } from './policy/reach.ts';
import type { Readiness } from './readiness.ts';
import { createRevocationStreams } from './revocation/streams.ts';
import { readSecretFile } from './secret-file.ts';
import { isDead } from './stops/dead.ts';
import { isResourceStopped, isStoppedAtSignIn } from './stops/judge.ts';
import { stoppedAtSignIn } from './stops/sign-in.ts';
import { isYoung } from './store/epoch.ts';
import type { Store } from './store/store.ts';
import { directoryRows, openUpstreams } from './upstreams.ts';

/** What the roles of one process share. */
export interface Parts {
  readonly config: Config;
  readonly home: Home;
  /** Private folders of stdio upstreams. */
  readonly dataDir: string;
  readonly store: Store;
  readonly inForce: InForce;
  readonly edge: Edge;
  readonly egress: Egress;
  readonly seal: Seal | undefined;
  readonly vault: KeyVault;
  readonly log: Logger;
  readonly measures: Measures;
  readonly now: () => EpochSeconds;
  /** Counts of the other workers, where there are several. */
  readonly shared: SharedCounts | undefined;
  /** Passes on what is for a gateway in another process. */
  readonly forward?: { handle(incoming: IncomingMessage, outgoing: ServerResponse): void } | undefined;
  readonly readiness: Readiness;
  /** Makes records durable. */
  readonly append: (records: readonly AuditRecord[]) => Promise<void>;
}

/** What a listener calls, what has to be looked after while it runs, and what has to be closed with it. */
export interface Handler {
  readonly handle: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown;
  readonly follow?: () => Promise<void>;
  /** Ends what would keep a stop waiting although nothing is under way. */
  readonly drain?: () => void;
  readonly close?: () => Promise<void>;
}

const day = 86_400;

async function openDecisionPoint({ config, egress, log }: Parts): Promise<DecisionPoint | undefined> {
  if (!config.decisionPoint) return undefined;
  const { url, tokenFile, timeoutMs } = config.decisionPoint;
  return createDecisionPoint({
    url,
    bearer: tokenFile === undefined ? undefined : await readSecretFile(tokenFile, 'decisionPoint.tokenFile'),
    timeoutMs,
    fetch: egress.fetch,
    onFault: (fault) =>
      log.error({ fault: toFault(fault) }, 'the decision point gave no answer; nothing is issued without'),
  });
}

/** Domain A: sign-in by `oidc-provider`, and the token exchange. */
export async function idpListener(parts: Parts): Promise<Handler> {
  const { config, home, store, inForce, edge, egress, log, now } = parts;
  const issuer = config.idp.issuer;
  const idTokenKeys = await openRing(parts, 'id_token');
  const idJagKeys = await openRing(parts, 'id_jag');
  const eventKeys = await openRing(parts, 'security_event');
  const rasKeys = createIssuerKeys({
    getJson: egress.getJson,
    now,
    onFault: (ras, fault) => log.warn({ ras, fault: toFault(fault) }, 'encryption key of an authorization server'),
  });
  const { createSignIn } = await import('./idp/sign-in/sign-in.ts');
  const { clientAssertionMark } = await import('./idp/sign-in/adapter.ts');
  const secretHashes = (clientId: string) => inForce.secretHashes('idp', clientId);
  const dpop = await openDpop(parts, issuer);
  const { complete } = openRemoteClients(parts, 'idp', () => inForce.access().clients.values());
  const signIn = createSignIn({
    issuer,
    organisation: config.organisation,
    store: stoppedAtSignIn(store, edge.stops.current),
    clients: () => ({
      get: (id) => {
        const client = inForce.access().clientsByClientId.get(id);
        return client && isStoppedAtSignIn(edge.stops.current(), 'client', id) ? undefined : client;
      },
    }),
    complete,
    secretHashes,
    idTokenKeys: () => idTokenKeys.privateJwks().filter(isSigningJwk),
    signerOf: parts.vault.signerOf,
    publicKeys: () => [...idTokenKeys.published(), ...idJagKeys.published(), ...eventKeys.published()],
    detailTypes: () => detailTypesOf(inForce.access()),
    cookieKeys: [await openSecret(home.keysDir, 'cookie')],
    consoleReturn: `${config.admin.url}/sign-in/done`,
    idTokenSeconds: config.idp.idTokenSeconds,
    sessionSeconds: config.idp.sessionSeconds,
    sessionIdleSeconds: config.idp.sessionIdleSeconds,
    directoryRows: directoryRows(edge.nowMs),
    upstreams: await openUpstreams(parts, isLoopbackHost(new URL(issuer).hostname)),
    fetch: parts.egress.fetch,
    skewSeconds: config.skewSeconds,
    dpopNonces: dpop.nonces,
    since: dpop.since,
    failures: edge.failures,
    shared: parts.shared,
    addressOf: (incoming) => edge.addressOf(incoming),
    certificateOf: edge.certificateOf,
    note: (note) => appendSignInNote(parts, note),
    rowOf: (note) => {
      const record = toSignInRecord(parts, note);
      edge.watch?.decided(record);
      return toRow(record);
    },
    factorSeal: createSeal(Buffer.from(await openSecret(home.keysDir, 'factor'))),
    firstFactor: () => inForce.access().firstFactor,
    reachOf: (person) => reachOf(inForce.access(), person, now()),
    access: () => inForce.access(),
    origins: { idp: issuer, ras: config.ras.issuer },
    now,
    onFault: edge.onFault,
  });
  const idp = {
    issuer,
    registry: {
      issuer,
      find: (id: string) => inForce.access().clientsByClientId.get(id),
      complete,
      secretHashes,
      since: dpop.since,
      assertionMark: clientAssertionMark,
    },
    policy: () => inForce.access(),
    stops: edge.stops.current,
    store,
    epoch: () => inForce.epoch(),
    idTokens: createIdTokenVerifier(() => idTokenKeys.published()),
    signer: () => idJagKeys.signer(),
    encrypt: createIdJagEncryption(rasKeys.keysOf, edge.onFault),
    idJagLifetimeSeconds: config.idp.idJagSeconds,
    networks: createNetworkWatch(),
    alert: (facts: Facts, address: string) => appendAlert(parts, facts, address),
    decisionPoint: await openDecisionPoint(parts),
    pace: createPace({ burst: config.idp.burst, perSecond: 2, nowMs: edge.nowMs, shared: parts.shared }),
    badSubjectToken: config.idp.badSubjectToken,
    subjectSecret: await openSecret(home.keysDir, 'subject'),
    dpop,
    skewSeconds: config.skewSeconds,
  };
  const token = createIdpApp(idp, edge, signIn.callback);
  const scim = lazily(async () => {
    const { createScim } = await import('./idp/scim/endpoint.ts');
    const answer = createScim({ ...edge, issuer, policy: () => inForce.access() });
    return getRequestListener((request, { incoming }) => answer(request, edge.addressOf(incoming as IncomingMessage)));
  });
  const kidsOf = () =>
    idTokenKeys
      .privateJwks()
      .map(({ kid }) => kid)
      .join(' ');
  let kids = kidsOf();
  return {
    // Everything but the token endpoint belongs to the sign-in, pages and metadata alike.
    handle: (incoming, outgoing) => {
      if (incoming.url === '/token' || incoming.url?.startsWith('/token?')) return token.handle(incoming, outgoing);
      if (incoming.url?.startsWith('/scim/v2/')) return scim().then((answer) => answer(incoming, outgoing));
      return signIn.callback(incoming, outgoing);
    },
    async follow() {
      await idTokenKeys.refresh();
      await idJagKeys.refresh();
      await eventKeys.refresh();
      if (kidsOf() === kids) return;
      kids = kidsOf();
      signIn.rebuild();
    },
  };
}

function detailTypesOf({ servers }: AccessIndex): readonly string[] {
  return [...new Set([...servers.values()].flatMap(({ detailTypes }) => [...detailTypes.keys()]))];
}

/** What is loaded when it is first needed, and once. */
export function lazily<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => (opened ??= open());
}

/** Domain B: the RAS and the gateway behind one origin, either of them or both. */
export async function resourceListener(parts: Parts): Promise<Handler> {
  const { roles } = parts.config;
  const ras = roles.has('ras') ? await openRas(parts) : undefined;
  const gateway = roles.has('gateway') && !parts.forward ? await openGateway(parts, ras?.keys) : undefined;
  const { forward, inForce } = parts;
  return {
    handle(incoming, outgoing) {
      if (gateway?.serves(incoming)) return gateway.handle(incoming, outgoing);
      if (forward && findServer(incoming.url ?? '', inForce.resource())) return forward.handle(incoming, outgoing);
      if (ras) return ras.handle(incoming, outgoing);
      outgoing.writeHead(404, { 'content-type': 'text/plain' }).end('Not found.\n');
    },
    follow: async () => ras?.follow(),
    drain() {
      ras?.drain();
      gateway?.drain();
    },
    close: async () => gateway?.close(),
  };
}

/** The authorization server, without a listener of its own. */
export async function openRas(parts: Parts) {
  const { config, store, inForce, edge, egress, log, now } = parts;
  const issuer = config.ras.issuer;
  const keys = await openRing(parts, 'access_token');
  const encryptionKeys = await openRing(parts, 'id_jag_encryption');
  const revocationKeys = await openRing(parts, 'revocation');
  const { keysOf } = createIssuerKeys({
    getJson: egress.getJson,
    now,
    onFault: (trusted, fault) => log.warn({ issuer: trusted, fault: toFault(fault) }, 'keys of a trusted issuer'),
  });
  const ras = {
    issuer,
    registry: {
      issuer,
      find: (id: string) => inForce.resource().clientsByClientId.get(id),
      complete: openRemoteClients(parts, 'ras', () => inForce.resource().clients.values()).complete,
      secretHashes: (clientId: string) => inForce.secretHashes('ras', clientId),
      since: () => inForce.epoch().since,
      assertionMark: (clientId: string, jti: string, until: EpochSeconds) => ({
        kind: 'client_assertion' as const,
        id: JSON.stringify(['ras', clientId, jti]),
        until,
      }),
    },
    policy: () => inForce.resource(),
    stops: edge.stops.current,
    store,
    epoch: () => inForce.epoch(),
    ownIdp: config.roles.has('idp') ? config.idp.issuer : undefined,
    ownTokens: {
      issuer,
      publishedKeys: () => keys.published(),
      skewSeconds: config.skewSeconds,
      epoch: () => inForce.epoch().id,
    },
    signer: () => keys.signer(),
    decryption: {
      algorithm: () => config.keys.algorithms.id_jag_encryption,
      open: (jwe: ParsedJwe) => decryptJwe(jwe, encryptionKeys.privateJwks()),
    },
    keysOf,
    accessTokenLifetimeSeconds: config.ras.accessTokenSeconds,
    dpop: await openDpop(parts, issuer),
    maxIdJagLifetimeSeconds: config.ras.maxIdJagSeconds,
    skewSeconds: config.skewSeconds,
  };
  // Of the keys for encryption one is offered at a time; those before it still open what was encrypted to them.
  const publishedKeys = () => [...keys.published(), ...revocationKeys.published(), encryptionKeys.current()];
  const streams = createRevocationStreams({
    store,
    // An old guard does not know of epochs: as long as anything from before one could live, it is left deaf.
    isStopped: (resource) => isResourceStopped(edge.stops.current(), resource) || isYoung(inForce.epoch(), now()),
    issuer,
    signer: () => revocationKeys.signer(),
    nowMs: edge.nowMs,
    epoch: () => inForce.epoch().id,
    newId: () => eventId(),
    onFault: edge.onFault,
  });
  parts.measures.meter?.read('credence_revocation_streams', () =>
    [...streams.counts()].map(([server, count]) => [[server], count] as const),
  );
  const follow = async () => {
    await keys.refresh();
    await encryptionKeys.refresh();
    await revocationKeys.refresh();
  };
  return { keys, follow, drain: streams.close, ...createRasApp(ras, edge, publishedKeys, streams) };
}

/**
 * The gateway of an installation with several workers, in the process that is none of them.
 * @param caller - who sent a request, as the worker saw it
 */
export async function gatewayHandler(parts: Parts, caller: Required<GatewayCaller>) {
  const keys = parts.config.roles.has('ras') ? await openRing(parts, 'access_token') : undefined;
  const { addressOf } = caller;
  const certificateOf = parts.edge.certificateOf && caller.certificateOf;
  const gateway = await openGateway(parts, keys, { addressOf, certificateOf });
  return { ...gateway, follow: async () => keys?.refresh() };
}

type GatewayCaller = Pick<GatewayOptions, 'addressOf' | 'certificateOf'>;

/** The gateway takes tokens of this RAS only; beside it the keys are at hand, apart from it they are fetched. */
async function openGateway(
  parts: Parts,
  keys: KeyRing | undefined,
  { addressOf, certificateOf }: GatewayCaller = parts.edge,
): Promise<Gateway> {
  const { config, home, dataDir, store, inForce, edge, egress, log, now, append, measures } = parts;
  const issuer = config.ras.issuer;
  const { keysOf } = createIssuerKeys({ getJson: egress.getJson, now, onFault: edge.onFault });
  refuseLoopbackHop(inForce.resource(), config.clientCertificates?.header, toBlockList(config.trustedHops));
  const { createGateway } = await import('./gateway/gateway.ts');
  const followed = keys ? undefined : await openFollowed(parts);
  const gateway = createGateway({
    issuer,
    index: () => inForce.resource(),
    keys: keys ? async () => keys.published() : (header) => keysOf({ issuer, keys: 'discovery' }, header),
    followed,
    verifySignature,
    isRevoked: async (token) =>
      (issuesHere(parts) && (token.epoch ?? '') !== inForce.epoch().id) || isDead(token, edge.stops.current(), store),
    skewSeconds: config.skewSeconds,
    nowMs: edge.nowMs,
    now,
    newId: () => eventId('d_'),
    addressOf,
    certificateOf,
    append,
    onStranger: (refusal, from) => appendStranger(parts, refusal, from),
    pageOf: openPagesOfCalls(parts),
    onFault: edge.onFault,
    watch: edge.watch,
    onCutOff: (server, { subject, id }, what) =>
      log.info({ server, account: subject, token: id }, `a ${what} has ended: its caller is cut off`),
    proofs: config.store && storedProofs(store), // several nodes share it
    sessionSecret: await openSecret(home.keysDir, 'session'),
    path: config.demo ? [...demoPath, ...config.gatewayPath] : config.gatewayPath,
    dataDir,
    demo: config.demo,
    besideKeys: config.roles.has('idp') || config.roles.has('ras'),
    warn: (server, words) => log.warn({ server }, words),
  });
  measures.meter?.read('credence_gateway_streams', () => [[[], gateway.listening()]]);
  await gateway.checkUpstreams();
  await followed?.start();
  return {
    ...gateway,
    async close() {
      followed?.close();
      await gateway.close();
    },
  };
}

/** A probe without a token is how every client begins and leaves no line; any other refusal of a stranger does. */
async function appendStranger({ edge, append }: Parts, reason: Refusal, from?: From): Promise<string | undefined> {
  if (reason === 'token_missing') return undefined;
  const bulkId = edge.ledger.count('gateway', reason);
  if (bulkId) return bulkId;
  const id = eventId('d_');
  const line = { v: 2, id, kind: 'refusal', domain: 'gateway', timeMs: edge.nowMs(), outcome: 'refused' } as const;
  await append([{ ...line, reason, ...(from && factsOf(from)) }]);
  return id;
}

/** Of a token that was good and was taken back: whose it was, and where it was shown. */
function factsOf({ server, caller }: From): Facts {
  const { subject: person, clientId: client, id: accessToken } = caller;
  return { person, client, server: server.id, resource: server.resource, accessToken };
}

/**
 * The page of a refused call, at our own identity provider: where it plays here, or reads this same store, and has issued what the token
 * was given for. Of anybody else's there is none, and none while the lines that say so cannot be read.
 */
function openPagesOfCalls({ config, store }: Parts): GatewayOptions['pageOf'] {
  if (!config.roles.has('idp') && !config.gatewayExplains) return undefined;
  const { issuer } = config.idp;
  return async (refusal, { id }, reference) => {
    if (!isExplainedCall(refusal)) return undefined;
    return (await issuanceBehind(store, id, issuer)) && refusedUrl(issuer, reference);
  };
}

/** Where the npm packages of the demonstration have their commands. */
const demoPath = [fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url))];

/** What is fetched of the clients of one side. */
function openRemoteClients(
  { store, edge, egress, log, now, append }: Parts,
  domain: 'idp' | 'ras',
  clients: () => Iterable<ClientProof & { readonly id: string }>,
): RemoteClients {
  return createRemoteClients({
    egress,
    now,
    onFault: (url, fault) => {
      // Their words are our own, and without them nobody could tell the publisher of a document what is wrong with it.
      const isOurs = fault instanceof EgressRefused || fault instanceof BadClientDocument;
      log.warn({ url, ...(isOurs && { why: fault.message }), fault: toFault(fault) }, 'what is fetched of a client');
    },
    onFetched: createClientWatch({ store, domain, clients, nowMs: edge.nowMs, append }),
  });
}

/** What somebody should look at although nothing was refused. */
function appendAlert({ edge, append }: Parts, facts: Facts, address: string): Promise<void> {
  return append([toAlert(edge.nowMs(), 'idp', facts, address)]);
}

/** The same as a record. */
export function toAlert(timeMs: number, domain: 'idp' | 'admin', facts: Facts, address: string): AuditRecord {
  return { v: 2, id: eventId('a_'), kind: 'alert', domain, timeMs, outcome: 'allowed', address, ...facts };
}

/**
 * Whether the store at hand is that of the RAS whose tokens the gateway takes: its own, or that of all nodes, which has had an
 * epoch. Of any other the store says nothing, and the stream of revocations does.
 */
function issuesHere({ config, inForce }: Parts): boolean {
  if (config.roles.has('ras')) return true;
  return config.store !== undefined && config.gatewayRevocations === undefined && inForce.epoch().id !== '';
}

async function openDpop({ config, home, inForce }: Parts, issuer: string): Promise<DpopEndpoint> {
  const nonces = config.dpop.nonce ? createDpopNonces(await openSecret(home.keysDir, 'dpop')) : undefined;
  return { url: `${issuer}/token`, nonces, since: () => inForce.epoch().since };
}

/** The keys of a purpose; those of one home share them, whichever process looks. */
export async function openRing(
  { config, home, seal, vault, edge, now, append, readiness, measures }: Parts,
  purpose: KeyPurpose,
): Promise<KeyRing> {
  const ring = await openKeyRing({
    keysDir: keyFolderOf(home, purpose),
    purpose,
    algorithm: config.keys.algorithms[purpose],
    seal,
    vault,
    now,
    waitSeconds: config.keys.publishWaitSeconds,
    tokenSeconds: tokenSecondsOf(purpose, config),
    rotateAfterSeconds: config.keys.rotateAfterDays * day,
    onRotated: (_, kid) =>
      append([
        {
          v: 2,
          id: eventId('k_'),
          kind: 'key',
          domain: 'system',
          timeMs: edge.nowMs(),
          outcome: 'allowed',
          detail: `${purpose} key ${kid} published, on schedule`,
        },
      ]),
  });
  readiness.needs(ring);
  measures.meter?.read('credence_key_age_seconds', () => [[[purpose], now() - ring.inUseSince()]]);
  return ring;
}

/** A sign-in becomes a record; what nobody known has caused may be counted in bulk. */
async function appendSignInNote(parts: Parts, note: SignInNote): Promise<string> {
  if (note.facts.breakGlass) {
    const { outcome, reason, address } = note;
    parts.log.warn({ outcome, reason, address, person: note.facts.person }, 'the break-glass account');
  }
  const bulkId = note.reason && !note.known ? parts.edge.ledger.count('idp', note.reason) : undefined;
  if (bulkId) return bulkId;
  const record = toSignInRecord(parts, note);
  await parts.append([record]);
  return record.id;
}

function toSignInRecord({ edge }: Parts, { kind, outcome, reason, address, facts }: SignInNote): AuditRecord {
  const record = { v: 2, id: eventId('d_'), kind, domain: 'idp', timeMs: edge.nowMs(), outcome } as const;
  return { ...record, ...(reason && { reason }), address, ...facts };
}
