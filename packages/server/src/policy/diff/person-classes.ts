import { splitSubject } from '../compile-rules.ts';
import type { Ask } from '../model.ts';
import type { AffectedServer } from './affected.ts';

/** Who there is, as far as a change can concern them. People are numbers here: 0, 1, 2, ... */
export interface Population {
  /** Everybody who is active. */
  readonly total: number;
  /** How many of them are in any of the groups that were loaded. */
  readonly known: number;
  /** Active members of each subject, `everyone` aside, each once. */
  readonly members: ReadonlyMap<string, readonly number[]>;
}

/** People whom no rule on the server tells apart. */
export interface PersonClass {
  readonly subjects: ReadonlySet<string>;
  /** One of them, as a decision sees them. */
  readonly person: Ask['person'];
  readonly size: number;
  readonly people: readonly number[];
  /** Of the class of all who are in none of the groups: the people who are in one. */
  readonly others?: readonly number[];
}

/**
 * Sorts people into those whom no rule on a server tells apart. Made once, and asked for one server after the other: it costs what the
 * members of the groups that the rules there name cost.
 */
export function createSorter({ total, known, members }: Population) {
  /** Of each person the class they are in, while a server is being worked on; 0 = in no group. */
  const classOf = new Int32Array(known);

  /** The classes of those on whom the change of this server can bear. */
  return ({ relevant, touched }: AffectedServer): readonly PersonClass[] => {
    const marked: number[] = [];
    const kinds = [[] as string[]];
    for (const subject of relevant) {
      // Whoever is in a class and in this group goes on into another; the rest stays.
      const goesInto: (number | undefined)[] = [];
      for (const person of subject === 'everyone' ? [] : (members.get(subject) ?? [])) {
        const from = classOf[person] as number;
        let to = goesInto[from];
        if (to === undefined) {
          to = kinds.push([...(kinds[from] ?? []), subject]) - 1;
          goesInto[from] = to;
        }
        if (from === 0) marked.push(person);
        classOf[person] = to;
      }
    }
    const concernsAll = touched.has('everyone');
    const isMeant = kinds.map((own) => concernsAll || own.some((subject) => touched.has(subject)));
    const people = kinds.map(() => [] as number[]);
    for (const person of marked) {
      const at = classOf[person] as number;
      if (isMeant[at]) people[at]?.push(person);
      classOf[person] = 0;
    }
    const classes = people.flatMap((some, at): PersonClass[] => {
      if (some.length === 0) return [];
      const own = new Set(kinds[at]);
      return [{ subjects: own, person: toPerson(own), size: some.length, people: some }];
    });
    // Who is in none of the groups is touched by what touches everybody, and by nothing else.
    if (!concernsAll || marked.length === total) return classes;
    const none: ReadonlySet<string> = new Set();
    const rest = { subjects: none, person: toPerson(none), size: total - marked.length, people: [] };
    return [...classes, { ...rest, others: marked }];
  };
}

function toPerson(subjects: ReadonlySet<string>): Ask['person'] {
  const named = [...subjects].map(splitSubject);
  const of = (kind: string) => named.filter(([each]) => each === kind).map(([, id]) => id);
  return { id: of('user')[0] ?? '', groups: of('group'), roles: of('role') };
}
