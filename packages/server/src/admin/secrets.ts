import { randomBytes } from 'node:crypto';
import { type EpochSeconds, no, ok, type Result } from '@credence/mcp/protocol';
import { hashSecret } from '../clients/authenticate.ts';
import type { AuditRow, ClientSecret, Domain, Store } from '../store/store.ts';

/** Two secrets may live at once, so that one can be replaced without an outage (KEY-09). */
export const maxSecrets = 2;

type ToRow = (detail: string, facts: { client: string }) => AuditRow;

/** Makes a secret for a client, on the record in the same step; its value is given away once. */
export async function makeSecret(
  store: Store,
  { domain, clientId, now }: { readonly domain: Domain; readonly clientId: string; readonly now: EpochSeconds },
  toRow: ToRow,
): Promise<Result<{ readonly value: string; readonly secret: ClientSecret }>> {
  const value = randomBytes(32).toString('base64url');
  const secret = { domain, clientId, secretHash: hashSecret(value), createdAt: now };
  const records = [toRow(`secret made for ${clientId} at the ${domain}`, { client: clientId })];
  const isAdded = await store.credentials.add(secret, { most: maxSecrets, records });
  return isAdded ? ok({ value, secret }) : no('api_conflict');
}

/** Resolves false where the client has no such secret. */
export async function removeSecret(
  store: Store,
  {
    domain,
    clientId,
    fingerprint,
  }: { readonly domain: Domain; readonly clientId: string; readonly fingerprint: string },
  toRow: ToRow,
): Promise<boolean> {
  const found = (await store.credentials.all(domain)).find(
    (secret) => secret.clientId === clientId && toFingerprint(secret.secretHash) === fingerprint,
  );
  if (!found) return false;
  const detail = `secret ${fingerprint} of ${clientId} removed at the ${domain}`;
  return store.credentials.remove(domain, clientId, found.secretHash, [toRow(detail, { client: clientId })]);
}

/** Enough of the hash to tell two secrets apart. */
export function toFingerprint(secretHash: string): string {
  return secretHash.slice(0, 12);
}
