import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { beginEpoch } from './epoch.ts';
import type { InForce } from './in-force.ts';
import type { OpenStore } from './open-store.ts';
import type { Store } from './store/store.ts';

/** Of several nodes that notice at once one comes first, and the others find its epoch. */
const spreadMs = 2000;

/**
 * Where the database has forgotten what it confirmed (T22) nothing is answered until everything that was issued before has ended:
 * one of the nodes that noticed begins a new epoch, and then all go on.
 * @param open - another way into the same database, which remembers nothing
 * @param inForce - has to know the epoch before anything is answered again: what it knew until then would still count
 */
export async function recoverForgotten(
  store: OpenStore,
  open: () => Promise<Store>,
  inForce: Pick<InForce, 'adopt'>,
  log: Pick<Logger, 'error' | 'warn'>,
  nowMs: () => number,
): Promise<void> {
  if (!store.hasForgotten?.()) return;
  const noticedMs = nowMs();
  log.error('the database has forgotten what it confirmed: nothing is answered until a new epoch has begun');
  await wait(Math.random() * spreadMs);
  const other = await open();
  try {
    const { since } = await other.epoch.read();
    if (since * 1000 < noticedMs) {
      const reason = 'the database has forgotten what it confirmed, as after a fail-over to a standby that lagged';
      await beginEpoch(other, { reason, by: 'credence serve', askedMs: noticedMs }, nowMs());
    }
    inForce.adopt(await other.epoch.read());
  } finally {
    await other.close();
  }
  store.goOn?.();
  log.warn('a new epoch has begun: what was issued before has ended');
}
