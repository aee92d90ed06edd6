import { randomBytes } from 'node:crypto';
import { type EpochSeconds, no, ok, type Result } from '@credence/mcp/protocol';
import { hashSecret } from '../clients/authenticate.ts';
import type { ScimToken } from '../store/directory.ts';
import type { AuditRow, Store } from '../store/store.ts';

/** Two may live at once, so that one can be replaced without an outage (KEY-09). */
export const maxScimTokens = 2;

/** Makes a token for a provisioning client of a source that is claimed; its value is given away once. */
export async function makeScimToken(
  store: Store,
  { source, now }: { readonly source: string; readonly now: EpochSeconds },
  toRow: (detail: string, facts: { source: string }) => AuditRow,
): Promise<Result<{ readonly value: string; readonly token: ScimToken }>> {
  const value = `credence_scim_${randomBytes(32).toString('base64url')}`;
  const id = `t_${randomBytes(9).toString('base64url')}`;
  const token = { id, source, tokenHash: hashSecret(value), createdAt: now, lastUsedAt: undefined };
  const records = [toRow(`token ${id} of ${source} made`, { source })];
  const isAdded = await store.directory.scimTokens.add(token, maxScimTokens, records);
  return isAdded ? ok({ value, token }) : no('api_conflict');
}
