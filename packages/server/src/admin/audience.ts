import { setImmediate } from 'node:timers/promises';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { countOnce, endsOn } from '../changes/counted.ts';
import { type Alike, createClasses, type Granted, grantedTo, personOf, tellingSubjects } from '../policy/audience.ts';
import type { AccessIndex } from '../policy/compile.ts';
import { splitSubject } from '../policy/compile-rules.ts';
import type { AccessServer } from '../policy/model.ts';
import type { Store } from '../store/store.ts';

/** People who are alike at a server, and what they get there. */
export interface Audience extends Alike {
  readonly granted: readonly Granted[];
}

/** Members read in one go, and classes judged before others have a turn. */
const [readLength, turn] = [2000, 200];

/**
 * Who reaches a server, and how: people as the directory has them now, sorted into classes that no rule there tells apart, and
 * one decision for each class and client. Costs what the members of the groups that the rules name cost, never all people.
 */
async function audienceOf(
  { directory, people, peopleAdmin }: Pick<Store, 'directory' | 'people' | 'peopleAdmin'>,
  index: AccessIndex,
  server: AccessServer,
  now: EpochSeconds,
): Promise<readonly Audience[]> {
  const classes = createClasses();
  for (const subject of tellingSubjects(index, server.id)) {
    const [kind, id] = splitSubject(subject);
    if (kind === 'everyone') continue;
    if (kind === 'user') {
      if ((await people.find(id))?.active) classes.add(id, subject);
      continue;
    }
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await directory.groups.activeMembers(kind, id, after, readLength);
      for (const person of page) classes.add(person, subject);
      after = page.length < readLength ? undefined : page.at(-1);
      await setImmediate();
    }
  }
  const found: Audience[] = [];
  for (const [at, alike] of classes.all(await peopleAdmin.count()).entries()) {
    const granted = grantedTo(index, { person: personOf(alike.subjects), server, now });
    if (granted.length > 0) found.push({ ...alike, granted });
    if (at % turn === turn - 1) await setImmediate();
  }
  return found;
}

/** The same for all who ask while it is being worked out: it reads whole groups. */
export function audienceShared(
  store: Parameters<typeof audienceOf>[0],
  index: AccessIndex,
  server: AccessServer,
  now: EpochSeconds,
): ReturnType<typeof audienceOf> {
  const mine = underWay.get(index) ?? new Map<string, ReturnType<typeof audienceOf>>();
  underWay.set(index, mine);
  const known = mine.get(server.id);
  if (known) return known;
  const made = audienceOf(store, index, server, now).finally(() => mine.delete(server.id));
  mine.set(server.id, made);
  return made;
}

const underWay = new WeakMap<AccessIndex, Map<string, ReturnType<typeof audienceOf>>>();

/** What stands for one server of an index where something is counted of it. */
const serversOf = new WeakMap<AccessIndex, Map<string, object>>();

/** How many people have anything at a server, through any client: counted once for as long as nothing about them is another. */
export async function countReach(
  store: Parameters<typeof audienceOf>[0] & Pick<Store, 'changeSequence' | 'population'>,
  index: AccessIndex,
  server: AccessServer,
  { now, mayLagSeconds = 0 }: { readonly now: EpochSeconds; readonly mayLagSeconds?: number },
): Promise<number> {
  const mine = serversOf.get(index) ?? new Map<string, object>();
  serversOf.set(index, mine);
  const about = mine.get(server.id) ?? {};
  mine.set(server.id, about);
  const count = async () => {
    const audience = await audienceShared(store, index, server, now);
    return audience.reduce((sum, { size }) => sum + size, 0);
  };
  return countOnce(store, now, { about, ends: () => endsOn(index, server.id), count, mayLagSeconds });
}

/** How many people get anything, each counted once, by what `namesOf` tells of what they get. */
export function countPeople(
  audience: readonly Audience[],
  namesOf: (one: Audience) => Iterable<string>,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const one of audience) {
    for (const name of new Set(namesOf(one))) counts.set(name, (counts.get(name) ?? 0) + one.size);
  }
  return counts;
}
