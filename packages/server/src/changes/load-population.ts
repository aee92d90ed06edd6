import { setImmediate } from 'node:timers/promises';
import { splitSubject } from '../policy/compile-rules.ts';
import { type AffectedServer, subjectsToLoad } from '../policy/diff/affected.ts';
import type { Population } from '../policy/diff/person-classes.ts';
import type { Store } from '../store/store.ts';

const page = 10_000;

/** Who is in the groups and roles that a change can bear on, page by page: others are served meanwhile. */
export async function loadPopulation(
  { population, people }: Pick<Store, 'population' | 'people'>,
  affected: readonly AffectedServer[],
): Promise<Population> {
  const numbers = new Map<string, number>();
  const members = new Map<string, number[]>();
  const numberOf = (id: string) => {
    const known = numbers.get(id) ?? numbers.size;
    numbers.set(id, known);
    return known;
  };
  for (const subject of subjectsToLoad(affected)) {
    const [kind, id] = splitSubject(subject);
    const ids: number[] = [];
    members.set(subject, ids);
    if (kind === 'everyone') continue;
    if (kind === 'user') {
      if ((await people.find(id))?.active) ids.push(numberOf(id));
      continue;
    }
    let after: string | undefined = '';
    while (after !== undefined) {
      const some: readonly string[] = await population.members(kind, id, after, page);
      for (const person of some) ids.push(numberOf(person));
      after = some.length < page ? undefined : some.at(-1);
      await setImmediate();
    }
  }
  return { total: await population.count(), known: numbers.size, members };
}
