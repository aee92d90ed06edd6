import type { GroupKind } from '../store/directory.ts';
import type { Store } from '../store/store.ts';

/** What was used since then. */
export interface InUse {
  readonly servers: ReadonlySet<string>;
  /** Groups and roles as rules name them, with somebody in them who used anything. */
  readonly subjects: ReadonlySet<string>;
}

type Uses = Pick<Store, 'uses'>;

/** How long an answer is given again: for all who look, and for every window of the matrix. */
const keptMs = 10 * 60_000;
const user = 'user:';

interface Kept<T> {
  readonly atMs: number;
  readonly answer: Promise<T>;
}

const byStore = new WeakMap<object, Map<string, Kept<unknown>>>();

/** Asks the store once in ten minutes. */
function keep<T>({ uses }: Uses, key: string, nowMs: number, ask: () => Promise<T>): Promise<T> {
  const mine = byStore.get(uses) ?? new Map<string, Kept<unknown>>();
  byStore.set(uses, mine);
  for (const [old, { atMs }] of mine) if (nowMs - atMs >= keptMs || nowMs < atMs) mine.delete(old);
  const known = mine.get(key) as Kept<T> | undefined;
  if (known) return known.answer;
  const answer = ask();
  mine.set(key, { atMs: nowMs, answer });
  answer.catch(() => mine.delete(key));
  return answer;
}

/** Servers and groups in use: one look at the numbers of days, and at one member or two of each group. */
export function inUse(
  store: Uses,
  groups: readonly { readonly kind: GroupKind; readonly id: string }[],
  { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
): Promise<InUse> {
  return keep(store, `in use since ${sinceMs}`, nowMs, async () => {
    const sums = await store.uses.sums({ side: 'idp', by: 'server', fromMs: sinceMs });
    const subjects = new Set<string>();
    for (const kind of ['group', 'role'] as const) {
      const ids = groups.filter((group) => group.kind === kind).map(({ id }) => id);
      for (const id of await store.uses.groupsInUse(kind, ids, sinceMs)) subjects.add(`${kind}:${id}`);
    }
    const servers = new Set([...sums].filter(([, { issued }]) => issued > 0).map(([server]) => server));
    return { servers, subjects };
  });
}

/** Whether anybody whom one of these subjects names had an ID-JAG issued for a server since then. */
export async function usesOf(
  store: Uses,
  server: string,
  asked: readonly string[],
  { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
): Promise<(subject: string) => boolean> {
  const people = asked.filter((subject) => subject.startsWith(user)).map((subject) => subject.slice(user.length));
  const last = people.length > 0 ? await store.uses.lastUses(server, people) : [];
  const active = new Set(last.filter(({ lastMs }) => lastMs >= sinceMs).map(({ person }) => `${user}${person}`));
  const { subjects, anybody } = await keep(store, `${server} since ${sinceMs}`, nowMs, async () => ({
    subjects: new Set((await store.uses.groupsAt(server, sinceMs)).map(({ kind, id }) => `${kind}:${id}`)),
    anybody: (await store.uses.people(server, sinceMs)).size > 0,
  }));
  return (subject) => (subject === 'everyone' ? anybody : subjects.has(subject) || active.has(subject));
}
