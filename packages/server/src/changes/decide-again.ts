import type { AuditRecord } from '../audit/record.ts';
import { type Origins, toAccessIndex } from '../in-force.ts';
import type { AccessIndex } from '../policy/compile.ts';
import type { Rule } from '../policy/compile-rules.ts';
import { type Explanation, explain } from '../policy/explain.ts';
import type { Store } from '../store/store.ts';
import { toRecordedAsk } from './recorded-ask.ts';

/** A decision made anew, and the version it was made with. */
export interface Again {
  readonly index: AccessIndex;
  readonly explanation: Explanation;
  /** Rules of that version on the server that was asked for, by id. */
  readonly rulesHere: ReadonlyMap<string, Rule>;
}

/**
 * Decides again from the version and the inputs on the record; nothing is read from today's directory. `undefined` where the
 * record is of no decision, or what it rested on was erased.
 */
export async function decideAgain(
  store: Pick<Store, 'policies'>,
  record: AuditRecord,
  origins: Origins,
): Promise<Again | undefined> {
  const ask = toRecordedAsk(record);
  const version = ask && record.policy && (await store.policies.read('access', record.policy.version));
  if (!ask || !version) return undefined;
  const index = toAccessIndex(version, origins);
  const rulesHere = new Map(index.rules.get(ask.server)?.all.map((rule) => [rule.id, rule]));
  return { index, explanation: explain(index, ask), rulesHere };
}
