import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from './compile.ts';
import { type Rule, splitSubject } from './compile-rules.ts';
import { isHighRisk } from './decide.ts';
import type { AccessClient } from './model.ts';

/** What becomes of one scope for somebody of whom nothing is known but that a subject fits them. */
export type ScopeState = 'allowed' | 'conditional' | 'denied' | 'not_given';

/** One subject on one server: what the rules that speak of it, or of everybody, come to. */
export interface Cell {
  readonly subject: string;
  readonly server: string;
  /** Scopes that are allowed, under conditions or not. */
  readonly allowed: readonly string[];
  /** Of those: only through some clients, in some circumstances, or after some sign-ins. */
  readonly conditional: readonly string[];
  readonly denied: readonly string[];
  /** Whether a rule names the subject itself; otherwise what is here everybody has. */
  readonly isOwn: boolean;
}

/** The rules behind a cell, and what they come to for each scope of the server. */
export interface OpenCell {
  readonly rules: readonly Rule[];
  readonly scopes: readonly {
    readonly scope: string;
    readonly state: ScopeState;
    readonly rules: readonly string[];
  }[];
}

/** From where a cell is looked at. */
export interface View {
  readonly now: EpochSeconds;
  /** As far as this client goes; `undefined` = through any. */
  readonly client?: string | undefined;
}

/**
 * Subjects that rules in force speak of (`everyone`, `group:engineering`), each once. With the servers they make the rows and
 * columns of what the policy says.
 */
export function subjectsOf({ rules }: AccessIndex): ReadonlySet<string> {
  return new Set([...rules.values()].flatMap(({ all }) => all.flatMap(({ to }) => to)));
}

/** What one subject has on one server; `undefined` where no rule speaks of it, nor of everybody. Costs what the rules on that pair cost. */
export function cellOf(index: AccessIndex, subject: string, server: string, view: View): Cell | undefined {
  const opened = openCell(index, subject, server, view);
  if (!opened || opened.rules.every(({ effect }) => effect === 'require')) return undefined;
  const having = (...states: readonly ScopeState[]) =>
    opened.scopes.filter(({ state }) => states.includes(state)).map(({ scope }) => scope);
  const isOwn = subject === 'everyone' || opened.rules.some(({ to }) => to.includes(subject));
  return {
    subject,
    server,
    allowed: having('allowed', 'conditional'),
    conditional: having('conditional'),
    denied: having('denied'),
    isOwn,
  };
}

/**
 * The same, taken apart. Errs towards showing more than anybody has: a scope counts as allowed whenever one rule allows it and
 * none refuses it always, and what a decision would still ask for makes it conditional.
 * @param subjects - one, or all that fit one person: their groups, their roles, themselves
 */
export function openCell(
  index: AccessIndex,
  subjects: string | readonly string[],
  serverId: string,
  { now, client: clientId }: View,
): OpenCell | undefined {
  const server = index.servers.get(serverId);
  const client = clientId === undefined ? undefined : index.clients.get(clientId);
  if (!server || (clientId !== undefined && !client?.clientIds.has(server.ras))) return undefined;
  const rules = rulesAbout(index, [subjects].flat(), serverId).filter(
    ({ through, when }) =>
      (clientId === undefined || !through || through.has(clientId)) && (when?.until === undefined || now < when.until),
  );
  if (rules.length === 0) return undefined;
  const scopes = [...server.scopes.keys()].map((scope) => {
    const about = rules.filter((rule) => rule.scopes.has(scope));
    const isLoose = client?.distributed === true && isHighRisk(server, scope);
    return { scope, state: stateOf(about, client, isLoose), rules: about.map(({ id }) => id) };
  });
  return { rules, scopes };
}

function stateOf(about: readonly Rule[], client: AccessClient | undefined, isLoose: boolean): ScopeState {
  const having = (effect: Rule['effect']) => about.filter((rule) => rule.effect === effect);
  const isAlways = ({ through, when }: Rule) => (client !== undefined || !through) && !when;
  const [allows, denies] = [having('allow'), having('deny')];
  if (denies.some(isAlways)) return 'denied';
  if (allows.length === 0) return denies.length > 0 ? 'denied' : 'not_given';
  const isFree = allows.some(isAlways) && denies.length === 0 && having('require').length === 0 && !isLoose;
  return isFree ? 'allowed' : 'conditional';
}

/** Rules on a server that are about everybody or one of these subjects, in document order, each once. */
function rulesAbout({ rules }: AccessIndex, subjects: readonly string[], server: string): readonly Rule[] {
  const here = rules.get(server);
  if (!here) return [];
  const own = subjects.flatMap((subject) => {
    const [kind, id] = splitSubject(subject);
    return kind === 'everyone' ? [] : ({ group: here.groups, role: here.roles, user: here.users }[kind].get(id) ?? []);
  });
  const all = own.length === 0 ? here.everyone : [...new Set([...here.everyone, ...own])];
  return all.toSorted((a, b) => a.position - b.position);
}
