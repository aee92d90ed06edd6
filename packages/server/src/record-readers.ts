import { setImmediate } from 'node:timers/promises';
import { lookForOrphans, type OrphanWatch } from './audit/orphans.ts';
import { eventId } from './call.ts';
import { every, type ProcessParts } from './serve.ts';
import type { Store } from './store/store.ts';

/** How often the record is looked at for new lines. */
const readMs = 1000;

/** What is read in the record after the answers: to find lines by what they say, and to find those that stand alone (T13). */
export function openRecordReaders(opened: AsyncDisposableStack, parts: ProcessParts): void {
  const watch = toOrphanWatch(parts);
  every(opened, readMs, () => indexRecord(parts.store), parts.log);
  every(opened, readMs, () => lookForOrphans(watch, setImmediate), parts.log);
}

async function indexRecord({ auditSearch }: Store): Promise<void> {
  while ((await auditSearch.indexFurther()) > 0) await setImmediate();
}

/** What is ours is looked for on our record; of roles that others play, in installations of their own, nothing is known here. */
function toOrphanWatch({ config: { roles, idp, ras }, store, edge, log }: ProcessParts): OrphanWatch {
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
