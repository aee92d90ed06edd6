import type { AuditRecord } from '../audit/record.ts';
import type { Ask } from '../policy/model.ts';

/** What was decided, from the record alone: nothing of today's directory. `undefined` where it is of no decision, or was erased. */
export function toRecordedAsk({
  policy,
  inputs,
  person,
  client,
  server,
  scopesAsked,
  detailsAsked,
  address,
}: AuditRecord): Ask | undefined {
  if (policy?.kind !== 'access' || !inputs || !person || !client || !server) return undefined;
  const { groups, roles, acr, amr, authTime, now, keyBound, held } = inputs;
  return {
    person: { id: person, groups, roles },
    client,
    server,
    scopes: scopesAsked,
    ...(detailsAsked && { details: detailsAsked }),
    acr,
    amr,
    authTime,
    now,
    keyBound,
    held,
    address,
  };
}
