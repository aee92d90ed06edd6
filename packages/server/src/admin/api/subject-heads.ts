import { setImmediate } from 'node:timers/promises';
import { splitSubject } from '../../policy/compile-rules.ts';
import type { GroupKind } from '../../store/directory.ts';
import type { Store } from '../../store/store.ts';

/** Whom rules can speak of, as people read it. */
export interface SubjectHead {
  /** As rules name it: `group:engineering`. */
  readonly subject: string;
  readonly kind: 'everyone' | GroupKind | 'user';
  readonly id: string;
  readonly name: string;
  /** Who owns it; `undefined` = the directory does not know it (yet). */
  readonly source: string | undefined;
}

/** Groups read in one go. */
const turn = 1000;
const order: readonly SubjectHead['kind'][] = ['everyone', 'group', 'role', 'user'];

/**
 * Every group and role of the directory, and whatever else rules speak of: everybody first, then by name. People whom rules name
 * have their id for a name.
 */
export async function subjectHeads(
  { directory }: Pick<Store, 'directory'>,
  ruled: ReadonlySet<string>,
): Promise<readonly SubjectHead[]> {
  const heads = new Map<string, SubjectHead>();
  for (const kind of ['group', 'role'] as const) {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await directory.groups.list(kind, after, turn);
      for (const { id, name, source } of page) heads.set(`${kind}:${id}`, { ...headOf(`${kind}:${id}`), name, source });
      after = page.length < turn ? undefined : page.at(-1)?.id;
      await setImmediate();
    }
  }
  for (const subject of ['everyone', ...ruled]) if (!heads.has(subject)) heads.set(subject, headOf(subject));
  return [...heads.values()].sort(
    (a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || compare(a.name, b.name) || compare(a.id, b.id),
  );
}

/**
 * One subject as it stands in the directory.
 * @param withPeople - whether whoever asks may read of people; otherwise a person is called by their id
 */
export async function findHead(
  { directory, people }: Pick<Store, 'directory' | 'people'>,
  subject: string,
  withPeople: boolean,
): Promise<SubjectHead> {
  const head = headOf(subject);
  if (head.kind === 'everyone') return head;
  if (head.kind === 'user' && !withPeople) return head;
  if (head.kind === 'user') return { ...head, name: (await people.find(head.id))?.email ?? head.id };
  const group = await directory.groups.find(head.kind, head.id);
  return group ? { ...head, name: group.name, source: group.source } : head;
}

/** How many people each of these is about. */
export async function sizesOf(
  { directory, peopleAdmin }: Pick<Store, 'directory' | 'peopleAdmin'>,
  heads: readonly SubjectHead[],
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const kind of ['group', 'role'] as const) {
    const ids = heads.filter((head) => head.kind === kind).map(({ id }) => id);
    for (const [id, people] of await directory.groups.sizes(kind, ids)) sizes.set(`${kind}:${id}`, people);
  }
  for (const { kind, subject } of heads) {
    if (kind === 'user') sizes.set(subject, 1);
    if (kind === 'everyone') sizes.set(subject, await peopleAdmin.count());
  }
  return sizes;
}

function headOf(subject: string): SubjectHead {
  const [kind, id] = splitSubject(subject);
  return { subject, kind, id, name: kind === 'everyone' ? 'Everyone' : id, source: undefined };
}

/** Made once: one for each comparison takes a quarter of a second for two thousand names. */
const { compare } = new Intl.Collator('en', { sensitivity: 'base', numeric: true });
