import {
  checkSecurityEvent,
  chooseKey,
  type EpochSeconds,
  no,
  ok,
  parseJws,
  type Refusal,
  type Result,
  refusalRow,
  type SecurityEvent,
  type SecurityEventName,
  type StopSaid,
  securityEventType,
  wireCodes,
} from '@credence/mcp/protocol';
import { type AuditRecord, type Facts, toRow } from '../audit/record.ts';
import type { RefusalLedger } from '../audit/refusal-ledger.ts';
import { eventId } from '../call.ts';
import type { Answer, Asked } from '../door.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import type { Pace } from '../limits.ts';
import type { TrustedIssuer } from '../policy/model.ts';
import { issuerMark } from '../stops/descent.ts';
import { receivedStopId, revokeTokens, tokensInRecord, toReceivedStop } from '../stops/received.ts';
import type { AccountKey, Effect } from '../store/store.ts';
import type { Watch } from '../watch.ts';
import type { Ras } from './jwt-bearer.ts';

/** What taking events needs besides the RAS itself. */
export interface EventDoor {
  readonly nowMs: () => number;
  readonly ledger: RefusalLedger;
  readonly address: (asked: Asked) => string;
  /** How many events of one issuer, or one of its tenants, are taken: each is a durable step, and has every process read anew. */
  readonly pace: Pace;
  readonly watch?: Watch | undefined;
}

/**
 * POST /events: an issuer says, by a SET, that somebody is cut off (SIG-01 to SIG-03). Answered when it is durable and in force
 * here. Nobody is kept out for failing: behind one address with the issuer, that would be a way to keep its signals away. What
 * fails costs one signature check at most, and is counted in bulk.
 * @see https://www.rfc-editor.org/rfc/rfc8935#section-2
 */
export async function receiveEvent(asked: Asked, ras: Ras, door: EventDoor): Promise<Answer> {
  const now = Math.floor(door.nowMs() / 1000);
  const facts: Facts = {};
  const verified = await verifyEvent(asked, ras, now, facts);
  if (!verified.ok) return refuse(verified.refusal, { ras, door, asked, facts, known: false });
  const { event, issuer } = verified.value;
  // It would be taken for new, and would stand: of a stop, unlike of a cut-off, only the last word counts.
  const isOld = event.stop !== undefined && event.issuedAt < now - rememberedSeconds;
  const refusal = isOld
    ? 'set_too_old'
    : (checkTransmitter(issuer, door.pace) ?? (await checkStops(event, issuer, ras)));
  if (refusal) return refuse(refusal, { ras, door, asked, facts, known: true });

  const isActedOn = event.name !== undefined && issuer.signals?.has(event.name) === true;
  const signal = {
    id: JSON.stringify([event.issuer, issuer.tenant ?? '', event.id]),
    until: now + rememberedSeconds,
  };
  if (isActedOn && event.stop) {
    await takeStop({ ...event, stop: event.stop }, issuer, signal, { ras, door, asked, facts });
  } else {
    // Read anew: to verify it keys may have been fetched, and tokens were given out meanwhile.
    const effect = isActedOn ? toEffect(event, ras, Math.floor(door.nowMs() / 1000)) : undefined;
    const record = await toEventRecord(event, effect, { ras, door, asked, facts });
    await ras.store.cutOffs.take({ ...signal, effect }, [toRow(record)]);
    door.watch?.decided(record);
    if (effect) door.watch?.revoked('received', door.nowMs() / 1000 - event.happenedAt);
  }
  return { status: 202, headers: { 'cache-control': 'no-store' }, body: '' };
}

/** So long a second SET of the same id is known for one; after that the times of a cut-off are old and change nothing, and a stop is refused. */
const rememberedSeconds = 7 * 86_400;

/** Cheap checks first: nothing is fetched or verified for what could not be a SET for us anyway. */
async function verifyEvent(
  asked: Asked,
  ras: Ras,
  now: EpochSeconds,
  facts: Mutable<Facts>,
): Promise<Result<{ event: SecurityEvent; issuer: TrustedIssuer }>> {
  if (asked.method !== 'POST') return no('wrong_method');
  const type = asked.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== securityEventType) return no('set_wrong_content_type');
  const text = await asked.text();
  if (text === undefined) return no('body_too_large');
  const jws = parseJws(text);
  if (!jws) return no('set_malformed');
  const { iss } = jws.claims;
  if (typeof iss !== 'string') return no('set_malformed');
  // Before trust is looked up: what a stranger is told must not depend on it.
  const expected = { issuer: iss, audience: ras.issuer, now, skewSeconds: ras.skewSeconds };
  const event = checkSecurityEvent(jws, expected);
  if (!event.ok) return event;
  const { name, subject, stop } = event.value;
  const tenants = ras.policy().trust.get(iss);
  const [first] = tenants?.values() ?? [];
  // An issuer with tenants speaks for one of them, with its keys; what has no effect may be of any.
  const tenant = stop ? stop.tenant : subject?.tenant;
  const issuer = tenants?.get(tenant) ?? (name === undefined ? first : undefined);
  if (!issuer) return no('set_issuer_untrusted');
  facts.issuer = iss;
  if (issuer.tenant !== undefined) facts.tenant = issuer.tenant;

  const keys = await ras.keysOf(issuer, jws.header);
  if (!keys) return no('issuer_keys_unavailable');
  const choice = chooseKey(jws.header, keys, issuer.algorithms);
  if (!choice.ok) return no('set_key_unknown');
  if (!verifySignature(jws, choice.key, choice.algorithm)) return no('set_bad_signature');
  if (subject) facts.subject = subject.subject;
  return ok({ event: event.value, issuer });
}

/** An issuer stops what it has issued itself, and nothing else (SIG-03). */
async function takeStop(
  event: SecurityEvent & { readonly stop: StopSaid },
  issuer: TrustedIssuer,
  signal: { readonly id: string; readonly until: EpochSeconds },
  taking: Taking,
): Promise<void> {
  const { ras, door, asked, facts } = taking;
  const { stop: said } = event;
  const now = Math.floor(door.nowMs() / 1000);
  const stop = toReceivedStop(said, issuer, { now, happenedAt: event.happenedAt, ras });
  const record = await toEventRecord(event, undefined, { ras, door, asked, facts });
  const words = `${stop.resumed ? 'ended' : 'stopped'} by its issuer: ${stop.kind} ${stop.target}, as stop ${stop.id}`;
  const signalFacts = record.signal && { signal: { ...record.signal, effective: true } };
  const line = { ...record, ...signalFacts, detail: words };
  await ras.store.stops.take(signal, stop, [toRow(line)]);
  door.watch?.decided(line);
  door.watch?.revoked('received', door.nowMs() / 1000 - event.happenedAt);
  // Of a single ID-JAG: an access token that was given for it goes with it. After the stop, so that none can slip through.
  if (said.what === 'id_jag' && said.value !== undefined) {
    await revokeTokens(await tokensInRecord(said.value, ras.store, issuer), ras.store);
  }
}

function checkTransmitter(issuer: TrustedIssuer, pace: Pace): Refusal | undefined {
  if (!issuer.signals) return 'set_signals_refused';
  return pace.take(issuerMark(issuer.issuer, issuer.tenant)) ? undefined : 'set_too_many';
}

/** Each is in the memory of every process, and looked at for every token, as long as it is in force. */
const mostStops = 2000;
/** Of these only the last resort. */
const mostStopsOfEverything = mostStops + 100;

/** What one issuer says can fill our memory no further than this; how a stop that is known ends is always heard. */
async function checkStops(
  { stop: said }: SecurityEvent,
  issuer: TrustedIssuer,
  ras: Ras,
): Promise<Refusal | undefined> {
  if (!said || !issuer.signals?.has('stop')) return undefined;
  const inForce = ras.stops().saidBy.get(issuerMark(issuer.issuer, issuer.tenant)) ?? 0;
  if (inForce < (said.what === 'everything' ? mostStopsOfEverything : mostStops)) return undefined;
  const isKnown = (await ras.store.stops.find(receivedStopId(issuer, said.id))) !== undefined;
  return isKnown ? undefined : 'set_too_many_stops';
}

/** The longest lives that the configuration allows, skew included: after that nothing is left that a cut-off concerns. */
const longestTokenSeconds = 3600 + 120;

/**
 * What an event does here. Grants are judged by the clock of the issuer, which wrote their `iat` as well; tokens by ours. A
 * token in our hands may come from a grant of before the event although our clock, or the way here, was a little late: so all
 * that were issued until now are revoked, as far back as the event could matter. Who loses too much trades a new ID-JAG.
 */
function toEffect({ name, subject, happenedAt }: SecurityEvent, ras: Ras, now: EpochSeconds): Effect | undefined {
  if (!name || !subject) return undefined;
  const { cuts, disables, enables } = effects[name];
  if (!cuts && !enables) return undefined;
  const at = Math.ceil(happenedAt);
  const key: AccountKey = subject;
  return {
    key,
    grantsBefore: cuts ? at : 0,
    tokensBefore: cuts ? Math.min(now, at + ras.maxIdJagLifetimeSeconds + 2 * ras.skewSeconds) : 0,
    disabledAt: disables ? at : 0,
    enabledAt: enables ? Math.floor(happenedAt) : 0,
    until: now + longestTokenSeconds,
  };
}

/** A changed credential takes nothing back by itself: whoever wants that says session-revoked as well (CAEP §3.3). */
const effects: Readonly<Record<SecurityEventName, { cuts: boolean; disables: boolean; enables: boolean }>> = {
  'session-revoked': { cuts: true, disables: false, enables: false },
  'token-claims-change': { cuts: true, disables: false, enables: false },
  'credential-change': { cuts: false, disables: false, enables: false },
  'account-disabled': { cuts: true, disables: true, enables: false },
  'account-enabled': { cuts: false, disables: false, enables: true },
  stop: { cuts: false, disables: false, enables: false }, // about no subject: see takeStop
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Taking {
  readonly ras: Ras;
  readonly door: EventDoor;
  readonly asked: Asked;
  readonly facts: Facts;
}

async function toEventRecord(
  event: SecurityEvent,
  effect: Effect | undefined,
  { ras, door, asked, facts }: Taking,
): Promise<AuditRecord> {
  const account = effect && (await ras.store.accounts.find(effect.key));
  return {
    v: 2,
    id: eventId('d_'),
    kind: 'revocation',
    domain: 'ras',
    timeMs: door.nowMs(),
    outcome: 'allowed',
    address: door.address(asked),
    ...facts,
    ...(account && { person: account.id }),
    signal: {
      event: event.name ?? 'other',
      id: event.id,
      at: Math.floor(event.happenedAt), // a fraction is no form of the record, and would make the line look altered
      effective: effect !== undefined,
    },
  };
}

/** On the record with its reason; to the transmitter a code of RFC 8935 §2.4 and the reference. */
async function refuse(refusal: Refusal, taking: Taking & { readonly known: boolean }): Promise<Answer> {
  const { ras, door, asked, facts, known } = taking;
  const { status, wire } = refusalRow(refusal);
  // Also of an issuer that is known: what it sends beyond its pace costs it nothing (T27).
  const proven = known ? { issuer: facts.issuer, tenant: facts.tenant } : undefined;
  const id = door.ledger.count('ras', refusal, proven) ?? (await record());
  const headers: Record<string, string> = { 'cache-control': 'no-store', 'content-language': 'en' };
  if (status === 405) headers.allow = 'POST';
  if (status === 429 || status === 503) headers['retry-after'] = '1';
  const description = `${wireCodes[wire].sentence} Reference: ${id}`;
  return { status, headers, body: JSON.stringify({ err: toEventError(refusal), description }) };

  async function record(): Promise<string> {
    const line: AuditRecord = {
      v: 2,
      id: eventId('d_'),
      kind: 'refusal',
      domain: 'ras',
      timeMs: door.nowMs(),
      outcome: 'refused',
      reason: refusal,
      address: door.address(asked),
      ...facts,
    };
    await ras.store.commit({ marks: [], records: [toRow(line)] });
    door.watch?.decided(line);
    return line.id;
  }
}

/** Whether an issuer is trusted here is not told to whoever asks: to strangers all of that is one answer. */
function toEventError(refusal: Refusal): string {
  if (refusal === 'set_wrong_audience') return 'invalid_audience';
  if (refusal === 'set_signals_refused' || refusal === 'set_foreign_subject') return 'access_denied';
  const isStranger = (['set_issuer_untrusted', 'set_key_unknown', 'set_bad_signature'] as Refusal[]).includes(refusal);
  return isStranger ? 'authentication_failed' : 'invalid_request';
}
