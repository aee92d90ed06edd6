import { isDate, isName, isSubject } from './id-jag.ts';
import { hasType, mintJws, type Sign, type VerifiedJwt } from './jws.ts';
import { type EpochSeconds, joseType } from './names.ts';
import { no, ok, type Result } from './result.ts';
import { isObject, type JsonObject } from './strict-json.ts';

/**
 * The events that concern us, by what we call them. @see https://openid.net/specs/openid-caep-1_0-final.html#section-3
 * @see https://openid.net/specs/openid-risc-1_0-final.html#section-2
 */
export const securityEvents = {
  'session-revoked': 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  'token-claims-change': 'https://schemas.openid.net/secevent/caep/event-type/token-claims-change',
  'credential-change': 'https://schemas.openid.net/secevent/caep/event-type/credential-change',
  'account-disabled': 'https://schemas.openid.net/secevent/risc/event-type/account-disabled',
  'account-enabled': 'https://schemas.openid.net/secevent/risc/event-type/account-enabled',
  /** Of our own: no standard event is about a client, a server, or everything at once. See docs/operate/stop.md. */
  stop: 'urn:credence:event:stop',
} as const;
export type SecurityEventName = keyof typeof securityEvents;
export const securityEventNames = Object.keys(securityEvents) as readonly SecurityEventName[];

/** What ends by a stop that is over at once ends up to this long after it was ordered, seconds: the second may turn before it is durable. */
export const cutReachSeconds = 2;

/** Media type of a SET in a request. @see https://www.rfc-editor.org/rfc/rfc8935#section-2.1 */
export const securityEventType = 'application/secevent+jwt';

/** A person as the transmitter names them: issuer, its tenant where it has several, and subject (RFC 9493 §3.2.2). */
export interface EventSubject {
  readonly issuer: string;
  readonly tenant: string | undefined;
  readonly subject: string;
}

/** What an issuer stops, or lets go on again, of what it has issued itself. */
export interface StopSaid {
  /** Names the stop at its issuer: what is said of it later is about the same. */
  readonly id: string;
  readonly tenant: string | undefined;
  readonly what: 'client' | 'server' | 'id_jag' | 'everything';
  /** Id of the client at this RAS, resource of the server, or `jti`; `undefined` for everything. */
  readonly value: string | undefined;
  /** When it ended, by the clock of the issuer; `undefined` while it stands. */
  readonly resumedAt: EpochSeconds | undefined;
}

/** What a security event token says. */
export interface SecurityEvent {
  readonly issuer: string;
  readonly id: string;
  readonly issuedAt: EpochSeconds;
  /** `undefined` = an event that we do not know. */
  readonly name: SecurityEventName | undefined;
  /** `undefined` where the event is not known, or is a stop: then nobody looks at whom it is about. */
  readonly subject: EventSubject | undefined;
  /** Of a stop. */
  readonly stop?: StopSaid;
  /** When it happened, by the clock of the transmitter. */
  readonly happenedAt: EpochSeconds;
}

/** What a SET is checked against. */
export interface ExpectedSecurityEvent {
  /** The transmitter whose keys verified it. */
  readonly issuer: string;
  /** Whom it must be for: exactly this, alone. */
  readonly audience: string;
  readonly now: EpochSeconds;
  readonly skewSeconds: number;
}

/**
 * Judges a SET whose signature is good (SIG-01, SIG-03). An ID Token, a logout token and an access token of the same issuer
 * never pass: wrong `typ`, `sub`, `exp`.
 * @see https://www.rfc-editor.org/rfc/rfc8417#section-2 @see https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-4
 */
export function checkSecurityEvent(
  { header, claims }: VerifiedJwt,
  expected: ExpectedSecurityEvent,
): Result<SecurityEvent> {
  const { iss, aud, iat, jti, toe, sub_id, events } = claims;
  const audience = Array.isArray(aud) ? aud : [aud];
  const latest = expected.now + expected.skewSeconds;

  if (!hasType(header, joseType.securityEvent)) return no('set_wrong_type');
  if (iss !== expected.issuer) return no('set_issuer_untrusted');
  if (audience.length !== 1 || audience[0] !== expected.audience) return no('set_wrong_audience');
  // What has an end or a subject of its own could be taken for another kind of token (RFC 8417 §4.5 to §4.7).
  if ('exp' in claims || 'sub' in claims) return no('set_malformed');
  if (!isDate(iat) || !isName(jti, 256)) return no('set_malformed');
  if (iat > latest) return no('set_from_the_future');
  if (toe !== undefined && !isDate(toe)) return no('set_malformed');
  const event = parseEvents(events);
  if (!event) return no('set_malformed');

  const { name, payload } = event;
  const happenedAt = payload.event_timestamp ?? toe ?? iat;
  if (!name) {
    return ok({ issuer: expected.issuer, id: jti, issuedAt: iat, name, subject: undefined, happenedAt: iat });
  }
  if (!isDate(happenedAt)) return no('set_malformed');
  // Milliseconds in the place of seconds end here as well, instead of cutting somebody off for a thousand years.
  if (happenedAt > latest) return no('set_from_the_future');
  if (name === 'stop') {
    const stop = parseStop(payload);
    if (!stop) return no('set_malformed');
    // What cuts once reaches a little past the second in which it was ordered.
    if ((stop.resumedAt ?? 0) > latest + cutReachSeconds) return no('set_from_the_future');
    return ok({ issuer: expected.issuer, id: jti, issuedAt: iat, name, subject: undefined, happenedAt, stop });
  }
  const subject = parseSubject(sub_id);
  if (!subject) return no('set_subject_unsupported');
  if (subject.issuer !== expected.issuer) return no('set_foreign_subject');
  return ok({ issuer: expected.issuer, id: jti, issuedAt: iat, name, subject, happenedAt });
}

/** Exactly one event; several in one SET are one event seen in several ways, and that is not how ours are sent. */
function parseEvents(
  events: unknown,
): { readonly name: SecurityEventName | undefined; readonly payload: JsonObject } | undefined {
  if (!isObject(events)) return undefined;
  const [only, ...more] = Object.entries(events);
  if (!only || more.length > 0) return undefined;
  const [uri, payload] = only;
  if (!isObject(payload)) return undefined;
  return { name: securityEventNames.find((name) => securityEvents[name] === uri), payload };
}

/** Half understood it would stop something else: then it is none. */
function parseStop({ id, tenant, what, value, resumed_at }: JsonObject): StopSaid | undefined {
  if (!isName(id, 256) || (tenant !== undefined && !isName(tenant, 256))) return undefined;
  if (resumed_at !== undefined && !isDate(resumed_at)) return undefined;
  const said = { id, tenant, resumedAt: resumed_at };
  if (what === 'everything') return value === undefined ? { ...said, what, value } : undefined;
  if (what !== 'client' && what !== 'server' && what !== 'id_jag') return undefined;
  return isName(value, 2048) ? { ...said, what, value } : undefined;
}

/** The payload of a stop. */
export function toStopPayload({ id, tenant, what, value, resumedAt }: StopSaid, at: EpochSeconds): JsonObject {
  return {
    event_timestamp: at,
    id,
    ...(tenant !== undefined && { tenant }),
    what,
    ...(value !== undefined && { value }),
    ...(resumedAt !== undefined && { resumed_at: resumedAt }),
  };
}

/**
 * `iss_sub`, or a complex subject whose `user` is one. A session or device beside the user narrows what was meant; everything
 * of the user is cut off, which asks for a new ID-JAG and takes nothing else away. @see https://www.rfc-editor.org/rfc/rfc9493#section-3
 */
function parseSubject(subject: unknown): EventSubject | undefined {
  if (!isObject(subject)) return undefined;
  if (subject.format !== 'complex') return parseIssSub(subject, undefined);
  const { user, tenant } = subject;
  if (!isObject(user)) return undefined;
  if (tenant === undefined) return parseIssSub(user, undefined);
  if (!isObject(tenant) || tenant.format !== 'opaque' || !isName(tenant.id, 256)) return undefined;
  return parseIssSub(user, tenant.id);
}

function parseIssSub({ format, iss, sub }: JsonObject, tenant: string | undefined): EventSubject | undefined {
  if (format !== 'iss_sub' || !isName(iss, 2048) || !isSubject(sub)) return undefined;
  return { issuer: iss, tenant, subject: sub };
}

/** What a SET is to say. `payload` is that of the event. */
export interface SecurityEventGrant {
  readonly issuer: string;
  readonly audience: string;
  readonly id: string;
  readonly issuedAt: EpochSeconds;
  /** URI of the event. */
  readonly event: string;
  readonly payload: JsonObject;
  /** Whom it is about; `undefined` = the payload says. */
  readonly subject?: EventSubject | undefined;
  /** Joins SETs with one cause (RFC 8417 §2.2). */
  readonly transaction?: string | undefined;
}

/** Signs a SET. @see https://www.rfc-editor.org/rfc/rfc8417#section-2.2 */
export function mintSecurityEvent(
  set: SecurityEventGrant,
  key: { readonly kid: string; readonly algorithm: string; readonly sign: Sign },
): Promise<string> {
  const { issuer, audience, id, issuedAt, event, payload, subject, transaction } = set;
  const claims = {
    iss: issuer,
    aud: audience,
    iat: issuedAt,
    jti: id,
    ...(transaction !== undefined && { txn: transaction }),
    ...(subject && { sub_id: toSubjectId(subject) }),
    events: { [event]: payload },
  };
  return mintJws({ typ: joseType.securityEvent, alg: key.algorithm, kid: key.kid }, claims, key.sign);
}

function toSubjectId({ issuer, tenant, subject }: EventSubject): JsonObject {
  const user = { format: 'iss_sub', iss: issuer, sub: subject };
  return tenant === undefined ? user : { format: 'complex', user, tenant: { format: 'opaque', id: tenant } };
}
