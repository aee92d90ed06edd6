import type { AccessIndex } from './compile.ts';
import type { Rule } from './compile-rules.ts';
import type { AccessServer } from './model.ts';

/** A server on which somebody may have less than before, and who that may be, as documents name them. */
export interface Narrowed {
  readonly server: AccessServer;
  readonly subjects: ReadonlySet<string>;
}

/**
 * Servers on which a version grants less than the one before it, to anybody. Read off the rules, not off the people: a rule that
 * allowed is gone or smaller and no other takes its place, or one that denies or demands something is new or larger. May name
 * a server on which nobody loses anything in the end; never leaves out one on which somebody does.
 */
export function narrowedServers(before: AccessIndex, next: AccessIndex): readonly Narrowed[] {
  return [...before.servers.values()].flatMap((server) => {
    const [old, now] = [rulesOf(before, server.id), rulesOf(next, server.id)];
    const same = next.servers.get(server.id);
    const isGone = same?.resource !== server.resource || same.ras !== server.ras || (same.isOff && !server.isOff);
    const lost = old.filter((rule) => rule.effect === 'allow' && (isGone || !now.some((other) => covers(other, rule))));
    const added = isGone
      ? []
      : now.filter((rule) => rule.effect !== 'allow' && !old.some((other) => covers(other, rule)));
    const subjects = new Set([...lost, ...added].flatMap(({ to }) => to));
    return subjects.size > 0 ? [{ server, subjects }] : [];
  });
}

/** Clients whose ID-JAGs for a RAS no version issues any more, by what that RAS calls them. */
export function lostClients(
  before: AccessIndex,
  next: AccessIndex,
): readonly { readonly ras: string; readonly clientId: string }[] {
  return [...before.clients.values()].flatMap(({ id, clientIds }) => {
    const left = next.clients.get(id)?.clientIds;
    return [...clientIds].flatMap(([ras, clientId]) => (left?.get(ras) === clientId ? [] : [{ ras, clientId }]));
  });
}

function rulesOf({ rules }: AccessIndex, server: string): readonly Rule[] {
  return rules.get(server)?.all ?? [];
}

/** Whether whatever this rule does `rule` does as well, for everybody it is about. */
function covers(other: Rule, rule: Rule): boolean {
  return (
    other.effect === rule.effect &&
    JSON.stringify(other.needs) === JSON.stringify(rule.needs) &&
    (other.when === undefined || JSON.stringify(other.when) === JSON.stringify(rule.when)) &&
    (other.to.includes('everyone') || rule.to.every((subject) => other.to.includes(subject))) &&
    [...rule.scopes].every((scope) => other.scopes.has(scope)) &&
    [...rule.details].every((type) => other.details.has(type)) &&
    (other.through === undefined ||
      (rule.through !== undefined && [...rule.through].every((id) => other.through?.has(id))))
  );
}
