import { no, ok, type Refusal, type Result, refusalRow } from '@credence/mcp/protocol';
import { type AuditRecord, type Facts, type RecordKind, toRow } from '../../audit/record.ts';
import { eventId, traceIdOf } from '../../call.ts';
import { CallerGone } from '../../door.ts';
import { createPace } from '../../limits.ts';
import { StoreUnavailable } from '../../store/store.ts';
import { type Administrator, findBySession, findByToken } from './administrator.ts';
import { createMatcher } from './match.ts';
import { apiHeaders, toFaultProblem, toProblem } from './problem.ts';
import { type ApiCall, type Outcome, type Refused, type Route, refuse } from './route.ts';
import type { AdminServices } from './services.ts';
import { readValues } from './values.ts';
import { toBody } from './zip.ts';

export const apiPath = '/api/v1';

/** A sign-in older than this does not widen, stop or cut off anything (T28). */
export const freshSeconds = 900;

/** Requests of one token or person that are worked on at once: each that takes long has its turn before anybody else does (T27). */
export const mostAtOnce = 40;

/** Answers a request behind `/api/v1`; `address` is the caller's. */
export type AdminApi = (request: Request, address: string) => Promise<Response>;

/** What of a request its record and its answer need, known or not. */
interface Asked {
  readonly request: Request;
  readonly address: string;
  readonly nowMs: number;
  readonly correlation: string | undefined;
  administrator?: Administrator;
  route?: Route;
}

/**
 * The one door of the admin API: who it is, whether they may, whether what they say makes sense, and only then the handler.
 * Whoever cannot be told apart from a stranger learns nothing of what is behind it, not even which addresses there are.
 */
export function createAdminApi(routes: readonly Route[], services: AdminServices): AdminApi {
  const match = createMatcher(routes);
  const pace = createPace({ burst: 200, perSecond: 20, nowMs: services.nowMs });
  const underWay = new Map<string, number>();

  return async (request, address) => {
    const correlation = traceIdOf(request.headers.get('traceparent') ?? undefined);
    const asked: Asked = { request, address, nowMs: services.nowMs(), correlation };
    try {
      const outcome = await judge(asked);
      if (!outcome.ok) return await turnAway(asked, outcome);
      return await toResponse(asked, outcome.value, outcome.etag);
    } catch (fault) {
      if (!(fault instanceof CallerGone)) services.onFault(fault);
      return toFaultProblem(fault instanceof StoreUnavailable ? 503 : 500);
    }
  };

  async function judge(asked: Asked): Promise<Outcome<unknown>> {
    const found = await identify(asked);
    if (!found.ok) return refuse(found.refusal);
    const administrator = found.value;
    asked.administrator = administrator;
    const key = keyOf(administrator);
    const others = underWay.get(key) ?? 0;
    if (others >= mostAtOnce || !pace.take(key)) return refuse('admin_too_fast');
    underWay.set(key, others + 1);
    try {
      return await judgeKnown(asked, administrator);
    } finally {
      const left = (underWay.get(key) ?? 1) - 1;
      if (left > 0) underWay.set(key, left);
      else underWay.delete(key);
    }
  }

  async function judgeKnown(asked: Asked, administrator: Administrator): Promise<Outcome<unknown>> {
    const { request } = asked;
    const matched = match(new URL(request.url).pathname.slice(apiPath.length));
    if (!matched) return refuse('api_not_found');
    const route = matched.routes.get(request.method);
    if (!route) return refuse('api_wrong_method', `Here there is ${[...matched.routes.keys()].join(', ')}.`);
    asked.route = route;

    const may = checkMay(administrator, route, Math.floor(asked.nowMs / 1000));
    if (!may.ok) return refuse(may.refusal);
    const values = await readValues(request, route, matched.values);
    if (!values.ok) return values;
    // Bodies take their time: whoever may not any more when theirs is there has it done no more.
    const still = request.body ? await lookAgain(asked, route) : ok(undefined);
    if (!still.ok) return refuse(still.refusal);
    const ifMatch = request.headers.get('if-match');
    if (route.versioned && ifMatch === null) return refuse('api_version_needed');
    const lastEventId = request.headers.get('last-event-id') ?? undefined;
    const more = { ifMatch: ifMatch ?? '', lastEventId, mayStill: async () => (await lookAgain(asked, route)).ok };
    const call = { ...values.value, ...toCall(asked, administrator), ...more };
    return route.handle(call as ApiCall<never, never, never>, services);
  }

  async function identify({ request, address }: Asked): Promise<Result<Administrator>> {
    const authorization = request.headers.get('authorization');
    // A stream comes again by itself, with nobody there: that is no use of the session.
    const isUse = !(request.headers.get('accept') ?? '').includes('text/event-stream');
    if (authorization === null) return findBySession(request, address, services, isUse);
    const found = await findByToken(authorization, services);
    if (found.ok) return found;
    // Whoever has a good token is never held up by others who guess from the same address.
    if (services.failures.waitSeconds('api', address) > 0) return no('admin_too_fast');
    services.failures.add('api', address);
    return found;
  }

  /** By the same credential, which is one person's; a sign-in that grows old while something goes on is none too old for it. */
  async function lookAgain({ request, address, nowMs }: Asked, route: Route): Promise<Result<void>> {
    const authorization = request.headers.get('authorization');
    const found = await (authorization === null
      ? findBySession(request, address, services, false)
      : findByToken(authorization, services, false));
    return found.ok ? checkMay(found.value, route, Math.floor(nowMs / 1000)) : found;
  }

  /** Refusals at the door and of changes are on the record; that somebody known read what is not there is not. */
  async function turnAway(asked: Asked, refused: Refused): Promise<Response> {
    const { administrator } = asked;
    const isChange = asked.request.method !== 'GET';
    const isSecurity = !refused.refusal.startsWith('api_');
    const reference = isChange || isSecurity || !administrator ? await record(asked, refused.refusal) : undefined;
    const { status } = refusalRow(refused.refusal);
    const headers = {
      ...(status === 401 && { 'www-authenticate': 'Bearer realm="admin API"' }),
      ...(status === 429 && { 'retry-after': '10' }),
      ...(status === 405 && { allow: methodsAt(asked) }),
    };
    const known = administrator !== undefined;
    return toProblem(refused, { reference, known, headers });
  }

  function methodsAt({ request }: Asked): string {
    return [...(match(new URL(request.url).pathname.slice(apiPath.length))?.routes.keys() ?? [])].join(', ');
  }

  /**
   * Resolves to the id of the record. Of strangers many are counted in bulk (T27); what somebody who administers was refused has a
   * line with their name each time, and their own pace bounds how many.
   */
  async function record(asked: Asked, reason: Refusal): Promise<string> {
    const isKnown = asked.administrator !== undefined && reason !== 'admin_too_fast';
    const bulkId = isKnown ? undefined : services.ledger.count('admin', reason);
    if (bulkId) return bulkId;
    const line = toRecord(asked, 'admin', {
      ...(asked.route && { detail: asked.route.id }),
    });
    await services.store.commit({ marks: [], records: [toRow({ ...line, outcome: 'refused', reason })] });
    return line.id;
  }
}

/** The rights of the caller against what the operation takes: permission, and a sign-in that is fresh where that is asked for. */
export function checkMay(
  { by, permissions }: Pick<Administrator, 'by' | 'permissions'>,
  route: Pick<Route, 'permission' | 'fresh'>,
  now: number,
): Result<void> {
  if (route.permission !== undefined && !permissions.has(route.permission)) {
    return no(by.kind === 'token' ? 'admin_scope_lacks' : 'admin_role_lacks');
  }
  const isOld = by.kind === 'session' && now - by.signedInAt >= freshSeconds;
  return route.fresh && isOld ? no('admin_sign_in_too_old') : ok(undefined);
}

function keyOf({ by, person }: Administrator): string {
  return by.kind === 'token' ? by.id : person.id;
}

function toCall(asked: Asked, by: Administrator): Pick<ApiCall<never, never, never>, 'by' | 'now' | 'nowMs' | 'row'> {
  const { nowMs } = asked;
  const row = (kind: RecordKind, facts: Facts) => toRow(toRecord(asked, kind, facts));
  return { by, nowMs, now: Math.floor(nowMs / 1000), row };
}

function toRecord({ administrator, address, nowMs, correlation }: Asked, kind: RecordKind, facts: Facts): AuditRecord {
  return {
    v: 2,
    id: eventId('d_'),
    kind,
    domain: 'admin',
    timeMs: nowMs,
    outcome: 'allowed',
    address,
    ...(correlation && { correlation }),
    ...(administrator && { by: administrator.person.id }),
    ...(administrator?.by.kind === 'token' && { credential: administrator.by.id }),
    ...facts,
  };
}

async function toResponse(
  { route, request }: Pick<Asked, 'route' | 'request'>,
  value: unknown,
  etag: string | undefined,
): Promise<Response> {
  const headers = { ...apiHeaders, ...(etag !== undefined && { etag }) };
  if (route?.stream) {
    const type = `${route.stream}${route.stream === 'text/csv' ? '; charset=utf-8; header=present' : ''}`;
    return new Response(value as ReadableStream<Uint8Array>, { headers: { ...headers, 'content-type': type } });
  }
  if (!route?.answer) return new Response(null, { status: 204, headers });
  const body = await toBody(JSON.stringify(value), route, request);
  return new Response(body.bytes, {
    status: route.status,
    headers: { ...headers, ...body.headers, 'content-type': 'application/json' },
  });
}
