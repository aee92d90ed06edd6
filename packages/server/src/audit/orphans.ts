import type { Shown } from '../store/audit-orphans.ts';
import type { AuditRow, Store, StoredAuditRow } from '../store/store.ts';
import { readRecord } from './personal.ts';
import { type AuditRecord, toRow } from './record.ts';

/** Issuers of the roles whose record is in this store; only of those can anything be missing from it. */
export interface WatchedOrigins {
  readonly idp: string | undefined;
  readonly ras: string | undefined;
}

export interface OrphanWatch {
  readonly store: Store;
  readonly origins: WatchedOrigins;
  readonly nowMs: () => number;
  readonly newId: () => string;
  /** Told once for each, by the one process that has put it on the record. */
  readonly onOrphan: (alert: AuditRecord) => void;
}

/** Lines looked at in one step. */
const stepLength = 400;

/**
 * Looks for ID-JAGs of our own that were redeemed, and access tokens of our own that were used, without ever having been given
 * out: whoever shows one has our key (T13). Both are on the record before they leave the process, so that this is never a
 * matter of time. Of other issuers nothing is said: what they issue is on their record.
 */
export async function lookForOrphans(watch: OrphanWatch, pause: () => Promise<unknown>): Promise<void> {
  const watched: Shown[] = [];
  if (watch.origins.idp !== undefined) watched.push('id_jag');
  if (watch.origins.ras !== undefined) watched.push('access_token');
  for (const shown of watched) {
    for (;;) {
      const { alerts, isMore } = await watch.store.orphans.lookFurther(
        shown,
        stepLength,
        (alone) => toAlerts(watch, shown, alone),
        shown === 'id_jag' ? watch.origins.idp : undefined,
      );
      for (const alert of alerts) watch.onOrphan(readRecord(alert));
      if (!isMore) break;
      await pause();
    }
  }
}

/** One alert for each that nobody has raised one for. */
async function toAlerts(watch: OrphanWatch, shown: Shown, alone: readonly StoredAuditRow[]): Promise<AuditRow[]> {
  const alerts = new Map<string, AuditRow>();
  for (const row of alone) {
    const line = readRecord(row);
    const jti = shown === 'id_jag' ? line.idJag : line.accessToken;
    if (jti === undefined || alerts.has(jti) || line.outcome !== 'allowed') continue;
    if (shown === 'id_jag' && line.issuer !== watch.origins.idp) continue;
    if (await isKnown(watch.store, shown, jti)) continue;
    alerts.set(jti, toRow(toAlert(watch, shown, line)));
  }
  return [...alerts.values()];
}

async function isKnown({ audit }: Store, shown: Shown, jti: string): Promise<boolean> {
  const lines = await audit.findByToken(jti);
  return lines.some((line) => readRecord(line).orphan === shown);
}

function toAlert({ nowMs, newId }: OrphanWatch, orphan: Shown, line: AuditRecord): AuditRecord {
  const { client, server, person, subject, idJag, accessToken, issuer } = line;
  const what =
    orphan === 'id_jag'
      ? 'an ID-JAG of our own was redeemed that was never issued'
      : 'an access token of our own was used that was never given out';
  return {
    v: 2,
    id: newId(),
    kind: 'alert',
    domain: 'system',
    timeMs: nowMs(),
    outcome: 'allowed',
    orphan,
    ...(client !== undefined && { client }),
    ...(server !== undefined && { server }),
    ...(person !== undefined && { person }),
    ...(subject !== undefined && { subject }),
    ...(issuer !== undefined && { issuer }),
    ...(idJag !== undefined && { idJag }),
    ...(accessToken !== undefined && { accessToken }),
    detail: `${what}: somebody has the key, or the record was changed (${line.id})`,
  };
}
