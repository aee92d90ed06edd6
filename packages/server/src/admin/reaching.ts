import type { EpochSeconds } from '@credence/mcp/protocol';
import { type Granted, grantedTo, personOf, tellingSubjects } from '../policy/audience.ts';
import type { AccessIndex } from '../policy/compile.ts';
import { splitSubject } from '../policy/compile-rules.ts';
import type { AccessServer } from '../policy/model.ts';
import { giving, type PathView, subjectsOfPerson } from '../policy/paths.ts';
import type { Person, Store } from '../store/store.ts';

/** Of whom a review tells. Each member narrows it. */
export interface ReachingFilter {
  readonly client?: string | undefined;
  readonly scope?: string | undefined;
  /** Only what was not used since then, in milliseconds since 1970. */
  readonly unusedSinceMs?: number | undefined;
}

/** Whose reach is looked for, and by what. */
export interface Reaching extends ReachingFilter {
  readonly store: Pick<Store, 'peopleAdmin' | 'people' | 'uses'>;
  readonly index: AccessIndex;
  readonly server: AccessServer;
  readonly now: EpochSeconds;
  /** Nobody but owners hears of the break-glass account (T30): its id. */
  readonly hidden: string | undefined;
}

/** Somebody who reaches the server: through which clients, and because of whom the rules name. */
export interface ReachingPerson {
  readonly person: Person;
  readonly by: readonly string[];
  readonly granted: readonly (Granted & { readonly lastMs: number | undefined })[];
}

/** Where a walk stands: at whom the rules name, after this e-mail address. */
export interface Place {
  readonly subject: string;
  readonly after: string;
}

/** Whether a walk can go on there: rules end between two pages, and then nobody may be named any more whom it stands at. */
export function isOnTheWay(asked: Reaching, { subject }: Place): boolean {
  return givenTo(asked).includes(subject);
}

/** Where a walk begins; `undefined` = nobody can be found at all. */
export function firstPlace(asked: Reaching): Place | undefined {
  const [subject] = givenTo(asked);
  return subject === undefined ? undefined : { subject, after: '' };
}

/**
 * Some people who reach a server, and where to go on; from the groups that its rules name to their members, never through everybody
 * unless a rule names everybody. Each person comes once, with the first group that lets them in.
 * @param place - on the way ({@link isOnTheWay})
 * @param limit - people looked at; fewer may reach it
 */
export async function reachingFrom(
  asked: Reaching,
  { subject, after }: Place,
  limit: number,
): Promise<{ readonly found: readonly ReachingPerson[]; readonly next: Place | undefined }> {
  const subjects = givenTo(asked);
  const at = subjects.indexOf(subject);
  // A list that breaks off must not look like a whole one.
  if (at < 0) throw new Error(`nothing is given to ${subject} any more`);
  const people = await membersOf(asked, subject, after, limit);
  const earlier = new Set(subjects.slice(0, at));
  const fresh = people.filter((person) => !subjectsOfPerson(person).some((one) => earlier.has(one)));
  const found = await judge(asked, fresh);
  const last = people.length === limit ? people.at(-1) : undefined;
  if (last) return { found, next: { subject, after: last.email.toLowerCase() } };
  const following = subjects[at + 1];
  return { found, next: following === undefined ? undefined : { subject: following, after: '' } };
}

/** Whom rules give anything that is looked for, in an order that is the same for as long as the document is. */
export function givenTo({ index, ...view }: { readonly index: AccessIndex } & PathView): readonly string[] {
  const given = new Set(giving(index, view).flatMap(({ to }) => to));
  if (given.has('everyone')) return ['everyone'];
  // By where a subject is first named at all: rules end between two pages, and none of the others must move for it.
  const named = new Set(index.rules.get(view.server.id)?.all.flatMap(({ to }) => to));
  return [...named].filter((subject) => given.has(subject));
}

async function membersOf(
  { store, hidden }: Reaching,
  subject: string,
  after: string,
  limit: number,
): Promise<readonly Person[]> {
  const [kind, id] = splitSubject(subject);
  if (kind === 'user') {
    const person = after === '' && id !== hidden ? await store.people.find(id) : undefined;
    return person?.active ? [person] : [];
  }
  const filter = { active: true, withoutBreakGlass: hidden !== undefined, ...(kind !== 'everyone' && { [kind]: id }) };
  return store.peopleAdmin.find(filter, { after, limit });
}

/** One decision for each kind of people whom no rule on the server tells apart, and each client. */
async function judge(asked: Reaching, people: readonly Person[]): Promise<readonly ReachingPerson[]> {
  const { store, index, server, client, scope, unusedSinceMs, now } = asked;
  const telling = new Set(tellingSubjects(index, server.id));
  const known = new Map<string, readonly Granted[]>();
  const grantedOf = (own: readonly string[]) => {
    const key = own.join('\n');
    const granted =
      known.get(key) ??
      grantedTo(index, { person: personOf(own), server, now }).filter(
        (one) => (client === undefined || one.client === client) && (scope === undefined || one.scopes.includes(scope)),
      );
    known.set(key, granted);
    return granted;
  };
  const uses = await store.uses.lastUses(
    server.id,
    people.map(({ id }) => id),
  );
  const lastUse = new Map(uses.map((use) => [`${use.person}\n${use.client}`, use.lastMs]));
  return people.flatMap((person) => {
    const own = subjectsOfPerson(person).filter((subject) => telling.has(subject));
    const used = grantedOf(own).map((one) => ({ ...one, lastMs: lastUse.get(`${person.id}\n${one.client}`) }));
    const granted = used.filter(({ lastMs = 0 }) => unusedSinceMs === undefined || lastMs < unusedSinceMs);
    return granted.length > 0 ? [{ person, by: own.length > 0 ? own : ['everyone'], granted }] : [];
  });
}
