import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from './compile.ts';
import { type Rule, type RuleIndex, splitSubject } from './compile-rules.ts';
import type { Ask } from './model.ts';

/**
 * Whether any rule leaves this person anything at all, through whichever client and after whichever sign-in. A scope that
 * a rule denies them through every client, always, does not count. Slower than a decision: for when memberships change.
 */
export function isGrantedAnything(index: AccessIndex, person: Ask['person'], now: EpochSeconds): boolean {
  return [...index.rules].some(([server, rules]) => {
    if (index.servers.get(server)?.isOff) return false;
    const about = rulesAbout(rules, person);
    const denied = about.filter(({ effect, through, when }) => effect === 'deny' && !through && !when);
    const isDenied = (scope: string) => denied.some(({ scopes }) => scopes.has(scope));
    const isOver = ({ when }: Rule) => when?.until !== undefined && when.until <= now;
    return about
      .filter((rule) => rule.effect === 'allow' && !isOver(rule))
      .some(({ scopes }) => [...scopes].some((scope) => !isDenied(scope)));
  });
}

/**
 * Issuers of the authorization servers at which being in this group or role (`group:engineering`) is what some rule allows
 * something for. Leaving one that only other rules speak of takes nothing away.
 */
export function grantingServers({ rules, servers }: AccessIndex, membership: string): ReadonlySet<string> {
  const [kind, id] = splitSubject(membership);
  const granting = new Set<string>();
  for (const [serverId, { groups, roles }] of rules) {
    const about = (kind === 'role' ? roles : groups).get(id) ?? [];
    const server = servers.get(serverId);
    if (server && about.some(({ effect }) => effect === 'allow')) granting.add(server.ras);
  }
  return granting;
}

/** The same for whoever joins: servers on which some rule denies or demands something of its members. */
export function restrictingServers({ rules, servers }: AccessIndex, membership: string): ReadonlySet<string> {
  const [kind, id] = splitSubject(membership);
  const restricting = new Set<string>();
  for (const [serverId, { groups, roles }] of rules) {
    const about = (kind === 'role' ? roles : groups).get(id) ?? [];
    const server = servers.get(serverId);
    if (server && about.some(({ effect }) => effect !== 'allow')) restricting.add(server.ras);
  }
  return restricting;
}

function rulesAbout(rules: RuleIndex, { id, groups, roles }: Ask['person']): Rule[] {
  return [
    ...rules.everyone,
    ...groups.flatMap((group) => rules.groups.get(group) ?? []),
    ...roles.flatMap((role) => rules.roles.get(role) ?? []),
    ...(rules.users.get(id) ?? []),
  ];
}
