import type { IncomingMessage } from 'node:http';
import { createIssuerKeys } from '@credence/mcp/resource';
import { getRequestListener } from '@hono/node-server';
import { createIdpApp } from './app.ts';
import { type AuditRecord, type Facts, toRow } from './audit/record.ts';
import { eventId } from './call.ts';
import { createDecisionPoint, type DecisionPoint } from './idp/decision-point.ts';
import { createIdJagEncryption } from './idp/encrypt-id-jag.ts';
import { createNetworkWatch } from './idp/network-watch.ts';
import type { SignInNote } from './idp/sign-in/options.ts';
import { createIdTokenVerifier } from './idp/subject-token.ts';
import { openSecret } from './keys/key-file.ts';
import { refreshAll } from './keys/key-ring.ts';
import { createSeal } from './keys/seal.ts';
import { isSigningJwk } from './keys/signer.ts';
import { createPace, createSteadyPace } from './limits.ts';
import { toFault } from './log.ts';
import type { AccessIndex } from './policy/compile.ts';
import { reachOf } from './policy/reach.ts';
import {
  type Handler,
  lazily,
  openDpop,
  openRemoteClients,
  openRing,
  type Parts,
  toAlert,
  toFetchFault,
} from './roles.ts';
import { readSecretFile } from './secret-file.ts';
import { isStoppedAtSignIn } from './stops/judge.ts';
import { stoppedAtSignIn } from './stops/sign-in.ts';
import type { AuditRow } from './store/store.ts';
import { directoryRows, openUpstreams } from './upstreams.ts';

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
    onFault: (ras, fault) => log.warn({ ras, ...toFetchFault(fault) }, 'encryption key of an authorization server'),
  });
  const { createSignIn } = await import('./idp/sign-in/sign-in.ts');
  const { clientAssertionMark } = await import('./idp/sign-in/assertion-door.ts');
  const secretHashes = (clientId: string) => inForce.secretHashes('idp', clientId);
  const dpop = await openDpop(parts, issuer);
  const subjectSecret = await openSecret(home.keysDir, 'subject');
  const pace = createPace({ burst: config.idp.burst, perSecond: 2, nowMs: edge.nowMs, shared: parts.shared });
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
    upstreams: await openUpstreams(parts),
    fetch: parts.egress.fetch,
    skewSeconds: config.skewSeconds,
    dpopNonces: dpop.nonces,
    since: dpop.since,
    failures: edge.failures,
    strangers: edge.strangers,
    pace,
    shared: parts.shared,
    addressOf: (incoming) => edge.addressOf(incoming),
    certificateOf: edge.certificateOf,
    note: (note) => appendSignInNote(parts, note),
    inOneStep: (note, write) => writeInOneStep(parts, note, write),
    factorSeal: createSeal(Buffer.from(await openSecret(home.keysDir, 'factor'))),
    firstFactor: () => inForce.access().firstFactor,
    subjectSecret,
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
      skewSeconds: config.skewSeconds,
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
    pace,
    clientPace: createSteadyPace(config.limits.clientPerSecond, edge.nowMs),
    badSubjectToken: config.idp.badSubjectToken,
    subjectSecret,
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
      try {
        await refreshAll([idTokenKeys, idJagKeys, eventKeys]);
      } finally {
        if (kidsOf() !== kids) signIn.rebuild();
        kids = kidsOf();
      }
    },
  };
}

function detailTypesOf({ servers }: AccessIndex): readonly string[] {
  return [...new Set([...servers.values()].flatMap(({ detailTypes }) => [...detailTypes.keys()]))];
}

/** What somebody should look at although nothing was refused. */
function appendAlert({ edge, append }: Parts, facts: Facts, address: string): Promise<void> {
  return append([toAlert(edge.nowMs(), 'idp', facts, address)]);
}

/** A sign-in becomes a record; what nobody known has caused, or a program that does not stop, may be counted in bulk. */
export async function appendSignInNote(
  parts: Pick<Parts, 'edge' | 'log' | 'append'>,
  note: SignInNote,
): Promise<string> {
  warnOfBreakGlass(parts, note);
  const { client, person } = note.facts;
  // What a person does at our pages has limits of its own, and a line each time.
  const isCounted = note.reason !== undefined && (!note.known || note.kind === 'refusal');
  const proven = note.known ? (person === undefined ? { client } : { person }) : undefined;
  const bulkId = isCounted ? parts.edge.ledger.count('idp', note.reason, proven) : undefined;
  if (bulkId) return bulkId;
  const record = toSignInRecord(parts, note);
  await parts.append([record]);
  return record.id;
}

/** The line is handed to who changes something; what was not changed is not told of. */
export async function writeInOneStep<T>(
  parts: Pick<Parts, 'edge' | 'log'>,
  note: SignInNote,
  write: (row: AuditRow) => Promise<T>,
): Promise<T> {
  const record = toSignInRecord(parts, note);
  const written = await write(toRow(record));
  if (written === false) return written;
  warnOfBreakGlass(parts, note);
  parts.edge.watch?.decided(record);
  return written;
}

function warnOfBreakGlass({ log }: Pick<Parts, 'log'>, { outcome, reason, address, facts }: SignInNote): void {
  const { person, breakGlass, detail } = facts;
  if (breakGlass) log.warn({ outcome, reason, address, person, detail }, 'the break-glass account');
}

function toSignInRecord(
  { edge }: Pick<Parts, 'edge'>,
  { kind, outcome, reason, address, facts }: SignInNote,
): AuditRecord {
  const record = { v: 2, id: eventId('d_'), kind, domain: 'idp', timeMs: edge.nowMs(), outcome } as const;
  return { ...record, ...(reason && { reason }), address, ...facts };
}
