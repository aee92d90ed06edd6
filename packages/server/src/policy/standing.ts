import type { EpochSeconds } from '@credence/mcp/protocol';
import { type Granted, grantedTo } from './audience.ts';
import type { AccessIndex } from './compile.ts';
import { openCell, type ScopeState, type View } from './matrix.ts';
import type { AccessServer, Ask, Risk } from './model.ts';

/** Whom the policy may speak of as one person: everybody's groups and roles, and themselves. */
export interface Subjects {
  readonly id?: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

/** One server, and what becomes of each of its scopes that some rule speaks of. */
export interface Standing {
  readonly server: AccessServer;
  readonly scopes: readonly { readonly name: string; readonly risk: Risk; readonly state: ScopeState }[];
  /** Whom the rules that allow it name, among those that fit: why it is so. */
  readonly by: readonly string[];
}

/** One server, what one person may have there through which client, and what rules say of the rest. */
export interface PersonStanding {
  readonly server: AccessServer;
  /** `withheld`: a rule gives it, and it can be had through no client. */
  readonly scopes: readonly {
    readonly name: string;
    readonly risk: Risk;
    readonly state: 'allowed' | 'conditional' | 'denied' | 'withheld';
  }[];
  readonly by: readonly string[];
  readonly through: readonly Granted[];
}

/**
 * Servers that rules speak of for somebody, in the order of the document: what the policy gives and what it refuses, as far as
 * that can be said before anybody asks (see {@link openCell}).
 * @param after - id of the server before the first one wanted; '' = from the start
 */
export function standingsOf(
  index: AccessIndex,
  subjects: Subjects,
  view: View,
  { after, limit }: { readonly after: string; readonly limit: number },
): readonly Standing[] {
  const found: Standing[] = [];
  const servers = [...index.servers.values()];
  const start = after === '' ? 0 : servers.findIndex((server) => server.id === after) + 1;
  for (const server of servers.slice(start)) {
    if (found.length >= limit) break;
    const standing = standingAt(index, subjects, server, view);
    if (standing) found.push(standing);
  }
  return found;
}

/** The same of one person at one server, with what they can really have there: a decision for each client. */
export function standingOfPerson(
  index: AccessIndex,
  person: Ask['person'],
  server: AccessServer,
  now: EpochSeconds,
): PersonStanding | undefined {
  const standing = standingAt(index, person, server, { now });
  if (!standing) return undefined;
  const through = grantedTo(index, { person, server, now });
  const granted = new Set(through.flatMap(({ scopes }) => scopes));
  const scopes = standing.scopes.map(({ state, ...scope }) => {
    const had = state === 'allowed' ? ('allowed' as const) : ('conditional' as const);
    const not = state === 'denied' ? ('denied' as const) : ('withheld' as const);
    return { ...scope, state: granted.has(scope.name) ? had : not };
  });
  return { ...standing, scopes, through };
}

function standingAt(
  index: AccessIndex,
  { id, groups, roles }: Subjects,
  server: AccessServer,
  view: View,
): Standing | undefined {
  const own = [
    ...groups.map((group) => `group:${group}`),
    ...roles.map((role) => `role:${role}`),
    ...(id === undefined ? [] : [`user:${id}`]),
  ];
  const opened = openCell(index, own, server.id, view);
  const spoken = opened?.scopes.filter(({ state }) => state !== 'not_given') ?? [];
  if (!opened || spoken.length === 0) return undefined;
  const fitting = new Set(['everyone', ...own]);
  const allows = opened.rules.filter(({ effect }) => effect === 'allow');
  return {
    server,
    scopes: spoken.map(({ scope, state }) => ({ name: scope, risk: server.scopes.get(scope) ?? 'low', state })),
    by: [...new Set(allows.flatMap(({ to }) => to.filter((subject) => fitting.has(subject))))],
  };
}
