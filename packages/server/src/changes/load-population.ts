import { setImmediate } from 'node:timers/promises';
import { splitSubject } from '../policy/compile-rules.ts';
import { type AffectedServer, subjectsToLoad } from '../policy/diff/affected.ts';
import type { Population } from '../policy/diff/person-classes.ts';
import type { Store } from '../store/store.ts';

const page = 10_000;

/** From so many groups on it is quicker to read first who is active at all. */
const many = 50;

/** Who is in the groups and roles that a change can bear on, page by page: others are served meanwhile. */
export async function loadPopulation(
  { population, people }: Pick<Store, 'population' | 'people'>,
  affected: readonly AffectedServer[],
): Promise<Population> {
  const subjects = subjectsToLoad(affected);
  const isMany = subjects.size >= many;
  const active = new Set<string>();
  for await (const some of isMany ? pages(population.active) : []) for (const person of some) active.add(person);
  const read = isMany ? population.allMembers : population.members;

  const numbers = new Map<string, number>();
  const members = new Map<string, number[]>();
  const numberOf = (id: string) => {
    const known = numbers.get(id);
    if (known === undefined) numbers.set(id, numbers.size);
    return known ?? numbers.size - 1;
  };
  for (const subject of subjects) {
    const [kind, id] = splitSubject(subject);
    const ids: number[] = [];
    members.set(subject, ids);
    if (kind === 'everyone') continue;
    if (kind === 'user') {
      if ((await people.find(id))?.active) ids.push(numberOf(id));
      continue;
    }
    for await (const some of pages((after, limit) => read(kind, id, after, limit))) {
      for (const person of some) if (!isMany || active.has(person)) ids.push(numberOf(person));
    }
  }
  return { total: await population.count(), known: numbers.size, members };
}

async function* pages(
  read: (after: string, limit: number) => Promise<readonly string[]>,
): AsyncGenerator<readonly string[]> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const some = await read(after, page);
    yield some;
    after = some.length < page ? undefined : some.at(-1);
    await setImmediate();
  }
}
