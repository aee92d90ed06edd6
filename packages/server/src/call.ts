import { createHash, randomFillSync } from 'node:crypto';
import { type EpochSeconds, grantType, jwtDpopGrantType, type Result } from '@credence/mcp/protocol';
import type { Facts, RecordKind } from './audit/record.ts';
import type { Credentials } from './clients/authenticate.ts';
import type { ClientCertificate } from './clients/client-certificate.ts';
import type { Form } from './form.ts';
import type { Holding } from './store/held.ts';
import type { Mark } from './store/store.ts';

/** One request at a token endpoint, read once at the edge, and what the handler notes down while it works. */
export interface Call {
  /** The decision id: names this request in the answer and on the record. */
  readonly id: string;
  readonly now: EpochSeconds;
  readonly form: Form;
  /** The `Authorization` header as sent. */
  readonly authorization: string | undefined;
  /** How the two above say who the client is. */
  readonly credentials: Result<Credentials>;
  /** The `DPoP` header as sent. */
  readonly dpop: string | undefined;
  /** The certificate the caller showed on this connection, read when asked for; absent where none is looked for. */
  readonly certificate?: (() => ClientCertificate | undefined) | undefined;
  /** Network address of the caller. */
  readonly address: string;
  /** Puts a header on the answer, whatever the outcome. */
  answerWith(header: string, value: string): void;
  /** Says that a confidential client has proven who it is; refusals before that are anybody's. */
  authenticated(): void;
  /** Facts for the record; later notes win. Written whatever the outcome. */
  note(facts: Facts): void;
  /** What kind of record this becomes, allowed or refused; a refusal of an unnamed kind is a `refusal`. */
  recordAs(kind: RecordKind): void;
  /** To be used up in the same durable step as the record; `always` also when the call is refused in the end. */
  mark(mark: Mark, when: 'always' | 'if_granted'): void;
  /** What a session holds from then on, if this is granted; once at most. */
  hold(holding: Holding): void;
  /** Done once it stands that this is granted, before it is answered; once at most. Should it fail, the caller tries again. */
  afterwards(work: () => Promise<void>): void;
}

/** Trace id of a W3C `traceparent` header: joins the records of what one agent did on both legs and at the gateway. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  const id = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent ?? '')?.[1];
  return id === '0'.repeat(32) ? undefined : id;
}

/** Names a text from outside without repeating it: it may be a token or an address sent to the wrong place (LOG-01). */
export function toFingerprint(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('base64url').slice(0, 16)}`;
}

const grants: readonly string[] = [
  ...Object.values(grantType),
  jwtDpopGrantType,
  'authorization_code',
  'refresh_token',
];

/** A grant type for the record: one that is known, or that it was another. */
export function toGrantName(grant: string): string {
  return grants.includes(grant) ? grant : 'other';
}

/** 128 random bits: an id that cannot be guessed, and tells nothing. For people and accounts. */
export function randomId(prefix = ''): string {
  if (randomAt === randomPool.length) {
    randomFillSync(randomPool);
    randomAt = 0;
  }
  randomAt += randomIdBytes;
  return prefix + randomPool.toString('base64url', randomAt - randomIdBytes, randomAt);
}

/**
 * A random id with the milliseconds in front, for what happens once: decisions, `jti`. The time means nothing to anybody: it
 * keeps ids made together next to each other in the indexes of the store, which halves what a commit writes.
 */
export function eventId(prefix = ''): string {
  const nowMs = Date.now();
  if (nowMs !== writtenMs) {
    writtenMs = nowMs;
    written = nowMs.toString(36);
  }
  return randomId(prefix + written);
}

let writtenMs = 0;
let written = '';

const randomIdBytes = 16;
/** Filled for many ids at once: a call for each costs more than the rest of it. */
const randomPool = Buffer.allocUnsafeSlow(256 * randomIdBytes);
let randomAt = randomPool.length;
