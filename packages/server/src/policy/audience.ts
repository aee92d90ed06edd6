import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from './compile.ts';
import { splitSubject } from './compile-rules.ts';
import type { AccessClient, AccessServer, Ask } from './model.ts';
import { grantedAtBest, mayExchange } from './reach.ts';

/** People whom no rule on a server tells apart: subjects they all are, and how many they are. */
export interface Alike {
  readonly subjects: readonly string[];
  readonly size: number;
}

/** What some people may have at a server through one client, after the best sign-in and in the best circumstances. */
export interface Granted {
  readonly client: string;
  readonly scopes: readonly string[];
}

/** Subjects of the rules on a server that are not about everybody: what has to be known of people to tell them apart there. */
export function tellingSubjects({ rules }: AccessIndex, server: string): readonly string[] {
  const subjects = new Set(rules.get(server)?.all.flatMap(({ to }) => to));
  subjects.delete('everyone');
  return [...subjects];
}

/** Sorts people into those who are alike. */
export function createClasses(): { add(person: string, subject: string): void; all(everybody: number): Alike[] } {
  const marks = new Map<string, string>();
  return {
    // Subjects come in one order, so that equal sets have one mark.
    add(person, subject) {
      const mark = marks.get(person);
      marks.set(person, mark === undefined ? subject : `${mark}\n${subject}`);
    },
    /** @param everybody - how many people there are; the rest is in no subject */
    all(everybody) {
      const sizes = new Map<string, number>();
      for (const mark of marks.values()) sizes.set(mark, (sizes.get(mark) ?? 0) + 1);
      const alike = [...sizes].map(([mark, size]) => ({ subjects: mark.split('\n'), size }));
      const rest = everybody - marks.size;
      return rest > 0 ? [...alike, { subjects: [], size: rest }] : alike;
    },
  };
}

/** Clients that could come to a server at all. */
export function clientsAt({ clients }: AccessIndex, { ras }: AccessServer): readonly AccessClient[] {
  return [...clients.values()].filter((client) => mayExchange(client) && client.clientIds.has(ras));
}

/** What somebody gets at a server through each client. One decision for each, as the token exchange would make it. */
export function grantedTo(
  index: AccessIndex,
  {
    person,
    server,
    now,
  }: { readonly person: Ask['person']; readonly server: AccessServer; readonly now: EpochSeconds },
): readonly Granted[] {
  return clientsAt(index, server).flatMap(({ id: client }) => {
    const scopes = grantedAtBest(index, { person, client, server }, now);
    return scopes.length > 0 ? [{ client, scopes }] : [];
  });
}

/** Somebody of whom no more is known than these subjects. */
export function personOf(subjects: readonly string[]): Ask['person'] {
  const named = subjects.map(splitSubject);
  const of = (kind: string) => named.filter(([each]) => each === kind).map(([, id]) => id);
  return { id: of('user')[0] ?? '', groups: of('group'), roles: of('role') };
}
