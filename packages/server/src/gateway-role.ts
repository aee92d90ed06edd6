import { fileURLToPath } from 'node:url';
import type { AccessToken, Refusal } from '@credence/mcp/protocol';
import { createIssuerKeys, type Told } from '@credence/mcp/resource';
import type { Facts } from './audit/record.ts';
import { isExplainedCall, issuanceBehind } from './audit/refused-call.ts';
import { eventId } from './call.ts';
import { storedProofs } from './clients/dpop.ts';
import type { Edge } from './edge.ts';
import { toBlockList } from './egress.ts';
import { openFollowed } from './follow.ts';
import type { From, Gateway, GatewayOptions } from './gateway/gateway.ts';
import { refuseLoopbackHop } from './gateway/loopback-hop.ts';
import { refusedUrl } from './idp/refused-link.ts';
import { openSecret } from './keys/key-file.ts';
import type { KeyRing } from './keys/key-ring.ts';
import { verifySignature } from './keys/verify-signature.ts';
import { openRing, type Parts } from './roles.ts';
import { isDead } from './stops/dead.ts';
import { isStillGiven } from './stops/still-given.ts';

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
export async function openGateway(
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
  const pageOf = openPagesOfCalls(parts);
  const gateway = createGateway({
    issuer,
    index: () => inForce.resource(),
    keys: keys ? async () => keys.published() : (header) => keysOf({ issuer, keys: 'discovery' }, header),
    followed,
    verifySignature,
    isRevoked: async (token) => (await isOver(token, parts)) || isDead(token, edge.stops.current(), store),
    skewSeconds: config.skewSeconds,
    nowMs: edge.nowMs,
    now,
    newId: () => eventId('d_'),
    addressOf,
    certificateOf,
    append,
    onStranger: (refusal, from) => appendStranger(parts, pageOf, refusal, from),
    pageOf,
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
export async function appendStranger(
  { edge, append }: { readonly edge: Pick<Edge, 'ledger' | 'nowMs'>; readonly append: Parts['append'] },
  pageOf: GatewayOptions['pageOf'],
  reason: Refusal,
  from?: From,
): Promise<Told> {
  if (reason === 'token_missing') return undefined;
  const bulkId = edge.ledger.count('gateway', reason);
  if (bulkId) return bulkId; // Whose it was stands in no line of its own: no page could tell, and nothing is read.
  const id = eventId('d_');
  const line = { v: 2, id, kind: 'refusal', domain: 'gateway', timeMs: edge.nowMs(), outcome: 'refused' } as const;
  await append([{ ...line, reason, ...(from && factsOf(from)) }]);
  return { reference: id, page: from && (await pageOf?.(reason, from.caller, id)) };
}

/** Of a token that was good and was taken back: whose it was, and where it was shown. */
function factsOf({ server, caller }: From): Facts {
  const { subject: person, clientId: client, id: accessToken } = caller;
  return { person, client, server: server.id, resource: server.resource, accessToken };
}

/**
 * The page of a refused call, at our own identity provider: where it plays here, or reads this same store, and has issued what the token
 * was given for. Of anybody else's there is none. While the lines that say so cannot be read, the call is refused as a fault.
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

/**
 * Whether an access token is of another epoch, or rests on what the resource document no longer says. The store that is asked is that
 * of the RAS whose tokens the gateway takes: its own, or of its epoch that of all nodes, where it has had one. Of any other the store
 * says nothing, and the stream of revocations does; the document of a gateway on its own need not say who is trusted. Before it is
 * called over, what is in force is read anew: the token may be of a version that was published a moment ago.
 */
export async function isOver(token: Resting, parts: Pick<Parts, 'config' | 'inForce' | 'store'>): Promise<boolean> {
  if (!seemsOver(token, parts)) return false;
  await parts.inForce.upTo(await parts.store.lossSequence());
  return seemsOver(token, parts);
}

type Resting = Pick<AccessToken, 'resource' | 'clientId' | 'scopes' | 'lineage' | 'epoch'>;

function seemsOver(token: Resting, { config, inForce }: Pick<Parts, 'config' | 'inForce'>): boolean {
  const { id } = inForce.epoch();
  if (config.roles.has('ras')) return (token.epoch ?? '') !== id || !isStillGiven(token, inForce.resource());
  return config.store !== undefined && config.gatewayRevocations === undefined && id !== '' && token.epoch !== id;
}
