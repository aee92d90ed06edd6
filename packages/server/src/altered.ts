import type { Logger } from 'pino';
import { toRow } from './audit/record.ts';
import { eventId } from './call.ts';
import type { Role } from './config-schema.ts';
import { Problem } from './problem.ts';
import { type CoveredName, coveredNames, StoreAltered } from './store/digests.ts';
import type { Store } from './store/store.ts';

/** Says that the store was altered (T24), in the log and on the record: once for each part, until it is as it was again. */
export interface AlteredAlarm {
  raise(altered: StoreAltered): Promise<void>;
  /** Looks at what nobody may be loading just now. */
  look(): Promise<void>;
  /** Runs a step of the start; what was altered becomes a problem that says what to do. */
  guard<T>(step: () => Promise<T>): Promise<T>;
}

const ofAdministration: ReadonlySet<CoveredName> = new Set(['administrators', 'drafts']);

export function createAlteredAlarm(store: Store, log: Logger, roles: ReadonlySet<Role>): AlteredAlarm {
  const told = new Map<CoveredName, string>();
  // Who administers, and what they draft, is read by the parts that let administrators in, and by no others.
  const only = coveredNames.filter((name) => !ofAdministration.has(name) || roles.has('idp') || roles.has('admin'));

  const say = async (what: CoveredName, why: string) => {
    if (told.get(what) === why) return;
    log.error({ altered: what, why }, 'the store was altered behind our back: nothing of it is used');
    const detail = `${why} Nothing of it is used; look with credence policy verify`;
    const alert = { v: 2, id: eventId('a_'), kind: 'alert', domain: 'system', outcome: 'allowed', detail } as const;
    await store.commit({ marks: [], records: [toRow({ ...alert, timeMs: Date.now() })] });
    told.set(what, why);
  };
  return {
    raise: ({ what, message }) => say(what, message),
    async look() {
      for (const { name, fault } of await store.digests.verify({ only })) {
        if (fault !== undefined) await say(name, fault);
        else if (told.delete(name))
          log.warn({ altered: name }, 'what was altered in the store is as it was written again');
      }
    },
    async guard(step) {
      try {
        return await step();
      } catch (error) {
        if (!(error instanceof StoreAltered)) throw error;
        await say(error.what, error.message);
        throw new Problem(error.message, wayOut);
      }
    },
  };
}

const wayOut =
  'Somebody wrote to the store by another way. Look with: credence policy verify   then restore a backup: docs/operate/altered-store.md.';
