import type { AccessIndex } from '../compile.ts';
import type { Rule } from '../compile-rules.ts';
import type { AccessClient } from '../model.ts';
import { isSame } from './same.ts';

/** A server on which somebody's access may be another, and who they may be. */
export interface AffectedServer {
  readonly id: string;
  /** Rules that stand on one side only, or say something else; every rule there, when the server, a client, or what a sign-in can earn has changed. */
  readonly changed: readonly Rule[];
  /** Subjects of the changed rules: whoever is none of them keeps what they have. */
  readonly touched: ReadonlySet<string>;
  /** Subjects of every rule there: what a decision on it can depend on. */
  readonly relevant: ReadonlySet<string>;
}

/** Where a version can make a difference: from changed rules to those they name, without a look at any person. */
export function affectedServers(before: AccessIndex, after: AccessIndex): readonly AffectedServer[] {
  const ids = new Set([...after.servers.keys(), ...before.servers.keys()]);
  const rases = rasesOfChangedClients(before, after);
  const isEarnedOtherwise = !isSame(before.earnable, after.earnable);
  return [...ids].flatMap((id) => {
    const [old, now] = [before.servers.get(id), after.servers.get(id)];
    const [oldRules, newRules] = [rulesOf(before, id), rulesOf(after, id)];
    const isWhole =
      !isSame(old, now) ||
      (now !== undefined && rases.has(now.ras)) ||
      (isEarnedOtherwise && [...oldRules, ...newRules].some(({ effect }) => effect === 'require'));
    const changed = isWhole
      ? [...newRules, ...oldRules]
      : [...without(newRules, oldRules), ...without(oldRules, newRules)];
    if (changed.length === 0) return [];
    return [{ id, changed, touched: subjectsOf(changed), relevant: subjectsOf([...oldRules, ...newRules]) }];
  });
}

/** Every subject whose members have to be known. */
export function subjectsToLoad(affected: readonly AffectedServer[]): ReadonlySet<string> {
  return new Set(affected.flatMap(({ relevant }) => [...relevant]).filter((subject) => subject !== 'everyone'));
}

function rulesOf({ rules }: AccessIndex, server: string): readonly Rule[] {
  return rules.get(server)?.all ?? [];
}

function without(rules: readonly Rule[], others: readonly Rule[]): Rule[] {
  // Of two versions that share what they share.
  if (rules === others) return [];
  const byId = new Map(others.map((rule) => [rule.id, rule]));
  // Where a rule stands among others decides nothing.
  return rules.filter((rule) => !isSame(byId.get(rule.id), rule, 'position'));
}

function subjectsOf(rules: readonly Rule[]): ReadonlySet<string> {
  return new Set(rules.flatMap(({ to }) => to));
}

function rasesOfChangedClients(before: AccessIndex, after: AccessIndex): ReadonlySet<string> {
  const ids = new Set([...before.clients.keys(), ...after.clients.keys()]);
  const changed = [...ids].filter((id) => !isSame(toReach(before.clients.get(id)), toReach(after.clients.get(id))));
  const keys = (index: AccessIndex, id: string) => [...(index.clients.get(id)?.clientIds.keys() ?? [])];
  return new Set(changed.flatMap((id) => [...keys(before, id), ...keys(after, id)]));
}

/** What of a client decides which servers it reaches. */
function toReach(client: AccessClient | undefined) {
  return client && [client.exchange, client.public, client.distributed, client.document, [...client.clientIds]];
}
