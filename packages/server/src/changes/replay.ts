import { type ReadRecord, readRecord } from '../audit/personal.ts';
import { searchRecord } from '../audit/search.ts';
import type { AccessIndex } from '../policy/compile.ts';
import { decide } from '../policy/decide.ts';
import type { Ask } from '../policy/model.ts';
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
  /** Lost where anything is lost, whatever is gained beside it. */
  readonly change: 'gained' | 'lost';
  /** Scopes that were decided then, and that would be. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly signInAgain: boolean;
}

/** Some decisions, the newest first, decided again; the four figures sum to `total`. */
export interface ReplayPage {
  readonly total: number;
  readonly gained: number;
  readonly lost: number;
  readonly same: number;
  /** What it rests on was erased, or was never recorded: the draft asks for something that did not count then. */
  readonly unknown: number;
  readonly changed: readonly Replayed[];
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
  const verdicts = rows.map((row) => again(readRecord(row), index)).filter((verdict) => verdict !== 'none');
  const changed = verdicts.filter((verdict) => typeof verdict === 'object');
  const count = (wanted: Verdict) => verdicts.filter((verdict) => verdict === wanted).length;
  return {
    total: verdicts.length,
    gained: changed.filter(({ change }) => change === 'gained').length,
    lost: changed.filter(({ change }) => change === 'lost').length,
    same: count('same'),
    unknown: count('unknown'),
    changed,
    ...(next !== undefined && { next }),
  };
}

function again(record: ReadRecord, index: AccessIndex): Verdict {
  // A line of another domain, or one on which policy was never asked.
  if (record.policy?.kind !== 'access' || !record.decision) return 'none';
  const ask = toRecordedAsk(record);
  const before = decidedThen(record);
  if (!ask || !before || !isComputable(index, ask)) return 'unknown';
  const decision = decide(index, ask);
  const after = decision.effect === 'allow' ? decision.scopes : [];
  const isLost = before.some((scope) => !after.includes(scope));
  const isGained = after.some((scope) => !before.includes(scope));
  if (!isLost && !isGained) return 'same';
  const { id, timeMs } = record;
  const { person, client, server } = ask;
  const change = isLost ? 'lost' : 'gained';
  const signInAgain = decision.effect === 'step_up';
  return { id, timeMs, person: person.id, client, server, change, before, after, signInAgain };
}

/** What policy had decided; `undefined` where the line does not say: it was refused afterwards, for something else. */
function decidedThen({ decision, scopesGranted, withheldOutside }: ReadRecord): readonly string[] | undefined {
  if (decision?.effect !== 'allow') return [];
  if (!scopesGranted && !withheldOutside) return undefined;
  return [...(scopesGranted ?? []), ...(withheldOutside ?? [])];
}

/** Whether all that this version asks of a request was written down: of a key and of a session only where it counted. */
function isComputable({ clients, together }: AccessIndex, { client, server, keyBound, held }: Ask): boolean {
  if (clients.get(client)?.distributed && keyBound === undefined) return false;
  return held !== undefined || !together?.has(server);
}
