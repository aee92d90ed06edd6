import type { EpochSeconds } from '@credence/mcp/protocol';
import { mostSkewSeconds } from '../config-schema.ts';
import type { Store } from './store.ts';

/** What time it is, for what removes by age: of this machine's clock and the database's the one that keeps more. */
export async function readNowMs(store: Pick<Store, 'clockMs'>): Promise<number> {
  return Math.min(Date.now(), (await store.clockMs()) ?? Number.POSITIVE_INFINITY);
}

/**
 * What has its last second before this may be forgotten: another node, whose clock is behind by no more than is allowed, would
 * still take it (RAS-12).
 */
export async function readPurgeTime(store: Pick<Store, 'clockMs'>): Promise<EpochSeconds> {
  return Math.floor((await readNowMs(store)) / 1000) - mostSkewSeconds;
}
