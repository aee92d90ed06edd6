import type { AccessIndex } from './compile.ts';
import { openCell, type ScopeState, type View } from './matrix.ts';
import type { AccessServer, Risk } from './model.ts';

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

/**
 * Servers that rules speak of for somebody, in the order of the document: what the policy gives and what it refuses, as far as
 * that can be said before anybody asks (see {@link openCell}).
 * @param after - id of the server before the first one wanted; '' = from the start
 */
export function standingsOf(
  index: AccessIndex,
  { id, groups, roles }: Subjects,
  view: View,
  { after, limit }: { readonly after: string; readonly limit: number },
): readonly Standing[] {
  const own = [
    ...groups.map((group) => `group:${group}`),
    ...roles.map((role) => `role:${role}`),
    ...(id === undefined ? [] : [`user:${id}`]),
  ];
  const fitting = new Set(['everyone', ...own]);
  const found: Standing[] = [];
  const servers = [...index.servers.values()];
  const start = after === '' ? 0 : servers.findIndex((server) => server.id === after) + 1;
  for (const server of servers.slice(start)) {
    if (found.length >= limit) break;
    const opened = openCell(index, own, server.id, view);
    const spoken = opened?.scopes.filter(({ state }) => state !== 'not_given') ?? [];
    if (!opened || spoken.length === 0) continue;
    const allows = opened.rules.filter(({ effect }) => effect === 'allow');
    found.push({
      server,
      scopes: spoken.map(({ scope, state }) => ({ name: scope, risk: server.scopes.get(scope) ?? 'low', state })),
      by: [...new Set(allows.flatMap(({ to }) => to.filter((subject) => fitting.has(subject))))],
    });
  }
  return found;
}
