import { splitSubject } from '../compile-rules.ts';
import type { Ask } from '../model.ts';
import type { AffectedServer } from './affected.ts';

/** Who there is, as far as a change can concern them. People are numbers here: 0, 1, 2, ... */
export interface Population {
  /** Everybody who is active. */
  readonly total: number;
  /** How many of them are in any of the groups that were loaded. */
  readonly known: number;
  /** Active members of each subject, `everyone` aside. */
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
  readonly others?: ReadonlySet<number>;
}

/** The classes of those on whom the change of this server can bear. */
export function classesOn({ relevant, touched }: AffectedServer, population: Population): readonly PersonClass[] {
  const subjects = [...relevant].filter((subject) => subject !== 'everyone');
  const marks = new Map<number, string>();
  for (const [at, subject] of subjects.entries()) {
    for (const person of population.members.get(subject) ?? []) {
      const mark = marks.get(person);
      marks.set(person, mark === undefined ? String(at) : `${mark},${at}`);
    }
  }
  const byMark = new Map<string, number[]>();
  for (const [person, mark] of marks) {
    const same = byMark.get(mark);
    if (same) same.push(person);
    else byMark.set(mark, [person]);
  }
  const concernsAll = touched.has('everyone');
  const classes = [...byMark].flatMap(([mark, people]) => {
    const own = new Set(mark.split(',').map((at) => subjects[Number(at)] ?? ''));
    if (!concernsAll && ![...own].some((subject) => touched.has(subject))) return [];
    return [{ subjects: own, person: toPerson(own), size: people.length, people }];
  });
  if (!concernsAll || population.total <= marks.size) return classes;
  const none: ReadonlySet<string> = new Set();
  const rest = { subjects: none, person: toPerson(none), size: population.total - marks.size, people: [] };
  return [...classes, { ...rest, others: new Set(marks.keys()) }];
}

function toPerson(subjects: ReadonlySet<string>): Ask['person'] {
  const named = [...subjects].map(splitSubject);
  const of = (kind: string) => named.filter(([each]) => each === kind).map(([, id]) => id);
  return { id: of('user')[0] ?? '', groups: of('group'), roles: of('role') };
}
