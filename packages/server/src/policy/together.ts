import type { AccessDocument } from './access-document.ts';
import { chosenScopes, splitSubject } from './compile-rules.ts';
import type { AccessServer, Ask } from './model.ts';

/**
 * What one session must never hold together (T34): an agent that has read private data and text of strangers, and has a way
 * out, does what the text says, and every single right of it was in order. A rule names sides; a session that holds something
 * of all sides but one gets nothing of the last.
 */
export interface TogetherRule {
  readonly id: string;
  readonly sides: readonly Side[];
  readonly to: readonly string[];
  readonly through: ReadonlySet<string> | undefined;
}

interface Side {
  readonly name: string;
  /** Of scopes on servers, as {@link toHeld} writes them. */
  readonly scopes: ReadonlySet<string>;
}

/** Rules by the id of each server that one of their sides names. */
export type TogetherIndex = ReadonlyMap<string, readonly TogetherRule[]>;

/** A scope of a server as a session holds it. Neither has a blank in it. */
export function toHeld(server: string, scope: string): string {
  return `${server} ${scope}`;
}

/**
 * `undefined` where a document has no such rule: then nothing is read, and nothing kept.
 * @param entries - absent from documents of before there were any
 */
export function compileTogether(
  entries: AccessDocument['never_together'] | undefined,
  servers: ReadonlyMap<string, AccessServer>,
): TogetherIndex | undefined {
  if (!entries || entries.length === 0) return undefined;
  const index = new Map<string, TogetherRule[]>();
  for (const { id, sides, to = ['everyone'], through } of entries) {
    const rule = {
      id,
      sides: Object.entries(sides).map(([name, side]) => ({ name, scopes: toScopes(side, servers) })),
      to,
      through: through && new Set(through),
    };
    const named = new Set(Object.values(sides).flatMap((side) => Object.keys(side)));
    for (const server of named) {
      const known = index.get(server);
      if (known) known.push(rule);
      else index.set(server, [rule]);
    }
  }
  return index;
}

type SideEntry = AccessDocument['never_together'][number]['sides'][string];

function toScopes(side: SideEntry, servers: ReadonlyMap<string, AccessServer>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [id, choice] of Object.entries(side)) {
    const server = servers.get(id);
    // As a deny reads it: `{ risk: medium }` is those from that risk.
    for (const scope of server ? chosenScopes(choice, 'deny', server) : []) found.add(toHeld(id, scope));
  }
  return found;
}

/**
 * Rules for which it counts what a session through this client is given on this server, whoever the person is: groups change
 * while a session lasts, and it must be known then what it was given before.
 */
export function rulesOfSession(index: TogetherIndex, { client, server }: Pick<Ask, 'client' | 'server'>) {
  return (index.get(server) ?? none).filter(({ through }) => !through || through.has(client));
}

const none: readonly TogetherRule[] = [];

/** Ids of the rules that are about members of this group or role (`group:engineering`): whoever leaves is rid of them. */
export function togetherRulesOf({ together }: { readonly together?: TogetherIndex | undefined }, membership: string) {
  const about = [...(together?.values() ?? [])].flat().filter(({ to }) => to.includes(membership));
  return [...new Set(about.map(({ id }) => id))];
}

/** Those of them that are about this person. */
export function rulesOfAsk(index: TogetherIndex, ask: Ask): readonly TogetherRule[] {
  return rulesOfSession(index, ask).filter(({ to }) => to.some((subject) => isAbout(subject, ask.person)));
}

function isAbout(subject: string, person: Ask['person']): boolean {
  const [kind, id] = splitSubject(subject);
  if (kind === 'group') return person.groups.includes(id);
  if (kind === 'role') return person.roles.includes(id);
  return kind === 'everyone' || person.id === id;
}

/** Whether a scope is on a side of the rule, and with it a session that holds these has something of every side. */
export function completes({ sides }: TogetherRule, held: ReadonlySet<string>, scope: string): boolean {
  if (!sides.some(({ scopes }) => scopes.has(scope))) return false;
  return sides.every(({ scopes }) => scopes.has(scope) || sharesOne(scopes, held));
}

function sharesOne(scopes: ReadonlySet<string>, held: ReadonlySet<string>): boolean {
  for (const one of held) if (scopes.has(one)) return true;
  return false;
}

/** Scopes that these rules withhold, and which rules did. */
export interface KeptApart {
  readonly scopes: readonly string[];
  readonly rules: readonly string[];
}

/**
 * Goes through the scopes in the order they were asked for: each that is granted counts as held for those behind it, so that of
 * two that must not meet the first is given.
 * @param free - would be granted
 * @param others - would be granted after a better sign-in, or with a key
 */
export function keepApart(
  index: TogetherIndex,
  ask: Ask,
  free: readonly string[],
  others: readonly string[],
): KeptApart | undefined {
  const rules = ask.whenever ? none : rulesOfAsk(index, ask);
  const held = new Set(ask.held);
  const withheld: string[] = [];
  const spoke = new Set<TogetherRule>();
  const judge = (scope: string) => {
    const one = toHeld(ask.server, scope);
    const against = rules.filter((rule) => completes(rule, held, one));
    for (const rule of against) spoke.add(rule);
    if (against.length > 0) withheld.push(scope);
    return against.length === 0;
  };
  for (const scope of free) if (judge(scope)) held.add(toHeld(ask.server, scope));
  for (const scope of others) judge(scope);
  if (withheld.length === 0) return undefined;
  return { scopes: withheld, rules: rules.filter((rule) => spoke.has(rule)).map(({ id }) => id) };
}

/** What the session holds from now on that it did not before, of what some rule names. */
export function newlyHeld(
  rules: readonly TogetherRule[],
  server: string,
  granted: readonly string[],
  held: readonly string[],
): readonly string[] {
  return granted
    .map((scope) => toHeld(server, scope))
    .filter((one) => !held.includes(one) && rules.some(({ sides }) => sides.some(({ scopes }) => scopes.has(one))));
}

/** Whether a session that holds these may be given all of those: what it holds by the time of the commit may be more than was read. */
export function fitsTogether(
  rules: readonly TogetherRule[],
  held: readonly string[],
  adds: readonly string[],
): boolean {
  const all = new Set([...held, ...adds]);
  return !adds.some((one) => rules.some((rule) => completes(rule, all, one)));
}

/** What a side holds already, in words: `private (crm contacts:read)`. */
export function sidesInWords({ sides }: TogetherRule, held: readonly string[], scope: string): string {
  const others = sides.filter(({ scopes }) => !scopes.has(scope));
  const words = others.map(({ name, scopes }) => `${name} (${held.filter((one) => scopes.has(one)).join(', ')})`);
  const own = sides.filter(({ scopes }) => scopes.has(scope)).map(({ name }) => name);
  return `the session has ${words.join(' and ')}, and this is ${own.join(' and ')}`;
}
