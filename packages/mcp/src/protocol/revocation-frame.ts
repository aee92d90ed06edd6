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
}

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
  const { nonce, seq, atMs, position, complete, people, tokens } = frame;
  const payload = {
    nonce,
    seq,
    at_ms: atMs,
    position,
    epoch: frame.epoch,
    complete,
    people: people.map(({ who, before, blocked, until }) => [who, before, blocked ? 1 : 0, until]),
    tokens: tokens.map(({ id, until }) => [id, until]),
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
  const { nonce, seq, at_ms, position, complete, people, tokens } = said;
  if (nonce !== expected.nonce || seq !== expected.seq) return undefined;
  if (!isDate(at_ms) || !isDate(position) || typeof complete !== 'boolean') return undefined;
  const cutOff = { people: toList(people, toPerson), tokens: toList(tokens, toToken) };
  if (!cutOff.people || !cutOff.tokens) return undefined;
  const frame = { nonce, seq, atMs: at_ms, position, complete, people: cutOff.people, tokens: cutOff.tokens };
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
