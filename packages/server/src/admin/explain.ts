import type { AuditRecord } from '../audit/record.ts';
import { decideAgain } from '../changes/decide-again.ts';
import type { Origins } from '../in-force.ts';
import type { Explanation } from '../policy/explain.ts';
import type { Store } from '../store/store.ts';

/** {@link decideAgain}, as far as it is told. */
export async function recompute(store: Store, record: AuditRecord, origins: Origins): Promise<Explanation | undefined> {
  return (await decideAgain(store, record, origins))?.explanation;
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
