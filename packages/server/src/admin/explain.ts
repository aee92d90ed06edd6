import type { AuditRecord } from '../audit/record.ts';
import { toRecordedAsk } from '../changes/recorded-ask.ts';
import { type Origins, toAccessIndex } from '../in-force.ts';
import type { AccessIndex } from '../policy/compile.ts';
import type { Rule } from '../policy/compile-rules.ts';
import { type Explanation, explain } from '../policy/explain.ts';
import type { Store } from '../store/store.ts';

/** A decision made anew, and the version it was made with. */
export interface Again {
  readonly index: AccessIndex;
  readonly explanation: Explanation;
  /** Rules of that version on the server that was asked for, by id. */
  readonly rulesHere: ReadonlyMap<string, Rule>;
}

/** {@link decideAgain}, as far as it is told. */
export async function recompute(store: Store, record: AuditRecord, origins: Origins): Promise<Explanation | undefined> {
  return (await decideAgain(store, record, origins))?.explanation;
}

/**
 * Decides again from the version and the inputs on the record; nothing is read from today's directory. `undefined` where the
 * record is of no decision, or what it rested on was erased.
 */
export async function decideAgain(store: Store, record: AuditRecord, origins: Origins): Promise<Again | undefined> {
  const ask = toRecordedAsk(record);
  const version = ask && record.policy && (await store.policies.read('access', record.policy.version));
  if (!ask || !version) return undefined;
  const index = toAccessIndex(version, origins);
  const rulesHere = new Map(index.rules.get(ask.server)?.all.map((rule) => [rule.id, rule]));
  return { index, explanation: explain(index, ask), rulesHere };
}

/**
 * Whether it came to the same as what is on the record. What a decision point outside withheld is no matter of the rules.
 */
export function isSame({ decision }: Explanation, record: AuditRecord): boolean {
  const given = new Set([...(record.scopesGranted ?? []), ...(record.withheldOutside ?? [])]);
  const effect = record.decision?.effect ?? (record.outcome === 'allowed' ? 'allow' : 'deny');
  const isGivenAlike = decision.scopes.length === given.size && decision.scopes.every((scope) => given.has(scope));
  return decision.effect === effect && (effect !== 'allow' || record.outcome !== 'allowed' || isGivenAlike);
}
