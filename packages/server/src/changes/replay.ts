import { type ReadRecord, readRecord } from '../audit/personal.ts';
import { searchRecord } from '../audit/search.ts';
import type { AccessIndex } from '../policy/compile.ts';
import { decide } from '../policy/decide.ts';
import type { Ask, Effect } from '../policy/model.ts';
import type { Store } from '../store/store.ts';
import { toRecordedAsk } from './recorded-ask.ts';

/** A decision of the past that would be another one. */
export interface Replayed {
  /** Id of its line on the record. */
  readonly id: string;
  readonly timeMs: number;
  readonly person: string;
  readonly client: string;
  readonly server: string;
  readonly change: ReplayChange;
  /** Scopes that were decided then, and that would be. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Lost where anything is lost, whatever is gained beside it; `again` where somebody would be sent to sign in again who was not. */
export type ReplayChange = 'gained' | 'lost' | 'again';

/** Some decisions, the newest first, decided again: `gained`, `lost`, `again` and `same` sum to `total`. */
export interface ReplayPage {
  readonly total: number;
  readonly gained: number;
  /** Of those gained: refusals, of which something would be given. */
  readonly letIn: number;
  readonly lost: number;
  /** Of those lost: of which nothing would be given, so that they would be refused. */
  readonly shutOut: number;
  readonly again: number;
  readonly same: number;
  /** Beside `total`. What it rests on was erased, or was never recorded: the draft asks for something that did not count then. */
  readonly unknown: number;
  readonly changed: readonly Replayed[];
  /** When the last line was written that was looked at; absent where there was none. */
  readonly reachedMs?: number;
  /** Leads to the decisions before these; absent when that was all. */
  readonly next?: string;
}

type Verdict = Replayed | 'same' | 'unknown' | 'none';

/**
 * Decides anew what is on the record, by another version: exact, since a line holds everything that its decision rested on. What
 * an outside decision point took away then counts as decided: what it would say today nobody knows.
 */
export async function replay(
  store: Pick<Store, 'auditSearch'>,
  index: AccessIndex,
  window: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly after?: number | undefined;
    readonly limit: number;
  },
): Promise<ReplayPage> {
  const { fromMs, toMs, after, limit } = window;
  const { rows, next } = await searchRecord(store, { kind: ['decision', 'issuance'], fromMs, toMs }, { limit, after });
  const records = rows.map(readRecord);
  const verdicts = records.map((record) => decideAgain(record, index));
  const changed = verdicts.filter((verdict) => typeof verdict === 'object');
  const countOf = (wanted: ReplayChange) => changed.filter(({ change }) => change === wanted).length;
  const same = verdicts.filter((verdict) => verdict === 'same').length;
  const reachedMs = records.at(-1)?.timeMs;
  return {
    total: changed.length + same,
    gained: countOf('gained'),
    letIn: changed.filter(({ change, before }) => change === 'gained' && before.length === 0).length,
    lost: countOf('lost'),
    shutOut: changed.filter(({ change, after }) => change === 'lost' && after.length === 0).length,
    again: countOf('again'),
    same,
    unknown: verdicts.filter((verdict) => verdict === 'unknown').length,
    changed,
    ...(reachedMs !== undefined && { reachedMs }),
    ...(next !== undefined && { next }),
  };
}

function decideAgain(record: ReadRecord, index: AccessIndex): Verdict {
  // A line of another domain, or one on which policy was never asked.
  if (record.policy?.kind !== 'access' || !record.decision) return 'none';
  const ask = toRecordedAsk(record);
  const before = decidedThen(record);
  if (!ask || !before || !isComputable(index, ask)) return 'unknown';
  const { effect, scopes } = decide(index, ask);
  const after = { asksAgain: asksAgain(effect), scopes: effect === 'allow' ? scopes : [] };
  const change = changeOf(before, after);
  if (change === undefined) return 'same';
  const { id, timeMs } = record;
  const { person, client, server } = ask;
  return { id, timeMs, person: person.id, client, server, change, before: before.scopes, after: after.scopes };
}

/** What policy says, as far as two decisions can differ for whoever asks. */
interface Outcome {
  /** Nothing is given now, and a fresh sign-in would change that. */
  readonly asksAgain: boolean;
  readonly scopes: readonly string[];
}

function changeOf(before: Outcome, after: Outcome): ReplayChange | undefined {
  if (after.asksAgain) return before.asksAgain ? undefined : 'again';
  if (before.scopes.some((scope) => !after.scopes.includes(scope))) return 'lost';
  if (after.scopes.some((scope) => !before.scopes.includes(scope))) return 'gained';
  return before.asksAgain ? 'lost' : undefined;
}

function asksAgain(effect: Effect | undefined): boolean {
  return effect === 'step_up' || effect === 'bind_key';
}

/** What policy had decided; `undefined` where the line does not say: it was refused afterwards, for something else. */
function decidedThen({ decision, scopesGranted, withheldOutside }: ReadRecord): Outcome | undefined {
  if (decision?.effect !== 'allow') return { asksAgain: asksAgain(decision?.effect), scopes: [] };
  if (!scopesGranted && !withheldOutside) return undefined;
  return { asksAgain: false, scopes: [...(scopesGranted ?? []), ...(withheldOutside ?? [])] };
}

/** Whether all that this version asks of a request was written down: of a key and of a session only where it counted. */
function isComputable({ clients, together }: AccessIndex, { client, server, keyBound, held }: Ask): boolean {
  if (clients.get(client)?.distributed && keyBound === undefined) return false;
  return held !== undefined || !together?.has(server);
}
