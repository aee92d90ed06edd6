import { isDate, isName } from './id-jag.ts';
import { hasType, type Sign, type VerifiedJwt } from './jws.ts';
import { type EpochSeconds, joseType } from './names.ts';
import { mintSecurityEvent } from './security-event.ts';
import { isObject } from './strict-json.ts';

/** The event of the stream that tells an MCP server who is cut off; no standard has one that carries many. */
export const revocationsEvent = 'urn:credence:event:revocations';

/** Somebody whose tokens hold no more. */
export interface PersonCutOff {
  /** Who, in a word that only whoever has seen the person can read: see {@link toWhoInput}. */
  readonly who: string;
  /** Tokens issued in this second or before are revoked. */
  readonly before: EpochSeconds;
  /** No token holds, whenever it was issued. */
  readonly blocked: boolean;
  /** After this no token can live that it concerns. */
  readonly until: EpochSeconds;
}

export interface TokenCutOff {
  readonly id: string;
  readonly until: EpochSeconds;
}

/** Tokens of many that hold no more: all for this server that meet every condition given. */
export interface BroadStop {
  /** Names it: the same stop comes again when it has changed. */
  readonly id: string;
  /** Tokens of this client. */
  readonly client: string | undefined;
  /** Tokens that descend from what has this mark: see `lineage.ts`. */
  readonly from: string | undefined;
  /** Tokens of this person: see {@link toWhoInput}. */
  readonly who: string | undefined;
  /** Tokens issued in this second or before are dead, also when the stop is over. */
  readonly before: EpochSeconds;
  /** While it stands no token holds, whenever it was issued. */
  readonly stands: boolean;
  /** Of one that is over: after this no token can live that it concerns. */
  readonly until: EpochSeconds;
}

/** One frame of a stream: what changed, or nothing, as a sign of life. */
export interface RevocationFrame {
  /** Chosen by the subscriber for this connection: what was said in another is not said here. */
  readonly nonce: string;
  /** 1, 2, 3, ... within the connection: nothing is missing, nothing comes twice. */
  readonly seq: number;
  /** Milliseconds since 1970, by the clock of the authorization server. */
  readonly atMs: number;
  /** Up to which change everything has been told; where to go on after a break. */
  readonly position: number;
  /** The epoch of the store that issues: tokens of any other are worth nothing (T21). Absent before the first. */
  readonly epoch?: string | undefined;
  /** Whether that is all there is by now. */
  readonly complete: boolean;
  readonly people: readonly PersonCutOff[];
  readonly tokens: readonly TokenCutOff[];
  /** Only to a subscriber that said it can judge them, with {@link judgesStops}. */
  readonly stops: readonly BroadStop[];
}

/**
 * Parameter of the request by which a subscriber says that it judges stops. Whoever does not is told nothing at all while one
 * stands that concerns it: it goes deaf, and refuses, instead of letting in what it cannot judge.
 */
export const judgesStops = 'stops';

/**
 * What `who` is the SHA-256 of, in base64url. A server recognises the people whose tokens it has seen; of all others, which the
 * authorization server tells it about as well, it learns nothing.
 */
export function toWhoInput(resource: string, subject: string): string {
  return `${resource}\n${subject}`;
}

/** Signs a frame as a SET for one MCP server. */
export function mintRevocationFrame(
  frame: RevocationFrame,
  set: { readonly issuer: string; readonly resource: string; readonly id: string },
  key: { readonly kid: string; readonly algorithm: string; readonly sign: Sign },
): Promise<string> {
  const { nonce, seq, atMs, position, complete, people, tokens, stops } = frame;
  const payload = {
    nonce,
    seq,
    at_ms: atMs,
    position,
    epoch: frame.epoch,
    complete,
    people: people.map(({ who, before, blocked, until }) => [who, before, blocked ? 1 : 0, until]),
    tokens: tokens.map(({ id, until }) => [id, until]),
    ...(stops.length > 0 && { stops: stops.map(fromStop) }),
  };
  const issuedAt = Math.floor(atMs / 1000);
  return mintSecurityEvent(
    { issuer: set.issuer, audience: set.resource, id: set.id, issuedAt, event: revocationsEvent, payload },
    key,
  );
}

/** What a frame is checked against. */
export interface ExpectedFrame {
  readonly issuer: string;
  /** Own resource identifier. */
  readonly resource: string;
  readonly nonce: string;
  readonly seq: number;
}

/** Judges a frame whose signature is good; `undefined` when it is not the one that comes next in this connection (T20). */
export function checkRevocationFrame(
  { header, claims }: VerifiedJwt,
  expected: ExpectedFrame,
): RevocationFrame | undefined {
  if (!hasType(header, joseType.securityEvent)) return undefined;
  if (claims.iss !== expected.issuer || claims.aud !== expected.resource) return undefined;
  if ('exp' in claims || 'sub' in claims || !isObject(claims.events)) return undefined;
  const said = claims.events[revocationsEvent];
  if (!isObject(said)) return undefined;
  const { epoch } = said;
  if (epoch !== undefined && !isName(epoch, 64)) return undefined;
  const { nonce, seq, at_ms, position, complete, people, tokens, stops = [] } = said;
  if (nonce !== expected.nonce || seq !== expected.seq) return undefined;
  if (!isDate(at_ms) || !isDate(position) || typeof complete !== 'boolean') return undefined;
  const cutOff = { people: toList(people, toPerson), tokens: toList(tokens, toToken), stops: toList(stops, toStop) };
  if (!cutOff.people || !cutOff.tokens || !cutOff.stops) return undefined;
  const lists = { people: cutOff.people, tokens: cutOff.tokens, stops: cutOff.stops };
  const frame = { nonce, seq, atMs: at_ms, position, complete, ...lists };
  return epoch === undefined ? frame : { ...frame, epoch };
}

/** All of them, or nothing: half of a frame would be a frame with something missing. */
function toList<T>(list: unknown, toOne: (entry: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const all = list.map(toOne);
  return all.every((one) => one !== undefined) ? all : undefined;
}

function toPerson(entry: unknown): PersonCutOff | undefined {
  if (!Array.isArray(entry) || entry.length !== 4) return undefined;
  const [who, before, blocked, until] = entry as unknown[];
  if (!isName(who, 64) || !isDate(before) || !isDate(until)) return undefined;
  return blocked === 0 || blocked === 1 ? { who, before, blocked: blocked === 1, until } : undefined;
}

function toToken(entry: unknown): TokenCutOff | undefined {
  if (!Array.isArray(entry) || entry.length !== 2) return undefined;
  const [id, until] = entry as unknown[];
  return isName(id, 256) && isDate(until) ? { id, until } : undefined;
}

function fromStop({ id, client, from, who, before, stands, until }: BroadStop): unknown[] {
  return [id, client ?? null, from ?? null, who ?? null, before, stands ? 1 : 0, until];
}

/** A condition that is not one of these would be left out of the judgement: then the whole frame is none. */
function toStop(entry: unknown): BroadStop | undefined {
  if (!Array.isArray(entry) || entry.length !== 7) return undefined;
  const [id, client, from, who, before, stands, until] = entry as unknown[];
  if (!isName(id, 256) || !isDate(before) || !isDate(until) || (stands !== 0 && stands !== 1)) return undefined;
  if (!isNameOrNull(client, 2048) || !isNameOrNull(from, 64) || !isNameOrNull(who, 64)) return undefined;
  const conditions = { client: client ?? undefined, from: from ?? undefined, who: who ?? undefined };
  return { id, ...conditions, before, stands: stands === 1, until };
}

function isNameOrNull(value: unknown, maxLength: number): value is string | null {
  return value === null || isName(value, maxLength);
}
