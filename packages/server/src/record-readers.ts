import { setImmediate } from 'node:timers/promises';
import { lookForOrphans, type OrphanWatch } from './audit/orphans.ts';
import { eventId } from './call.ts';
import type { Config } from './config.ts';
import { every, type ProcessParts } from './serve.ts';
import type { Store } from './store/store.ts';

/** How often the record is looked at for new lines: while what was just written is at hand still (ADR 0050). */
const readMs = 1000;

/** Whose record it is, and who is told. */
interface ReaderParts extends Pick<ProcessParts, 'store' | 'log'> {
  readonly config: Pick<Config, 'roles'> & Record<'idp' | 'ras', { readonly issuer: string }>;
  readonly edge: Pick<ProcessParts['edge'], 'nowMs'>;
}

/**
 * What is read in the record after the answers: to find lines by what they say, to find those that stand alone (T13), and to tell
 * people what acted for them.
 */
export function openRecordReaders(opened: AsyncDisposableStack, parts: ReaderParts): void {
  const watch = toOrphanWatch(parts);
  every(opened, readMs, () => indexRecord(parts.store), parts.log);
  every(opened, readMs, () => lookForOrphans(watch, setImmediate), parts.log);
  if (parts.config.roles.has('idp')) every(opened, readMs, () => gatherAgentUses(parts.store), parts.log);
}

async function indexRecord({ auditSearch }: Store): Promise<void> {
  while ((await auditSearch.indexFurther()) > 0) await setImmediate();
}

/** Lines at a time: whoever waits for the store meanwhile waits for milliseconds. */
const usesAtOnce = 4096;

/** What is written meanwhile is for the next time: lines that never cease to come would be read by the handful. */
export async function gatherAgentUses({ agentUses }: Pick<Store, 'agentUses'>): Promise<void> {
  while ((await agentUses.catchUp(usesAtOnce)) === usesAtOnce) await setImmediate();
}

/** What is ours is looked for on our record; of roles that others play, in installations of their own, nothing is known here. */
function toOrphanWatch({ config: { roles, idp, ras }, store, edge, log }: ReaderParts): OrphanWatch {
  return {
    store,
    origins: { idp: roles.has('idp') ? idp.issuer : undefined, ras: roles.has('ras') ? ras.issuer : undefined },
    nowMs: edge.nowMs,
    newId: () => eventId('a_'),
    onOrphan: ({ id, orphan, idJag, accessToken, client, server }) =>
      log.error(
        { record: id, orphan, idJag, accessToken, client, server },
        'shown, and never given out: who has our key?',
      ),
  };
}
