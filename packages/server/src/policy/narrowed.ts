import type { AccessIndex } from './compile.ts';
import type { Rule } from './compile-rules.ts';
import { isHighRisk } from './decide.ts';
import type { DetailType } from './details.ts';
import type { AccessServer } from './model.ts';
import { mayExchange } from './reach.ts';
import type { TogetherRule } from './together.ts';

/** A server on which somebody may have less than before, and who that may be, as documents name them. */
export interface Narrowed {
  readonly server: AccessServer;
  readonly subjects: ReadonlySet<string>;
}

/**
 * Servers on which a version grants less than the one before it, to anybody. Read off the rules, not off the people: a rule that
 * allowed is gone or smaller and no other takes its place, or one that denies or demands something, or keeps something apart, is new
 * or larger; or what a rule allows is worth less: a scope has become high-risk, a type of details is another, a client counts as
 * distributed. May name a server on which nobody loses anything in the end; never leaves out one on which somebody does.
 */
export function narrowedServers(before: AccessIndex, next: AccessIndex): readonly Narrowed[] {
  return [...before.servers.values()].flatMap((server) => {
    const [old, now] = [rulesOf(before, server.id), rulesOf(next, server.id)];
    const same = next.servers.get(server.id);
    const isGone = same?.resource !== server.resource || same.ras !== server.ras || (same.isOff && !server.isOff);
    const isLess = same && worthLess(before, next, server, same);
    const lost = old.filter((rule) => rule.effect === 'allow' && (isGone || isLess?.(rule) || !isCovered(rule, now)));
    const added = isGone ? [] : now.filter((rule) => rule.effect !== 'allow' && !isCovered(rule, old));
    const apart = isGone ? [] : newlyApart(before, next, server.id);
    const subjects = new Set([...lost, ...added, ...apart].flatMap(({ to }) => to));
    return subjects.size > 0 ? [{ server, subjects }] : [];
  });
}

/** Clients whose ID-JAGs for a RAS no version issues any more, by what that RAS calls them. */
export function lostClients(
  before: AccessIndex,
  next: AccessIndex,
): readonly { readonly ras: string; readonly clientId: string }[] {
  return [...before.clients.values()].filter(mayExchange).flatMap(({ id, clientIds }) => {
    const client = next.clients.get(id);
    const left = client && mayExchange(client) ? client.clientIds : undefined;
    return [...clientIds].flatMap(([ras, clientId]) => (left?.get(ras) === clientId ? [] : [{ ras, clientId }]));
  });
}

/** Whether what a rule allows on a server is worth less by the next version, although the rule is there as before. */
function worthLess(
  before: AccessIndex,
  next: AccessIndex,
  server: AccessServer,
  same: AccessServer,
): (rule: Rule) => boolean {
  const isRaised = (scope: string) => isHighRisk(same, scope) && !isHighRisk(server, scope);
  const isOther = (type: string) => !isSameType(server.detailTypes.get(type), same.detailTypes.get(type));
  const bound = [...before.clients.values()]
    .filter(({ id, distributed }) => !distributed && next.clients.get(id)?.distributed)
    .map(({ id }) => id);
  return ({ scopes, details, through }) =>
    [...scopes].some(
      (scope) => isRaised(scope) || (isHighRisk(same, scope) && bound.some((id) => through?.has(id) ?? true)),
    ) || [...details].some(isOther);
}

/** Members may be more than before, and a list of values longer. */
function isSameType(old: DetailType | undefined, now: DetailType | undefined): boolean {
  if (!old || !now || old.scope !== now.scope) return false;
  return [...old.members].every(([name, member]) => {
    const other = now.members.get(name);
    if (typeof member === 'string' || typeof other !== 'object') return member === other;
    return [...member].every((value) => other.has(value));
  });
}

/** What live tokens were issued for counts for the session only once they are issued anew. */
function newlyApart(before: AccessIndex, next: AccessIndex, server: string): readonly TogetherRule[] {
  const known = new Set((before.together?.get(server) ?? []).map(toText));
  return (next.together?.get(server) ?? []).filter((rule) => !known.has(toText(rule)));
}

/** Whatever it and its sides are called. */
function toText({ sides, to, through }: TogetherRule): string {
  return JSON.stringify([sides.map(({ scopes }) => [...scopes].sort()), to, through && [...through]]);
}

function rulesOf({ rules }: AccessIndex, server: string): readonly Rule[] {
  return rules.get(server)?.all ?? [];
}

/** Whether one of these does whatever the rule does; the very rule, where two versions share it. */
function isCovered(rule: Rule, others: readonly Rule[]): boolean {
  return others.includes(rule) || others.some((other) => covers(other, rule));
}

/** Whether whatever this rule does `rule` does as well, for everybody it is about. What is quick to see comes first. */
function covers(other: Rule, rule: Rule): boolean {
  return (
    other.effect === rule.effect &&
    (other.to.includes('everyone') || rule.to.every((subject) => other.to.includes(subject))) &&
    isPart(rule.scopes, other.scopes) &&
    isPart(rule.details, other.details) &&
    (other.through === undefined || (rule.through !== undefined && isPart(rule.through, other.through))) &&
    isSaid(other.needs, rule.needs) &&
    (other.when === undefined || isSaid(other.when, rule.when))
  );
}

function isPart(some: ReadonlySet<string>, all: ReadonlySet<string>): boolean {
  for (const each of some) if (!all.has(each)) return false;
  return true;
}

/** To the letter. */
function isSaid(one: object, other: object | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
