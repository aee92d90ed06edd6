import assert from 'node:assert/strict';
import { no, ok, type Refusal, type Result, refusalRow } from '@credence/mcp/protocol';
import { createMatcher } from '../packages/server/src/admin/api/match.ts';
import { routes } from '../packages/server/src/admin/api/routes.ts';
import type { AdminServices } from '../packages/server/src/admin/api/services.ts';
import { newApiToken } from '../packages/server/src/admin/api-tokens.ts';
import { createAdminApp } from '../packages/server/src/admin/app.ts';
import { newTicket } from '../packages/server/src/admin/cookies.ts';
import { createLiveStreams } from '../packages/server/src/admin/live.ts';
import type { ConsoleParty } from '../packages/server/src/admin/sign-in.ts';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import { type AuditRecord, toRow } from '../packages/server/src/audit/record.ts';
import { eventId } from '../packages/server/src/call.ts';
import { tokenScopes } from '../packages/server/src/directory/permissions.ts';
import type { UpstreamAnswer } from '../packages/server/src/directory/upstream/relying-party.ts';
import { toAccessIndex } from '../packages/server/src/in-force.ts';
import { toNetwork } from '../packages/server/src/limits.ts';
import type { AccessIndex } from '../packages/server/src/policy/compile.ts';
import type { AdminRole } from '../packages/server/src/store/administrators.ts';
import type { Person } from '../packages/server/src/store/store.ts';
import { alice, idpIssuer, openSession, openWorld, rasIssuer } from './world.ts';

/** The admin listener over the store of a world, entered through `app.fetch(new Request(...))`. */
export const adminUrl = 'https://admin.acme.example';
export const allRoles: readonly AdminRole[] = ['owner', 'policy', 'people', 'auditor', 'help-desk'];

export interface AdminAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever came back, looked at by tests
  readonly body: any;
  readonly headers: Headers;
}

export interface Sending {
  readonly token?: string | undefined;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** Instead of `body`: as it is. */
  readonly text?: string;
}

export interface Browser {
  readonly headers: Record<string, string>;
  readonly idHash: string;
  readonly sid: string;
}

export type AdminWorld = Awaited<ReturnType<typeof openAdminWorld>>;

export async function openAdminWorld(
  options: {
    demo?: boolean;
    linesPerSecond?: number;
    egress?: AdminServices['egress'];
    record?: AdminServices['record'];
    upstreams?: AdminServices['upstreams'];
    /** What the resource document says instead. */
    resource?: (text: string) => string;
  } = {},
) {
  const world = await openWorld(undefined, options);
  const { store, clock, now, edge, caller } = world;
  const people = new Map<AdminRole, Person>();
  for (const role of allRoles) {
    const person = { ...alice, id: `u_${role}`, email: `${role}@acme.example`, name: role, groups: [] };
    await store.people.save(person);
    await store.administrators.grant({ personId: person.id, role, grantedAt: now() }, []);
    people.set(role, person);
  }
  const refreshed = { times: 0 };
  /** Ids of people who are stopped. */
  const stopped = new Set<string>();
  /** What was published here, if anything was. */
  const inForce: { access: AccessIndex | undefined } = { access: undefined };
  const keyLine = {
    purpose: 'id_jag' as const,
    kid: 'k1',
    algorithm: 'ES256',
    state: 'signing' as const,
    words: 'signing for 1 day',
    publishedAt: now() - 86_400,
    signsFrom: now() - 86_400,
  };
  const services: AdminServices = {
    store,
    nowMs: () => clock.ms,
    now,
    ledger: edge.ledger,
    failures: edge.failures,
    onFault: edge.onFault,
    alert: (facts, address) =>
      toRow({
        v: 2,
        id: eventId('a_'),
        kind: 'alert',
        domain: 'admin',
        timeMs: clock.ms,
        outcome: 'allowed',
        address,
        ...facts,
      }),
    installation: {
      organisation: 'Acme',
      roles: ['idp', 'ras', 'gateway', 'admin'],
      admin: adminUrl,
      idp: idpIssuer,
      ras: rasIssuer,
      demo: options.demo ?? false,
    },
    access: () => inForce.access ?? world.policy(),
    live: createLiveStreams(),
    egress: options.egress ?? { getJson: () => Promise.reject(new Error('nothing is fetched here')) },
    resource: world.resource,
    isStopped: (personId) => stopped.has(personId),
    refresh: async () => {
      refreshed.times += 1;
      const latest = await store.policies.latest('access');
      inForce.access = latest && toAccessIndex(latest, { idp: idpIssuer, ras: rasIssuer });
    },
    keys: async () => [keyLine],
    record: options.record ?? { keys: async () => [], witnesses: [], exports: [], keptDays: undefined },
    upstreams: options.upstreams ?? {},
  };
  const idp = {
    /** What the IdP was asked for, and what it will say of whoever comes back. */
    asked: [] as Record<string, unknown>[],
    answer: no('upstream_refused') as Result<UpstreamAnswer>,
    isAway: false,
  };
  const party: ConsoleParty = {
    begin: async (attempt, more) => {
      idp.asked.push({ ...attempt, ...more });
      if (idp.isAway) return no('upstream_unreachable');
      return ok(`${idpIssuer}/auth?state=${attempt.state}`);
    },
    finish: async (returned, attempt) =>
      returned.get('state') === attempt.state ? idp.answer : no('upstream_answer_invalid'),
  };
  const app = createAdminApp(
    services,
    () => caller.address,
    async () => party,
  );
  const raw = async (request: Request): Promise<AdminAnswer> => {
    const response = await app.fetch(request);
    const isStream = /event-stream|csv|jsonl/.test(response.headers.get('content-type') ?? '');
    if (isStream) await response.body?.cancel();
    const text = isStream ? '' : await response.text();
    const isJson = !isStream && /json/.test(response.headers.get('content-type') ?? '');
    checkShape(request, response.status, text);
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  };
  const send = (method: string, path: string, { token, headers, body, text }: Sending = {}) => {
    const content = text ?? (body === undefined ? undefined : JSON.stringify(body));
    return raw(
      new Request(`${adminUrl}/api/v1${path}`, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(content !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(content !== undefined && { body: content }),
      }),
    );
  };
  const last = async (): Promise<AuditRecord> => {
    const [row] = await store.audit.last(1);
    return readRecord(row ?? { body: '{}' });
  };
  return {
    ...world,
    app,
    services,
    idp,
    refreshed,
    stopped,
    raw,
    send,
    last,
    personOf: (role: AdminRole) => people.get(role) as Person,
    /** A token of somebody with this role; with every scope a token may have, unless told which. */
    tokenOf: async (role: AdminRole, scopes: readonly string[] = tokenScopes, days = 30) => {
      const personId = (people.get(role) as Person).id;
      const { value, token } = newApiToken({ personId, name: 'test', scopes, days, now: now() });
      await store.apiTokens.add(token, []);
      return value;
    },
    /** A browser of somebody with this role, as headers; signed in so many seconds ago. */
    browserOf: async (role: AdminRole, { twoFactors = true, agoSeconds = 0 } = {}): Promise<Browser> => {
      const personId = (people.get(role) as Person).id;
      const { value, hash } = newTicket();
      const sid = `sid-${hash}`;
      await openSession(store, sid, 'credence.console', personId, now());
      const at = now() - agoSeconds;
      await store.adminSessions.add(
        {
          idHash: hash,
          personId,
          sid,
          network: toNetwork(caller.address),
          twoFactors,
          signedInAt: at,
          startedAt: now(),
          seenAt: now(),
        },
        [],
      );
      const headers = {
        cookie: `__Host-credence_admin=${value}`,
        origin: adminUrl,
        'sec-fetch-site': 'same-origin',
        'credence-console': '1',
      };
      return { headers, idHash: hash, sid };
    },
  };
}

/** The account for the day on which nothing else works. */
export async function addBreakGlass({ store, now }: Pick<AdminWorld, 'store' | 'now'>): Promise<Person> {
  const glass = { ...alice, id: 'u_glass', email: 'glass@credence.invalid', source: 'system', groups: [], roles: [] };
  const factor = {
    id: 'f_glass',
    personId: glass.id,
    kind: 'totp',
    name: 'glass',
    material: 'm',
    credentialId: undefined,
    isSynced: false,
    counter: 0,
    createdAt: now(),
    lastUsedAt: undefined,
  } as const;
  await store.administrators.createBreakGlass(glass, { passwordHash: 'h', factor, now: now() }, []);
  return glass;
}

/** Expects a refusal: its status, and who is told what. On the record by its exact reason where `isRecorded`. */
export async function adminRefused(
  world: AdminWorld,
  given: AdminAnswer,
  reason: Refusal,
  { known = true, isRecorded = true } = {},
): Promise<void> {
  assert.equal(given.status, refusalRow(reason).status, JSON.stringify(given.body));
  assert.equal(given.headers.get('content-type'), 'application/problem+json');
  assert.equal(given.headers.get('cache-control'), 'no-store');
  assert.equal(given.body.status, given.status);
  assert.equal(given.body.code, known ? reason : undefined);
  if (!known) assert.ok(!JSON.stringify(given.body).includes(reason), 'a stranger is not told the reason');
  if (isRecorded) {
    const record = await world.last();
    assert.equal(record.reason, reason);
    assert.equal(record.outcome, 'refused');
    assert.equal(record.domain, 'admin');
    assert.equal(given.body.reference, record.id);
  } else assert.equal(given.body.reference, undefined);
  assert.deepEqual(world.faults, []);
}

const match = createMatcher(routes);

/** Every answer has the shape that the description says, and nothing beside it. */
function checkShape({ url, method }: Request, status: number, text: string): void {
  const { pathname } = new URL(url);
  if (status > 299 || !pathname.startsWith('/api/v1/')) return;
  const route = match(pathname.slice('/api/v1'.length))?.routes.get(method);
  if (!route) return;
  assert.equal(status, route.status, route.id);
  if (route.stream) return;
  if (!route.answer) assert.equal(text, '', route.id);
  else assert.deepEqual(route.answer.parse(JSON.parse(text)), JSON.parse(text), route.id);
}
