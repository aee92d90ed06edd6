import { randomBytes } from 'node:crypto';
import { type Refusal, type Result, refusalRow } from '@credence/mcp/protocol';
import { type AuditRecord, type Facts, toRow } from '../audit/record.ts';
import { eventId } from '../call.ts';
import type { Attempt, RelyingParty, UpstreamAnswer } from '../directory/upstream/relying-party.ts';
import { createPace, toNetwork } from '../limits.ts';
import { acrOf, coversAcr } from '../policy/sign-in-levels.ts';
import type { AdminServices } from './api/services.ts';
import { hashTicket, newTicket, readCookie, toSetCookie } from './cookies.ts';
import { becomeFirst, findFirstLink } from './first-administrator.ts';
import { idleSeconds } from './session-times.ts';
import { firstPage, notSignedInPage, signedInPage, toPageResponse } from './sign-in-pages.ts';

export const returnPath = '/sign-in/done';
/** With a dot: no client of a policy document can have this id. */
export const consoleClientId = 'credence.console';

/** The client of the IdP that the admin listener is. */
export type ConsoleParty = Pick<RelyingParty, 'begin' | 'finish'>;

export interface AdminSignIn {
  begin(request: Request, address: string): Promise<Response>;
  done(request: Request, address: string): Promise<Response>;
  /** The link for the first administrator: GET shows what it does, POST begins. */
  first(request: Request, address: string, token: string): Promise<Response>;
}

/** A sign-in under way, bound to the browser it began in. */
interface Pending extends Attempt {
  readonly to: string;
  /** Hash of the link that makes the first administrator. */
  readonly first?: string;
}

const model = 'AdminSignIn';
const pendingSeconds = 1800;

/**
 * Administrators sign in at the IdP like everybody else, by OpenID Connect with code and PKCE; what the admin listener makes of it
 * is a session of its own, worth nothing without the one at the IdP. A second factor is asked for and checked (T28).
 */
export function createAdminSignIn(services: AdminServices, party: () => Promise<ConsoleParty>): AdminSignIn {
  const { store, now, nowMs, installation } = services;
  const { admin, demo, idp } = installation;
  // Each beginning leaves a row behind, and nobody has proven anything yet.
  const pace = createPace({ burst: 30, perSecond: 0.5, nowMs });

  return {
    begin(request, address) {
      const { searchParams } = new URL(request.url);
      return goAway(address, { to: toLocalPath(searchParams.get('to')) }, searchParams.get('fresh') === '1');
    },

    async first(request, address, token) {
      const hash = await findFirstLink(store, token);
      if (hash === undefined) return turnAway(address, 'admin_first_link_unknown', false, {});
      if (request.method === 'GET') return toPageResponse(firstPage(installation, token), 200, [], idp);
      return goAway(address, { to: '/', first: hash }, false);
    },

    async done(request, address) {
      const pending = await takePending(request);
      if (!pending) return turnAway(address, 'admin_sign_in_unknown', false, {});
      const answered = await (await party()).finish(new URL(request.url).searchParams, pending);
      if (!answered.ok) return turnAway(address, answered.refusal, false, {});
      const { subject } = answered.value;
      const judged = await judge(answered.value, pending, address);
      if (!judged.ok) return turnAway(address, judged.refusal, true, { person: subject });
      const old = hashTicket(readCookie(request, 'session', admin) ?? '');
      if (old !== undefined) await store.adminSessions.end(old, []);
      const cookies = [toSetCookie('session', judged.value, admin), toSetCookie('sign_in', '', admin)];
      return toPageResponse(signedInPage(installation, pending.to), 200, cookies);
    },
  };

  async function goAway(address: string, about: Pick<Pending, 'to' | 'first'>, fresh: boolean): Promise<Response> {
    if (!pace.take(toNetwork(address))) return turnAway(address, 'admin_too_fast', false, {});
    const ticket = newTicket();
    const pending: Pending = { state: random(), nonce: random(), verifier: random(), ...about };
    const url = await (await party()).begin(pending, {
      ...(!demo && { acr_values: acrOf.twoFactors }),
      // Else a session that is over would begin anew by itself, in whoever's hands the browser is by then.
      max_age: String(idleSeconds),
      ...(fresh && { prompt: 'login' }),
    });
    if (!url.ok) return turnAway(address, url.refusal, false, {});
    await store.artifacts.upsert(model, ticket.hash, { ...pending }, now() + pendingSeconds);
    const cookie = toSetCookie('sign_in', ticket.value, admin);
    return new Response(null, {
      status: 303,
      headers: {
        location: url.value,
        'set-cookie': cookie,
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
      },
    });
  }

  /** What this browser began, once: whoever brings the same answer again finds nothing. */
  async function takePending(request: Request): Promise<Pending | undefined> {
    const hash = hashTicket(readCookie(request, 'sign_in', admin) ?? '');
    if (hash === undefined) return undefined;
    const kept = await store.artifacts.find(model, hash);
    return (await store.artifacts.consume(model, hash, now())) ? (kept as unknown as Pending) : undefined;
  }

  /** Whether this is somebody who administers, signed in well enough; makes their session and resolves to its cookie. */
  async function judge(
    { claims, subject, sid }: UpstreamAnswer,
    { first }: Pending,
    address: string,
  ): Promise<Result<string>> {
    const twoFactors = typeof claims.acr === 'string' && coversAcr(claims.acr, acrOf.twoFactors);
    const person = await store.people.find(subject);
    if (!person?.active || sid === undefined) return refused('admin_not_administrator');
    if (!twoFactors && !demo) return refused('admin_no_second_factor');
    const isOld = typeof claims.auth_time !== 'number' || now() - claims.auth_time > idleSeconds + pendingSeconds;
    if (isOld && !demo) return refused('admin_sign_in_too_old');
    if (first !== undefined) {
      const facts = { person: subject, detail: 'first administrator, by link', after: { role: 'owner' } };
      const records = [services.alert(facts, address)];
      if (!(await becomeFirst(store, first, subject, { now: now(), records })))
        return refused('admin_first_link_unknown');
    }
    if ((await store.administrators.roleOf(subject)) === undefined) return refused('admin_not_administrator');
    const { value, hash } = newTicket();
    // Where the IdP does not know when the person proved who they are, the session is never fresh.
    const signedInAt = typeof claims.auth_time === 'number' ? claims.auth_time : 0;
    const at = { signedInAt, startedAt: now(), seenAt: now() };
    const session = { idHash: hash, personId: subject, sid, network: toNetwork(address), twoFactors, ...at };
    const acr = typeof claims.acr === 'string' && { acr: claims.acr };
    const facts = { person: subject, ...acr, detail: 'signed in at the admin listener' };
    await store.adminSessions.add(session, [toRow({ ...toRecord(address, facts), kind: 'sign_in' })]);
    return { ok: true, value };
  }

  /** Refusals of strangers may be counted in bulk; of somebody who has signed in each is a line. */
  async function turnAway(address: string, reason: Refusal, known: boolean, facts: Facts): Promise<Response> {
    const bulkId = known ? undefined : services.ledger.count('admin', reason);
    const record = { ...toRecord(address, facts), outcome: 'refused', reason } as const;
    if (!bulkId) await store.commit({ marks: [], records: [toRow(record)] });
    const lead = sentences[reason] ?? 'The sign-in did not work. Try again.';
    return toPageResponse(notSignedInPage(installation, lead, bulkId ?? record.id), refusalRow(reason).status);
  }

  function toRecord(address: string, facts: Facts): AuditRecord {
    const base = { v: 2, id: eventId('d_'), kind: 'refusal', domain: 'admin', timeMs: nowMs() } as const;
    return { ...base, outcome: 'allowed', address, ...facts };
  }
}

const sentences: Readonly<Partial<Record<Refusal, string>>> = {
  admin_not_administrator: 'You do not administer here. An owner can make you an administrator.',
  admin_no_second_factor: 'Administrators sign in with a second factor, and you did not. Add one, then sign in again.',
  admin_sign_in_too_old: 'You proved who you are too long ago. Sign in again.',
  admin_sign_in_unknown: 'This sign-in was too old, was finished before, or began in another browser.',
  admin_first_link_unknown: 'The link was used, is too old, or somebody administers already.',
  upstream_unreachable: 'The identity provider could not be reached. Try again in a moment.',
};

function refused(refusal: Refusal): Result<never> {
  return { ok: false, refusal };
}

function random(): string {
  return randomBytes(32).toString('base64url');
}

/** Where to go on afterwards: a path of this listener and nothing that a browser could read as another host. */
export function toLocalPath(to: string | null): string {
  return to !== null && /^\/(?!\/)[\w\-.~!$&'()*+,;=:@/%?#]{0,500}$/.test(to) ? to : '/';
}
