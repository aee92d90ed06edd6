import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  contentEncryptions,
  type EpochSeconds,
  grantType,
  idJagProfile,
  type Jwk,
  no,
  ok,
  type Refusal,
  type Result,
  refusalRow,
  signatureAlgorithms,
  wireCodes,
} from '@credence/mcp/protocol';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { type AuditRecord, type Facts, type RecordDomain, type RecordKind, toRow } from './audit/record.ts';
import type { RefusalLedger } from './audit/refusal-ledger.ts';
import { type Call, eventId, toGrantName, traceIdOf } from './call.ts';
import { claimedClientId } from './clients/authenticate.ts';
import { certificateMethods } from './clients/check-certificate.ts';
import type { CertificateReader } from './clients/client-certificate.ts';
import { type Answer, type Asked, CallerGone, fromNode, fromRequest, send, toResponse } from './door.ts';
import { type Form, parseForm } from './form.ts';
import { toExchangeCode } from './idp/bad-subject-token.ts';
import { isExplained, refusedUrl } from './idp/refused-link.ts';
import { type Idp, tokenExchange } from './idp/token-exchange.ts';
import type { InForce } from './in-force.ts';
import { createPace, type FailureLimit } from './limits.ts';
import { assetHeaders, assets } from './pages/assets.ts';
import { acrToAskFor } from './policy/sign-in-levels.ts';
import { reachedThroughOrganisationPage } from './ras/authorize-page.ts';
import { openEventStream } from './ras/event-stream.ts';
import { receiveEvent } from './ras/events.ts';
import { introspect } from './ras/introspection.ts';
import { jwtBearer, type Ras } from './ras/jwt-bearer.ts';
import { revoke } from './ras/revocation.ts';
import type { RevocationStreams } from './revocation/streams.ts';
import type { Stops } from './stops/memory.ts';
import type { Holding } from './store/held.ts';
import { type Mark, type Store, StoreUnavailable } from './store/store.ts';
import type { Endpoint as EndpointName, Watch } from './watch.ts';

/** What every token endpoint needs besides its own half. */
export interface Edge {
  readonly store: Store;
  readonly stops: Pick<Stops, 'upTo' | 'current'>;
  readonly inForce: Pick<InForce, 'upTo'>;
  /** The one clock: milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly ledger: RefusalLedger;
  readonly failures: FailureLimit;
  /** Network address of the caller, as far as configured proxies are trusted. */
  readonly addressOf: (incoming: IncomingMessage | undefined) => string;
  /** The certificate a caller showed; absent where none is looked for. */
  readonly certificateOf?: CertificateReader | undefined;
  /** Tells the operator about a fault; never sees a request body. */
  readonly onFault: (fault: unknown) => void;
  /** Counts, measures and traces; absent where nobody wants to know. */
  readonly watch?: Watch | undefined;
}

/** A handler that speaks `node:http`, such as `oidc-provider`'s. A body already read is handed on as `req.body`. */
export type NodeHandler = (incoming: IncomingMessage & { body?: string }, outgoing: ServerResponse) => unknown;

/** One trust domain, by both ways in: `handle` serves, `fetch` is the same for whoever has a web `Request`. */
export interface App {
  fetch(request: Request): Response | Promise<Response>;
  handle(incoming: IncomingMessage, outgoing: ServerResponse): unknown;
}

/** Answers a request, or hands it on, with the body that was read, to the one who answers everything else here. */
type Endpoint = (asked: Asked) => Promise<Answer | { readonly passOn: string }>;

/** By path: what is done there, and what it is called where it is counted. */
type Endpoints = ReadonlyMap<string, { readonly name: EndpointName; readonly answer: Endpoint }>;

/** Domain A, `/token`: the token exchange is ours, every other grant belongs to the sign-in. */
export function createIdpApp(idp: Idp, edge: Edge, signIn: NodeHandler): App {
  const token: Endpoint = async (asked) => {
    const body = await readForm(asked);
    if (!body.ok) return refuse(asked, edge, 'idp', body.refusal);
    const isForeign = body.value.form.ok && body.value.form.value.get('grant_type') !== grantType.tokenExchange;
    if (isForeign && asked.incoming) return { passOn: body.value.text };
    const exchange = (call: Call) => {
      if (call.form.get('grant_type') !== grantType.tokenExchange) return no('unknown_grant_type');
      return tokenExchange(call, idp);
    };
    return answerGrant(asked, edge, 'idp', body.value.form, exchange, idp);
  };
  return createApp(new Map([['/token', { name: 'exchange', answer: token }]]), new Hono(), edge, signIn);
}

/** Domain B: redemption, metadata and keys. */
export function createRasApp(
  ras: Ras,
  edge: Edge,
  publishedKeys: () => readonly Jwk[],
  streams?: RevocationStreams,
): App {
  const endpoint =
    (handler: (call: Call) => Result<object> | Promise<Result<object>>): Endpoint =>
    async (asked) => {
      const body = await readForm(asked);
      if (!body.ok) return refuse(asked, edge, 'ras', body.refusal);
      return answerGrant(asked, edge, 'ras', body.value.form, handler);
    };
  const redeem = (call: Call) => {
    const asked = call.form.get('grant_type');
    if (asked === undefined) return no('missing_parameter');
    if (asked !== grantType.jwtBearer) return no('unknown_grant_type');
    return jwtBearer(call, ras);
  };
  const eventDoor = {
    ...edge,
    address: (asked: Asked) => edge.addressOf(asked.incoming),
    pace: createPace({ burst: 5000, perSecond: 200, nowMs: edge.nowMs }),
  };
  const endpoints: Endpoints = new Map([
    ['/token', { name: 'redeem', answer: endpoint(redeem) }],
    ['/introspect', { name: 'introspect', answer: endpoint((call) => introspect(call, ras)) }],
    ['/revoke', { name: 'revoke', answer: endpoint((call) => revoke(call, ras)) }],
    ['/events', { name: 'events', answer: (asked: Asked) => receiveEvent(asked, ras, eventDoor) }],
  ]);
  const pages = new Hono();
  pages.get('/.well-known/oauth-authorization-server', (context) =>
    context.json(rasMetadata(ras, edge.certificateOf !== undefined)),
  );
  pages.get('/jwks', (context) => context.json({ keys: publishedKeys() }, 200, { 'cache-control': 'max-age=300' }));
  if (streams) {
    const door = { ...edge, streams };
    pages.get('/events/stream', ({ req, env }) =>
      openEventStream(
        req.raw,
        edge.addressOf((env as Partial<HttpBindings> | undefined)?.incoming as IncomingMessage),
        ras,
        door,
      ),
    );
  }
  pages.get('/authorize', () => reachedThroughOrganisationPage(ras.issuer));
  serveAssets(pages);
  return createApp(endpoints, pages, edge);
}

/** Endpoints that programs post forms to, by path, and what people and programs may read. */
function createApp(endpoints: Endpoints, pages: Hono, edge: Edge, passOn: NodeHandler = () => undefined): App {
  pages.onError((fault) => toResponse(answerFault(edge, fault)));
  const servePages = getRequestListener(pages.fetch);
  const { watch } = edge;
  const answerAt = ({ name, answer }: { name: EndpointName; answer: Endpoint }, asked: Asked) => {
    if (!watch) return answer(asked).catch((fault) => answerFault(edge, fault));
    const work = () => answer(asked).catch((fault) => answerFault(edge, fault));
    return watch.answer(name, asked.header('traceparent'), work);
  };
  return {
    async fetch(request) {
      const endpoint = endpoints.get(new URL(request.url).pathname);
      if (!endpoint) return pages.fetch(request);
      const answer = await answerAt(endpoint, fromRequest(request));
      return 'passOn' in answer ? new Response(undefined, { status: 404 }) : toResponse(answer);
    },
    async handle(incoming, outgoing) {
      const endpoint = endpoints.get(incoming.url?.split('?', 1)[0] ?? '');
      if (!endpoint) return servePages(incoming, outgoing);
      const answer = await answerAt(endpoint, fromNode(incoming));
      if ('passOn' in answer) {
        watch?.passedOn(outgoing);
        return passOn(Object.assign(incoming, { body: answer.passOn }), outgoing);
      }
      send(outgoing, answer);
    },
  };
}

/** Style sheet and mark of our pages, under names that change with their content. */
export function serveAssets(app: Hono): void {
  for (const asset of Object.values(assets)) {
    app.get(asset.path, () => new Response(asset.body, { headers: assetHeaders(asset) }));
  }
}

/** RFC 8414 metadata of the RAS (RAS-39, RAS-40, interop.md 10): never a list of trusted issuers. */
function rasMetadata(
  { issuer, policy, decryption }: Pick<Ras, 'issuer' | 'policy' | 'decryption'>,
  takesCertificates: boolean,
) {
  const someAreLetInWithout = [...policy().clients.values()].some((client) => client.public);
  const types = new Set([...policy().servers.values()].flatMap(({ detailTypes }) => [...detailTypes.keys()]));
  const trusted = [...policy().trust.values()].flatMap((tenants) => [...tenants.values()]);
  const isAllEncrypted = trusted.length > 0 && trusted.every(({ requiresEncryption }) => requiresEncryption);
  return {
    issuer,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/authorize`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    response_types_supported: ['code'],
    grant_types_supported: [grantType.jwtBearer],
    authorization_grant_profiles_supported: [idJagProfile],
    token_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      ...(takesCertificates ? certificateMethods : []),
      ...(someAreLetInWithout ? ['none'] : []),
    ],
    client_id_metadata_document_supported: true,
    ...(takesCertificates && { tls_client_certificate_bound_access_tokens: true }), // RFC 8705 §3.3
    token_endpoint_auth_signing_alg_values_supported: signatureAlgorithms,
    dpop_signing_alg_values_supported: signatureAlgorithms,
    code_challenge_methods_supported: ['S256'],
    ...(types.size > 0 && { authorization_details_types_supported: [...types] }), // RFC 9396 §10
    id_jag_encryption_alg_values_supported: [decryption.algorithm()],
    id_jag_encryption_enc_values_supported: contentEncryptions,
    ...(isAllEncrypted && { id_jag_encryption_required: true }), // of whom, is nobody's business
  };
}

async function readForm(asked: Asked): Promise<Result<{ text: string; form: Result<Form> }>> {
  if (asked.method !== 'POST') return no('wrong_method');
  const type = asked.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return no('wrong_content_type');
  const text = await asked.text();
  return text === undefined ? no('body_too_large') : ok({ text, form: parseForm(text) });
}

function refuse(asked: Asked, edge: Edge, domain: RecordDomain, refusal: Refusal): Promise<Answer> {
  return answerGrant(asked, edge, domain, no(refusal), () => no(refusal));
}

/**
 * The one place where a grant's Result becomes a record and then an answer: limits first, then the handler, then marks
 * and record in one durable step, and only then the response (design.md §4.2, §4.5).
 */
async function answerGrant(
  asked: Asked,
  edge: Edge,
  domain: RecordDomain,
  form: Result<Form>,
  handler: (call: Call) => Result<object> | Promise<Result<object>>,
  exchange?: Exchange,
): Promise<Answer> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const asOf = await edge.store.lossSequence();
    const reading = edge.stops.upTo(asOf);
    if (reading) await reading;
    const catchingUp = edge.inForce.upTo(asOf);
    if (catchingUp) await catchingUp;
    const { call, draft } = openCall(asked, edge, form.ok ? form.value : noForm);
    const claimedClient = claimedClientId(call);
    const waitSeconds = edge.failures.waitSeconds(claimedClient, call.address);
    const result = waitSeconds > 0 ? no('too_many_requests') : form.ok ? await handler(call) : form;
    if (!result.ok && refusalRow(result.refusal).wire === 'invalid_client')
      edge.failures.add(claimedClient, call.address);

    const settled = await settle(edge, domain, call, draft, result, asOf);
    if (settled !== 'stale') {
      return toAnswer(settled, draft, call.authorization !== undefined, waitSeconds, exchange);
    }
  }
  throw new StoreUnavailable('People lost access faster than a request could be decided.');
}

/** Something was taken away from somebody while a request was decided: it is decided again, so many times. */
const maxAttempts = 8;

/** What answers of the token exchange take besides. */
type Exchange = Pick<Idp, 'issuer' | 'badSubjectToken'>;

/** What a call has gathered. */
interface Draft {
  id: string;
  kind: RecordKind;
  readonly facts: Facts;
  authenticated: boolean;
  readonly headers: Record<string, string>;
  readonly marks: { mark: Mark; when: 'always' | 'if_granted' }[];
  holding?: Holding;
}

const noForm: Form = { get: () => undefined, resources: [] };

function openCall(asked: Asked, edge: Edge, form: Form): { call: Call; draft: Draft } {
  const correlation = traceIdOf(asked.header('traceparent')) ?? edge.watch?.traceId();
  const grant = form.get('grant_type');
  const facts: Facts = { ...(correlation && { correlation }), ...(grant && { grantType: toGrantName(grant) }) };
  const draft: Draft = { id: eventId('d_'), kind: 'refusal', facts, authenticated: false, headers: {}, marks: [] };
  const call: Call = {
    id: draft.id,
    now: Math.floor(edge.nowMs() / 1000) satisfies EpochSeconds,
    form,
    authorization: asked.header('authorization'),
    dpop: asked.header('dpop'),
    certificate: edge.certificateOf && (() => edge.certificateOf?.(asked.incoming)),
    address: edge.addressOf(asked.incoming),
    answerWith: (header, value) => {
      draft.headers[header] = value;
    },
    authenticated: () => {
      draft.authenticated = true;
    },
    note: (facts) => {
      Object.assign(draft.facts, facts);
    },
    recordAs: (kind) => {
      draft.kind = kind;
    },
    mark: (mark, when) => {
      draft.marks.push({ mark, when });
    },
    hold: (holding) => {
      draft.holding = holding;
    },
  };
  return { call, draft };
}

/**
 * Record durable, marks used up, in one step; a lost race turns the grant into its refusal. What is granted rests on nothing
 * older than `asOf`, or it is to be decided again (T19).
 */
async function settle<T>(
  edge: Edge,
  domain: RecordDomain,
  call: Call,
  draft: Draft,
  result: Result<T>,
  asOf: number,
): Promise<Result<T> | 'stale'> {
  // A decision is about a person, and a mark is to be used up: neither is ever only counted.
  if (!result.ok && !draft.authenticated && draft.kind !== 'decision' && draft.marks.length === 0) {
    const bulkId = edge.ledger.count(domain, result.refusal);
    if (bulkId) {
      draft.id = bulkId;
      return result;
    }
  }
  const toRecord = (outcome: Result<T>): AuditRecord => ({
    v: 2,
    id: draft.id,
    kind: outcome.ok || draft.kind === 'decision' ? draft.kind : 'refusal',
    domain,
    timeMs: edge.nowMs(),
    outcome: outcome.ok ? 'allowed' : 'refused',
    ...(!outcome.ok && { reason: outcome.refusal }),
    address: call.address,
    ...draft.facts,
  });
  const outcome = await edge.store.commit({
    marks: draft.marks.filter(({ when }) => result.ok || when === 'always').map(({ mark }) => mark),
    // What granted and changed nothing, such as an introspection, uses up its marks and leaves no line.
    records: result.ok && draft.kind === 'refusal' ? [] : [toRow(toRecord(result))],
    recordsIfLost: (lost) => (isRepeatable(lost) ? [] : [toRow(toRecord(no(replayOf[lost.kind])))]),
    asOf: result.ok ? asOf : undefined,
    holding: result.ok ? draft.holding : undefined,
  });
  if ('stale' in outcome) return 'stale';
  const settled = outcome.won || isRepeatable(outcome.lost) ? result : no(replayOf[outcome.lost.kind]);
  // What granted and changed nothing is on no record, and is counted by its endpoint.
  if (edge.watch && !(settled.ok && draft.kind === 'refusal')) edge.watch.decided(toRecord(settled));
  return settled;
}

/** Revoking what is revoked changes nothing and is no refusal (RFC 7009 §2.2). */
function isRepeatable({ kind }: Mark): boolean {
  return kind === 'token_revoked';
}

const replayOf = {
  id_jag: 'id_jag_replayed',
  client_assertion: 'client_assertion_replayed',
  dpop_proof: 'dpop_proof_replayed',
  token_revoked: 'token_revoked',
  logout_token: 'logout_token_replayed',
} as const satisfies Record<Mark['kind'], Refusal>;

const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** OAuth code, one generic sentence and the decision id: the exact reason stays on the record. */
function toAnswer(
  result: Result<object>,
  draft: Draft,
  usedHeader: boolean,
  waitSeconds: number,
  exchange: Exchange | undefined,
): Answer {
  const headers: Record<string, string> = { ...noStore, ...draft.headers };
  if (result.ok) return { status: 200, headers, body: JSON.stringify(result.value) };
  const { status } = refusalRow(result.refusal);
  const wire = toExchangeCode(result.refusal, exchange?.badSubjectToken);
  const page = exchange && pageOf(result.refusal, draft, exchange);
  const more = page === undefined ? '' : ` See why, and what to do: ${page}`;
  const body = {
    error: wire,
    error_description: `${wireCodes[wire].sentence}${more} Reference: ${draft.id}`,
    ...(page !== undefined && { error_uri: page }),
    ...(wire === 'insufficient_user_authentication' && toStepUp(draft.facts)),
  };
  if (status === 405) headers.allow = 'POST';
  if (status === 401 && usedHeader) headers['www-authenticate'] = 'Basic realm="token endpoint"';
  if (status === 503) headers['retry-after'] = '1';
  if (status === 429) headers['retry-after'] = String(Math.max(1, waitSeconds));
  return { status, headers, body: JSON.stringify(body) };
}

/** Where the person is told more, once client and person have proven who they are (RFC 6749 §5.2, `error_uri`). */
function pageOf(refusal: Refusal, { id, facts, authenticated, kind }: Draft, { issuer }: Exchange): string | undefined {
  const isOnRecord = authenticated || kind === 'decision';
  return isOnRecord && facts.person !== undefined && isExplained(refusal) ? refusedUrl(issuer, id) : undefined;
}

/** What the next sign-in must be like. @see https://www.rfc-editor.org/rfc/rfc9470#section-3 */
function toStepUp({ decision }: Facts) {
  const needs = decision?.needs ?? {};
  const { max_age } = needs;
  const acr = acrToAskFor(needs);
  return { ...(max_age !== undefined && { max_age }), ...(acr !== undefined && { acr_values: acr }) };
}

/** A broken world is caught once: 503 while the store is away (fail closed), else 500; the caller learns nothing more. */
function answerFault(edge: Edge, fault: unknown): Answer {
  if (!(fault instanceof CallerGone)) edge.onFault(fault);
  const wire = fault instanceof StoreUnavailable ? 'temporarily_unavailable' : 'server_error';
  const { status, sentence } = wireCodes[wire];
  const headers = status === 503 ? { ...noStore, 'retry-after': '1' } : noStore;
  return { status, headers, body: JSON.stringify({ error: wire, error_description: sentence }) };
}
