import { type EpochSeconds, no, type Refusal, type Result, refusalRow, wireCodes } from '@credence/mcp/protocol';
import { type AuditRecord, type Facts, type RecordKind, toRow } from './audit/record.ts';
import { type Call, eventId, toGrantName, traceIdOf } from './call.ts';
import {
  type ClientRegistry,
  claimedClientId,
  type RegisteredClient,
  readCredentials,
} from './clients/authenticate.ts';
import { waitSeconds } from './clients/waiting.ts';
import { type Answer, type Asked, CallerGone } from './door.ts';
import type { Edge } from './edge.ts';
import type { Form } from './form.ts';
import { toExchangeCode } from './idp/bad-subject-token.ts';
import { isExplained, refusedUrl } from './idp/refused-link.ts';
import type { Idp } from './idp/token-exchange.ts';
import type { Holding } from './store/held.ts';
import { type Domain, type Mark, StoreUnavailable } from './store/store.ts';

/**
 * The one place where a grant's Result becomes a record and then an answer: limits first, then the handler, then marks
 * and record in one durable step, and only then the response (design.md §4.2, §4.5).
 */
export async function answerGrant(
  asked: Asked,
  edge: Edge,
  { domain, registry }: Side,
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
    const claimedClient = claimedClientId(call.credentials);
    const seconds = attempt === 1 ? waitSeconds(call, edge, registry) : 0; // whoever was let in once has been
    const result = seconds > 0 ? no('too_many_requests') : form.ok ? await handler(call) : form;
    const settled = await settle(edge, domain, call, draft, result, asOf);
    if (settled !== 'stale') {
      if (settled.ok) await draft.afterwards?.();
      else if (refusalRow(settled.refusal).wire === 'invalid_client') edge.failures.add(claimedClient, call.address);
      return toAnswer(settled, draft, call.authorization !== undefined, seconds, exchange);
    }
  }
  throw new StoreUnavailable('People lost access faster than a request could be decided.');
}

/** Something was taken away from somebody while a request was decided: it is decided again, so many times. */
const maxAttempts = 8;

/** At whose endpoint it is, and the clients that are known there. */
export interface Side {
  readonly domain: Domain;
  readonly registry: Pick<ClientRegistry<RegisteredClient>, 'find' | 'secretHashes'>;
}

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
  afterwards?: () => Promise<void>;
}

const noForm: Form = { get: () => undefined, resources: [] };

function openCall(asked: Asked, edge: Edge, form: Form): { call: Call; draft: Draft } {
  const correlation = traceIdOf(asked.header('traceparent')) ?? edge.watch?.traceId();
  const grant = form.get('grant_type');
  const facts: Facts = { ...(correlation && { correlation }), ...(grant && { grantType: toGrantName(grant) }) };
  const draft: Draft = { id: eventId('d_'), kind: 'refusal', facts, authenticated: false, headers: {}, marks: [] };
  const authorization = asked.header('authorization');
  const call: Call = {
    id: draft.id,
    now: Math.floor(edge.nowMs() / 1000) satisfies EpochSeconds,
    form,
    authorization,
    credentials: readCredentials({ authorization, form }),
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
    afterwards: (work) => {
      draft.afterwards = work;
    },
  };
  return { call, draft };
}

/**
 * Record durable, marks used up, in one step; a lost race turns the grant into its refusal, which gets a line, or is counted, like
 * any other. What is granted rests on nothing older than `asOf`, or it is to be decided again (T19).
 */
async function settle<T>(
  edge: Edge,
  domain: Domain,
  call: Call,
  draft: Draft,
  result: Result<T>,
  asOf: number,
): Promise<Result<T> | 'stale'> {
  // Of a request that was too fast nothing has been looked at: it may come again as it is.
  const isLookedAt = result.ok || result.refusal !== 'client_too_fast';
  const marks = draft.marks
    .filter(({ when }) => result.ok || (when === 'always' && isLookedAt))
    .map(({ mark }) => mark);
  const record = hasLine(edge, domain, call, draft, result) ? toRecord(edge, domain, call, draft, result) : undefined;
  if (!record && marks.length === 0 && !result.ok) return result;
  const outcome = await edge.store.commit({
    marks,
    records: record ? [toRow(record)] : [],
    asOf: result.ok ? asOf : undefined,
    holding: result.ok ? draft.holding : undefined,
  });
  if ('stale' in outcome) return 'stale';
  if (outcome.won && record) edge.watch?.decided(record);
  if (outcome.won || isRepeatable(outcome.lost)) return result;
  // Whoever shows a proof that was used before has proven nothing.
  if (outcome.lost.kind === 'client_assertion') draft.authenticated = false;
  draft.marks.length = 0;
  return settle(edge, domain, call, draft, no(replayOf[outcome.lost.kind]), asOf);
}

/** Refusals beyond the pace are counted, and the answer then names the record that says how many. */
function hasLine(edge: Edge, domain: Domain, call: Call, draft: Draft, result: Result<unknown>): boolean {
  // What granted and changed nothing, such as an introspection, uses up its marks, and is counted by its endpoint.
  if (result.ok) return draft.kind !== 'refusal';
  // A decision is about a person, whose pace is limited: it is never only counted.
  if (draft.kind === 'decision') return true;
  const proven = draft.authenticated ? { client: draft.facts.client } : undefined;
  const bulkId = edge.ledger.count(domain, result.refusal, proven);
  draft.id = bulkId ?? call.id;
  return bulkId === undefined;
}

function toRecord({ nowMs }: Edge, domain: Domain, call: Call, draft: Draft, outcome: Result<unknown>): AuditRecord {
  return {
    v: 2,
    id: draft.id,
    kind: outcome.ok || draft.kind === 'decision' ? draft.kind : 'refusal',
    domain,
    timeMs: nowMs(),
    outcome: outcome.ok ? 'allowed' : 'refused',
    ...(!outcome.ok && { reason: outcome.refusal }),
    address: call.address,
    ...draft.facts,
  };
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

/** Of every answer: what is in it is for one caller, once (TLS-03). */
const always = { 'cache-control': 'no-store', pragma: 'no-cache', 'referrer-policy': 'no-referrer' };

/** OAuth code, one generic sentence and the decision id: the exact reason stays on the record. */
function toAnswer(
  result: Result<object>,
  draft: Draft,
  usedHeader: boolean,
  seconds: number,
  exchange: Exchange | undefined,
): Answer {
  const headers: Record<string, string> = { ...always, ...draft.headers };
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
  if (status === 429) headers['retry-after'] = String(Math.max(1, seconds));
  return { status, headers, body: JSON.stringify(body) };
}

/** Where the person is told more, once client and person have proven who they are (RFC 6749 §5.2, `error_uri`). */
function pageOf(refusal: Refusal, { id, facts, authenticated, kind }: Draft, { issuer }: Exchange): string | undefined {
  const isOnRecord = authenticated || kind === 'decision';
  return isOnRecord && facts.person !== undefined && isExplained(refusal) ? refusedUrl(issuer, id) : undefined;
}

/** What the next sign-in must be like. @see https://www.rfc-editor.org/rfc/rfc9470#section-3 */
function toStepUp({ decision }: Facts) {
  const { acr, max_age } = decision?.needs ?? {};
  return { ...(max_age !== undefined && { max_age }), ...(acr !== undefined && { acr_values: acr }) };
}

/** A broken world is caught once: 503 while the store is away (fail closed), else 500; the caller learns nothing more. */
export function answerFault(edge: Edge, fault: unknown): Answer {
  if (!(fault instanceof CallerGone)) edge.onFault(fault);
  const wire = fault instanceof StoreUnavailable ? 'temporarily_unavailable' : 'server_error';
  const { status, sentence } = wireCodes[wire];
  const headers = status === 503 ? { ...always, 'retry-after': '1' } : always;
  return { status, headers, body: JSON.stringify({ error: wire, error_description: sentence }) };
}
