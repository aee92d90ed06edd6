import type { AuditRecord } from '../audit/record.ts';
import { toRecordedAsk } from '../changes/recorded-ask.ts';
import { type Origins, toAccessIndex } from '../in-force.ts';
import { type Explanation, explain } from '../policy/explain.ts';
import type { Store } from '../store/store.ts';

/**
 * Decides again from the version and the inputs on the record; nothing is read from today's directory. `undefined` where the
 * record is of no decision, or what it rested on was erased.
 */
export async function recompute(store: Store, record: AuditRecord, origins: Origins): Promise<Explanation | undefined> {
  const ask = toRecordedAsk(record);
  const version = ask && record.policy && (await store.policies.read('access', record.policy.version));
  return ask && version ? explain(toAccessIndex(version, origins), ask) : undefined;
}
