import {
  type AccessToken,
  type AuthorizationDetail,
  checkIdJag,
  chooseKey,
  type IdJag,
  isBound,
  looksLikeJwe,
  mintAccessToken,
  no,
  ok,
  parseIdJag,
  parseJwe,
  parseScope,
  type Result,
} from '@credence/mcp/protocol';
import type { IssuerKeys } from '@credence/mcp/resource';
import { toDetailFacts } from '../audit/record.ts';
import { type Call, eventId } from '../call.ts';
import { authenticateClient, type ClientRegistry } from '../clients/authenticate.ts';
import { isOfBefore } from '../clients/before-epoch.ts';
import { type DpopEndpoint, verifyDpop } from '../clients/dpop.ts';
import { refusalOfPace } from '../clients/waiting.ts';
import type { Decryption } from '../keys/jwe.ts';
import type { Signer } from '../keys/signer.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import type { Pace } from '../limits.ts';
import type { ResourceIndex } from '../policy/compile.ts';
import { clientIdOf } from '../policy/compile-client.ts';
import { decideResource } from '../policy/decide.ts';
import { checkParameter, narrowDetails, problemOfDetails } from '../policy/details.ts';
import { speaksFor } from '../policy/issuer-servers.ts';
import type { ResourceClient, ResourceServer, TrustedIssuer } from '../policy/model.ts';
import { type Descended, marksOf } from '../stops/descent.ts';
import { checkRedeeming, type StopIndex } from '../stops/judge.ts';
import type { Epoch } from '../store/epoch.ts';
import type { Store } from '../store/store.ts';
import { resolveAccount } from './account.ts';
import type { OwnTokens } from './own-token.ts';

/** What the redeeming side works with. */
export interface Ras {
  readonly issuer: string;
  readonly registry: ClientRegistry<ResourceClient>;
  readonly policy: () => ResourceIndex;
  /** What is stopped, as new as the request. */
  readonly stops: () => StopIndex;
  readonly store: Store;
  readonly epoch: () => Epoch;
  /** The IdP of this very store: what it issues carries the epoch. */
  readonly ownIdp: string | undefined;
  readonly signer: () => Signer;
  /** Opens ID-JAGs that were encrypted to a key of ours. */
  readonly decryption: Decryption;
  readonly keysOf: IssuerKeys['keysOf'];
  readonly ownTokens: OwnTokens;
  readonly accessTokenLifetimeSeconds: number;
  readonly maxIdJagLifetimeSeconds: number;
  readonly skewSeconds: number;
  readonly dpop: DpopEndpoint;
  /** Grants of one client that has proven who it is (IDP-38). */
  readonly clientPace: Pace;
}

/** A token endpoint's answer (RFC 6749 §5.1); never with a refresh token (RAS-32). */
export interface RedemptionResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer' | 'DPoP';
  readonly expires_in: number;
  readonly scope: string;
  readonly resource: string;
  readonly authorization_details?: readonly AuthorizationDetail[];
}

/** POST /token, JWT bearer (leg 2). Draft §4.4: an ID-JAG in, an access token for exactly one MCP server out. */
export async function jwtBearer(call: Call, ras: Ras): Promise<Result<RedemptionResponse>> {
  const authenticated = authenticateClient(call, ras.registry);
  const client = authenticated instanceof Promise ? await authenticated : authenticated;
  if (!client.ok) return client;
  const tooFast = refusalOfPace(call, client.value, ras.clientPace);
  if (tooFast) return no(tooFast);
  if (client.value.document?.mayRedeem === false) return no('client_grant_not_listed');
  const verified = await verifyIdJag(call, client.value, ras);
  if (!verified.ok) return verified;
  const { idJag, issuer, descended } = verified.value;
  const bound = checkBinding(call, idJag, client.value, ras.dpop);
  if (!bound.ok) return bound;
  const server = chooseServer(call, idJag, issuer, ras.policy());
  if (!server.ok) return server;
  if (server.value.requiresBoundTokens && !isBound(bound.value)) return no('resource_needs_binding');
  const loosened = loosenedFor(idJag, issuer, server.value, ras.policy());
  if (loosened.length > 0) call.note({ loosened });
  const granted = chooseScopes(call, idJag, issuer, server.value);
  if (!granted.ok) return granted;
  const details = chooseDetails(call, idJag, server.value, granted.value);
  if (!details.ok) return details;
  const stopped = checkStops(verified.value, client.value, server.value, undefined, ras);
  if (!stopped.ok) return stopped;
  const account = await resolveAccount(call, idJag, issuer, ras.store);
  if (!account.ok) return account;
  const standing = checkStops(verified.value, client.value, server.value, account.value.id, ras);
  if (!standing.ok) return standing;

  // No token outlives the sign-in it rests on, where the issuer says when that ends (RAS-34).
  const expiresAt = Math.min(
    call.now + ras.accessTokenLifetimeSeconds,
    idJag.sessionExpiry ?? Number.POSITIVE_INFINITY,
  );
  const token: AccessToken = {
    issuer: ras.issuer,
    subject: account.value.id,
    clientId: clientIdOf(client.value),
    id: eventId(),
    resource: server.value.resource,
    scopes: granted.value,
    details: details.value,
    issuedAt: call.now,
    expiresAt,
    epoch: ras.epoch().id || undefined,
    lineage: descended.lineage,
    ...bound.value,
  };
  // Used up last, in the same durable step as the record (RAS-12, RAS-13); until then nothing is consumed.
  const until = idJag.expiresAt + ras.skewSeconds;
  const id = JSON.stringify([idJag.issuer, idJag.tenant ?? '', idJag.id]);
  if (!loosened.includes('replay')) call.mark({ kind: 'id_jag', id, until }, 'if_granted');
  call.recordAs('redemption');
  call.note({ person: account.value.id, accessToken: token.id, scopesGranted: granted.value });
  return ok({
    access_token: await mintAccessToken(token, ras.signer()),
    token_type: bound.value.keyThumbprint === undefined ? 'Bearer' : 'DPoP',
    expires_in: expiresAt - call.now,
    scope: granted.value.join(' '),
    resource: server.value.resource,
    ...(details.value && { authorization_details: details.value }),
  });
}

/** Nobody is stopped that this would rest on. Asked before an account is made, and again when it is known. */
function checkStops(
  { idJag, descended }: VerifiedIdJag,
  client: ResourceClient,
  { resource }: ResourceServer,
  account: string | undefined,
  { stops }: Ras,
): Result<undefined> {
  const index = stops();
  if (index.none) return ok(undefined);
  const { id, issuedAt } = idJag;
  const asked = { marks: descended.marks, idJag: id, issuedAt, client: clientIdOf(client), resource, account };
  const refusal = checkRedeeming(index, asked);
  return refusal ? no(refusal) : ok(undefined);
}

/** An ID-JAG that is good, whose it is, and by which key. */
interface VerifiedIdJag {
  readonly idJag: IdJag;
  readonly issuer: TrustedIssuer;
  readonly descended: Descended;
}

/** Draft §4.4.1: kind, issuer, whether it may speak for this client, algorithm, key, signature, claims (RAS-03 to RAS-11). */
async function verifyIdJag(call: Call, client: ResourceClient, ras: Ras): Promise<Result<VerifiedIdJag>> {
  const assertion = call.form.get('assertion');
  if (!assertion) return no('missing_parameter');
  const isEncrypted = looksLikeJwe(assertion);
  const opened = isEncrypted ? await decryptAssertion(call, assertion, ras) : ok(assertion);
  if (!opened.ok) return opened;
  const parsed = parseIdJag(opened.value);
  if (!parsed.ok) return parsed;
  const { jws, claimedIssuer } = parsed.value;
  const tenants = ras.policy().trust.get(claimedIssuer);
  if (!tenants) return no('id_jag_issuer_untrusted');
  call.note({ issuer: claimedIssuer, policy: { kind: 'resource', version: ras.policy().version } });
  // A tenant where there are none is as unknown as one that is not listed, and so is none where there are (RAS-28).
  const issuer = tenants.get(jws.claims.tenant);
  if (!issuer) return no('id_jag_tenant_unexpected');
  if (issuer.tenant !== undefined) call.note({ tenant: issuer.tenant });
  // Before anything differs from an unknown issuer: no client learns whom we trust for others, or has us ask them for keys.
  if (!issuer.clients.includes(client.id)) return no('issuer_client_not_trusted');
  if (issuer.requiresEncryption && !isEncrypted) return no('id_jag_not_encrypted');

  if (!issuer.algorithms.some((algorithm) => algorithm === jws.header.alg)) return no('id_jag_algorithm_refused');
  const keys = await ras.keysOf(issuer, jws.header);
  if (!keys) return no('issuer_keys_unavailable');
  const choice = chooseKey(jws.header, keys, issuer.algorithms);
  if (!choice.ok) return no('id_jag_key_unknown');
  if (!verifySignature(jws, choice.key, choice.algorithm)) return no('id_jag_bad_signature');

  const idJag = checkIdJag(jws, {
    issuer: ras.issuer,
    clientId: clientIdOf(client),
    audTenant: issuer.audTenant,
    acceptsScopeArray: issuer.acceptsScopeArray,
    now: call.now,
    skewSeconds: ras.skewSeconds,
    maxLifetimeSeconds: ras.maxIdJagLifetimeSeconds,
  });
  if (!idJag.ok) return idJag;
  const { subject, id, sessionId } = idJag.value;
  call.note({ subject, idJag: id, ...(sessionId !== undefined && { session: sessionId }) });
  if (isBeforeEpoch(idJag.value, ras)) return no('id_jag_before_epoch');
  return ok({ idJag: idJag.value, issuer, descended: marksOf(issuer, choice.key.kid ?? '') });
}

/**
 * What was issued before an epoch may have been redeemed, and nobody here would know (RAS-12, T21). Our own IdP says in which one
 * it issued; of any other there is its clock, and that may be ahead.
 */
function isBeforeEpoch({ issuer, epoch = '', issuedAt }: IdJag, ras: Ras): boolean {
  const current = ras.epoch();
  const isOwn = issuer === ras.ownIdp;
  if (isOwn && epoch !== current.id) return true;
  return isOfBefore(issuedAt, current.since, isOwn ? 0 : ras.skewSeconds);
}

/** The signed assertion inside an encrypted one; it goes through every check that a plain one does (RAS-45). */
async function decryptAssertion(call: Call, assertion: string, { decryption }: Ras): Promise<Result<string>> {
  const jwe = parseJwe(assertion);
  if (!jwe) return no('id_jag_jwe_refused');
  const inner = await decryption.open(jwe);
  if (inner === undefined) return no('id_jag_not_decrypted');
  call.note({ encrypted: true });
  return ok(inner);
}

/** What an access token is bound to: a key, a certificate, or nothing. */
type Binding = Pick<AccessToken, 'keyThumbprint' | 'certificateThumbprint'>;

/**
 * An ID-JAG bound to a key needs a proof with the same key (RAS-29); a proof without one is checked all the same and binds the
 * access token, so that whoever shows a key gets a token for that key only (RAS-30). Of a client without credentials the key is
 * all there is (RAS-02, A6). One bound to a certificate needs that certificate on this connection, and so do the tokens it
 * gives (RAS-31).
 */
function checkBinding(call: Call, idJag: IdJag, client: ResourceClient, dpop: DpopEndpoint): Result<Binding> {
  const { keyThumbprint, certificateThumbprint } = idJag;
  if (client.public && keyThumbprint === undefined) return no('client_needs_bound_grant');
  if (keyThumbprint !== undefined && call.dpop === undefined) return no('id_jag_proof_missing');
  if (certificateThumbprint !== undefined && call.dpop !== undefined) return no('id_jag_two_bindings');
  const shown = verifyDpop(call, dpop);
  if (!shown.ok) return shown;
  if (keyThumbprint !== undefined && shown.value !== keyThumbprint) return no('id_jag_other_key');
  if (shown.value !== undefined) return ok({ keyThumbprint: shown.value });
  return checkCertificateBinding(call, certificateThumbprint, client);
}

/** @see https://www.rfc-editor.org/rfc/rfc8705#section-3 */
function checkCertificateBinding(call: Call, bound: string | undefined, client: ResourceClient): Result<Binding> {
  if (bound === undefined && !client.tls?.bound) return ok({ keyThumbprint: undefined });
  const certificateThumbprint = call.certificate?.()?.thumbprint;
  if (bound !== undefined && certificateThumbprint !== bound) return no('id_jag_other_certificate');
  if (certificateThumbprint !== undefined) call.note({ certificateThumbprint });
  return ok({ keyThumbprint: undefined, certificateThumbprint });
}

/**
 * The one MCP server the token is for: every claimed resource is ours and one this issuer may speak for, the parameter selects
 * among them (RAS-14 to RAS-17).
 */
function chooseServer(call: Call, idJag: IdJag, issuer: TrustedIssuer, policy: ResourceIndex): Result<ResourceServer> {
  const claimed = idJag.resources?.map((resource) => policy.serversByResource.get(resource));
  if (claimed && !claimed.every((server) => server !== undefined)) return no('id_jag_resource_foreign');
  if (claimed && !claimed.every((server) => speaksFor(issuer, server))) return no('issuer_server_not_trusted');
  const asked = call.form.resources.map((resource) => policy.serversByResource.get(resource));
  if (!asked.every((server) => server !== undefined)) return no('resource_parameter_refused');

  const governed = serversOf(issuer, policy);
  // Without a claim the parameter names the server, or there is only one: never an unrestricted token (RAS-15).
  const candidates = new Set(claimed ?? (asked.length > 0 ? governed : governed.length === 1 ? governed : []));
  if (candidates.size === 0) return no('id_jag_resource_missing');
  const chosen = new Set(asked.length > 0 ? asked : candidates);
  const [server] = chosen;
  if (!server || chosen.size > 1)
    return no(asked.length > 0 ? 'resource_parameter_refused' : 'id_jag_resource_missing');
  if (!candidates.has(server)) return no('resource_parameter_refused');
  call.note({ server: server.id, resource: server.resource });
  return ok(server);
}

/** All that an issuer may speak for. */
function serversOf(issuer: TrustedIssuer, { servers }: ResourceIndex): readonly ResourceServer[] {
  return [...servers.values()].filter((server) => speaksFor(issuer, server));
}

const nothing: readonly string[] = [];

/** The switches of the issuer that make a difference to this redemption, for the record. */
function loosenedFor(
  idJag: IdJag,
  issuer: TrustedIssuer,
  server: ResourceServer,
  policy: ResourceIndex,
): readonly string[] {
  if (!idJag.scopeWasArray && !issuer.dropsUnknownScopes && !issuer.allowsReuse) return nothing;
  return [
    ...(idJag.scopeWasArray ? ['scope_array'] : []),
    ...(dropsScopes(idJag, issuer, server) ? ['unknown_scopes'] : []),
    ...(isReusable(idJag, issuer, policy) ? ['replay'] : []),
  ];
}

function dropsScopes({ scopes }: IdJag, issuer: TrustedIssuer, server: ResourceServer): boolean {
  return issuer.dropsUnknownScopes && scopes?.some((name) => !server.scopes.has(name)) === true;
}

/**
 * Whether an ID-JAG may be redeemed until it expires (RFC 7523 leaves it open; the MCP extension does not). One that is good for
 * an MCP server as well stays good for one token, whatever it is shown for: nobody has to remember what was done with it first.
 */
function isReusable({ resources }: IdJag, issuer: TrustedIssuer, policy: ResourceIndex): boolean {
  if (!issuer.allowsReuse) return false;
  const reachable = resources?.map((resource) => policy.serversByResource.get(resource)) ?? serversOf(issuer, policy);
  return reachable.every((server) => server?.isMcp === false);
}

function chooseScopes(
  call: Call,
  idJag: IdJag,
  issuer: TrustedIssuer,
  server: ResourceServer,
): Result<readonly string[]> {
  const parameter = call.form.get('scope');
  const asked = parameter === undefined ? undefined : parseScope(parameter);
  if (parameter !== undefined && !asked) return no('scope_malformed');
  const known = asked?.filter((name) => server.scopes.has(name));
  const claimed = idJag.scopes?.filter((name) => server.scopes.has(name));
  call.note({ ...(known && { scopesAsked: known }), ...(claimed && { scopesClaimed: claimed }) });
  const drops = dropsScopes(idJag, issuer, server);
  // A claim of which nothing is known is still a claim: it must not turn into the baseline of one without (RAS-21).
  if (drops && claimed?.length === 0) return no('id_jag_scope_unknown');
  if (issuer.strictScopeMatch && asked && claimed?.some((name) => !asked.includes(name))) {
    return no('scope_narrower_refused');
  }
  return decideResource(server, drops ? claimed : idJag.scopes, asked, issuer);
}

/**
 * Details of the ID-JAG that this server knows, as far as the request asks for them and their scope is granted (RAS-22). The
 * ID-JAG is the ceiling here too: without the claim there are none.
 */
function chooseDetails(
  call: Call,
  { details: claimed }: IdJag,
  server: ResourceServer,
  scopes: readonly string[],
): Result<readonly AuthorizationDetail[] | undefined> {
  const parameter = call.form.get('authorization_details');
  if (claimed === undefined && parameter === undefined) return ok(undefined);
  const problem = claimed && problemOfDetails(claimed, server);
  if (problem) return no(problem === 'malformed' ? 'id_jag_details_malformed' : 'id_jag_details_unsupported');
  const asked = parameter === undefined ? ok(claimed ?? []) : checkParameter(parameter, server);
  if (!asked.ok) return asked;
  call.note({ detailsAsked: asked.value.map(({ type }) => type) });

  const granted = narrowDetails(claimed ?? [], asked.value).filter(({ type }) =>
    scopes.includes(server.detailTypes.get(type)?.scope ?? ''),
  );
  if (granted.length === 0) return parameter === undefined ? ok(undefined) : no('authorization_details_not_granted');
  call.note(toDetailFacts(granted));
  return ok(granted);
}
