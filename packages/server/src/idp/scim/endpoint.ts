import { type JsonObject, parseStrictObject, refusalRow } from '@credence/mcp/protocol';
import { type AuditRecord, toRow } from '../../audit/record.ts';
import type { RefusalLedger } from '../../audit/refusal-ledger.ts';
import { eventId, traceIdOf } from '../../call.ts';
import { hashSecret } from '../../clients/authenticate.ts';
import { limits } from '../../directory/scim/discovery.ts';
import { cannot, done, type Outcome, type ScimProblem } from '../../directory/scim/problem.ts';
import { urn } from '../../directory/scim/schema.ts';
import type { Source } from '../../directory/source.ts';
import { CallerGone, fromRequest } from '../../door.ts';
import { createPace, type FailureLimit } from '../../limits.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import type { ScimToken } from '../../store/directory.ts';
import { type Store, StoreUnavailable } from '../../store/store.ts';
import type { Reply, Scim, ScimCall } from './call.ts';
import { dispatch } from './dispatch.ts';
import { toErrorBody } from './error.ts';

export interface ScimOptions {
  /** Issuer of the IdP; the service is at `/scim/v2` of it. */
  readonly issuer: string;
  readonly store: Store;
  readonly policy: () => AccessIndex;
  readonly ledger: RefusalLedger;
  readonly failures: FailureLimit;
  readonly nowMs: () => number;
  readonly onFault: (fault: unknown) => void;
}

/** Answers a request for `/scim/v2/...`; `address` is the caller's. */
export type ScimEndpoint = (request: Request, address: string) => Promise<Response>;

/** How often the last use of a token is written down. */
const useSeconds = 60;

/** SCIM 2.0 for provisioning clients. Loaded when the first of them comes. @see https://www.rfc-editor.org/rfc/rfc7644 */
export function createScim(options: ScimOptions): ScimEndpoint {
  const { issuer, store, policy, nowMs, onFault } = options;
  const base = `${issuer}/scim/v2`;
  // Entra asks for 25 requests a second to be taken; a first synchronisation comes in bursts. Each worker counts for itself.
  const pace = createPace({ burst: 500, perSecond: 50, nowMs });
  const scans = createPace({ burst: 20, perSecond: 1, nowMs });
  const scim: Scim = {
    base,
    store,
    policy,
    mayScan: (credential) => scans.take(credential),
    recordRefusal: ({ source, credential, address, nowMs }, problem) =>
      recordRefusal(options, { address, nowMs, isWrite: true, token: { source, id: credential } }, problem),
  };

  return async (request, address) => {
    const facts: RefusalFacts = { address, nowMs: nowMs(), isWrite: isWrite(request) };
    const refuseUnknown = async () =>
      toError(unknownToken, await recordRefusal(options, { ...facts, isWrite: true }, unknownToken));
    try {
      const token = await authenticate(request, store);
      if (!token) {
        const waitSeconds = options.failures.waitSeconds('scim', address);
        if (waitSeconds > 0) return toError({ refusal: 'scim_too_fast', detail: 'too many failures' }, undefined);
        options.failures.add('scim', address);
        return await refuseUnknown();
      }
      facts.token = token;
      await noteUse(token, store, nowMs());
      if (!pace.take(token.id)) return toError({ refusal: 'scim_too_fast', detail: 'too many requests' }, undefined);
      const call = await toCall(request, token, address, facts.nowMs);
      // Bodies take their time: a token that was taken back meanwhile changes nothing.
      if (request.body && !(await authenticate(request, store))) return await refuseUnknown();
      const outcome = call.ok ? await dispatch(call.value, scim) : call;
      if (outcome.ok) return toResponse(outcome.value);
      return toError(outcome.problem, await recordRefusal(options, facts, outcome.problem));
    } catch (fault) {
      if (!(fault instanceof CallerGone)) onFault(fault);
      const status = fault instanceof StoreUnavailable ? 503 : 500;
      const body = { schemas: [urn.error], status: String(status), detail: 'The server met an unexpected condition.' };
      return toResponse({ status, body });
    }
  };
}

/** The token is looked up by its hash, so that nothing is compared that could be guessed bit by bit. */
async function authenticate(request: Request, store: Store): Promise<ScimToken | undefined> {
  const value = /^Bearer +([A-Za-z0-9_-]{20,200})$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  return value === undefined ? undefined : store.directory.scimTokens.findByHash(hashSecret(value));
}

async function noteUse({ id, lastUsedAt }: ScimToken, store: Store, nowMs: number): Promise<void> {
  const now = Math.floor(nowMs / 1000);
  if (lastUsedAt === undefined || now - lastUsedAt >= useSeconds) await store.directory.scimTokens.used(id, now);
}

async function toCall(request: Request, token: ScimToken, address: string, nowMs: number): Promise<Outcome<ScimCall>> {
  const { pathname, searchParams } = new URL(request.url);
  const body = await readBody(request);
  if (!body.ok) return body;
  const path = toPath(pathname);
  if (!path) return cannot('scim_not_found', 'there is nothing at this address');
  const headerOf = (name: string) => request.headers.get(name) ?? undefined;
  return done({
    source: token.source as Source,
    credential: token.id,
    address,
    correlation: traceIdOf(headerOf('traceparent')),
    nowMs,
    method: request.method,
    path,
    query: searchParams,
    body: body.value,
    ifMatch: headerOf('if-match'),
    ifNoneMatch: headerOf('if-none-match'),
  });
}

/** What comes behind `/scim/v2/`, in parts. */
function toPath(pathname: string): string[] | undefined {
  try {
    return pathname.slice('/scim/v2/'.length).replace(/\/$/, '').split('/').map(decodeURIComponent);
  } catch {
    return undefined; // a percent sign that escapes nothing
  }
}

const unknownToken = { refusal: 'scim_token_unknown', detail: 'a bearer token of a SCIM source is needed' } as const;

const types = ['application/scim+json', 'application/json'];

/** JSON without duplicate members, of a bounded size; nothing where the method has no body. */
async function readBody(request: Request): Promise<Outcome<JsonObject | undefined>> {
  if (!['POST', 'PUT', 'PATCH'].includes(request.method)) return done(undefined);
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!types.includes(type)) return cannot('scim_wrong_content_type', 'the body must be application/scim+json');
  const text = await readText(request);
  if (text === undefined) return cannot('scim_body_too_large', `the body is larger than ${limits.bodyBytes} bytes`);
  const body = parseStrictObject(text, 32);
  return body ? done(body) : cannot('scim_body_malformed', 'the body is no JSON object, or names a member twice');
}

async function readText(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > limits.bodyBytes) return undefined;
  return fromRequest(request, limits.bodyBytes).text();
}

/** A read that fails changes nothing, and a client that looks somebody up before creating them does it all day. */
function isWrite({ method, url }: Request): boolean {
  return method !== 'GET' && !new URL(url).pathname.endsWith('/.search');
}

interface RefusalFacts {
  readonly address: string;
  readonly nowMs: number;
  readonly isWrite: boolean;
  token?: Pick<ScimToken, 'id' | 'source'>;
}

/** Resolves to the id of the record; a client that repeats its mistake all day is counted in bulk (T27). */
async function recordRefusal(
  { ledger, store }: ScimOptions,
  { address, nowMs, isWrite, token }: RefusalFacts,
  { refusal, person }: ScimProblem,
): Promise<string | undefined> {
  if (!isWrite) return undefined;
  const bulkId = ledger.count('idp', refusal);
  if (bulkId) return bulkId;
  const id = eventId('d_');
  const record: AuditRecord = {
    v: 2,
    id,
    kind: 'refusal',
    domain: 'idp',
    timeMs: nowMs,
    outcome: 'refused',
    reason: refusal,
    address,
    ...(token && { source: token.source, credential: token.id }),
    ...(person !== undefined && { person }),
  };
  await store.commit({ marks: [], records: [toRow(record)] });
  return id;
}

function toError(problem: ScimProblem, reference: string | undefined): Response {
  return toResponse({ status: refusalRow(problem.refusal).status, body: toErrorBody(problem, reference) });
}

function toResponse({ status, body, etag, location }: Reply): Response {
  const headers = new Headers({ 'cache-control': 'no-store' });
  if (body) headers.set('content-type', 'application/scim+json');
  if (etag !== undefined) headers.set('etag', etag);
  if (location !== undefined) headers.set('location', location);
  if (status === 401) headers.set('www-authenticate', 'Bearer realm="SCIM"');
  if (status === 429) headers.set('retry-after', '10');
  if (status === 503) headers.set('retry-after', '1');
  return new Response(body ? JSON.stringify(body) : null, { status, headers });
}
