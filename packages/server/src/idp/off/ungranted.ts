import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from '../../policy/compile.ts';
import { isGrantedAnything } from '../../policy/grants.ts';
import type { Bulletin } from '../../store/off.ts';
import type { Store } from '../../store/store.ts';
import type { Work } from './reader.ts';

/**
 * PRV-02: whoever has lost the last membership that granted them anything has no business being signed in. Sessions and refresh
 * tokens end; what was exchanged is judged anew each time anyway.
 */
export async function endIfUngranted(
  { people, artifacts }: Pick<Store, 'people' | 'artifacts'>,
  policy: AccessIndex,
  personId: string,
  now: EpochSeconds,
): Promise<void> {
  const person = await people.find(personId);
  if (person && !isGrantedAnything(policy, person, now)) await artifacts.endSessionsOf(personId, 'policy');
}

/** Does that for everybody who has left a group or role, whoever took them out: a command, a source, an upstream at sign-in. */
export function endingOfUngranted(
  store: Pick<Store, 'people' | 'artifacts'>,
  policy: () => AccessIndex,
  now: () => EpochSeconds,
): Work<Bulletin> {
  return async (page) => {
    const left = new Set(page.filter(({ membership }) => membership !== undefined).map(({ personId }) => personId));
    for (const personId of left) await endIfUngranted(store, policy(), personId, now());
    return { until: page.at(-1)?.position ?? 0, records: [], isStuck: false };
  };
}
