import type { AuditRecord } from '../audit/record.ts';
import { type Origins, toAccessIndex } from '../in-force.ts';
import { type Explanation, explain } from '../policy/explain.ts';
import type { Ask } from '../policy/model.ts';
import type { Store } from '../store/store.ts';

/**
 * Decides again from the version and the inputs on the record; nothing is read from today's directory. `undefined` where the
 * record is of no decision, or what it rested on was erased.
 */
export async function recompute(store: Store, record: AuditRecord, origins: Origins): Promise<Explanation | undefined> {
  const { policy, inputs, person, client, server } = record;
  if (policy?.kind !== 'access' || !inputs || !person || !client || !server) return undefined;
  const version = await store.policies.read('access', policy.version);
  if (!version) return undefined;
  const { groups, roles, acr, amr, authTime, now, keyBound, held } = inputs;
  const ask: Ask = {
    person: { id: person, groups, roles },
    client,
    server,
    scopes: record.scopesAsked,
    ...(record.detailsAsked && { details: record.detailsAsked }),
    acr,
    amr,
    authTime,
    now,
    keyBound,
    held,
    address: record.address,
  };
  return explain(toAccessIndex(version, origins), ask);
}
