import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from '../compile.ts';
import type { Rule } from '../compile-rules.ts';
import type { Risk } from '../model.ts';
import { grantedAtBest } from '../reach.ts';
import type { AffectedServer } from './affected.ts';
import { type ClientClass, clientClasses } from './client-classes.ts';
import { createSorter, type PersonClass, type Population } from './person-classes.ts';

/** What a change does for some people: all of them in one group, on one server, through the same clients. */
export interface Effect {
  /** Gained, lost, or kept under other conditions. */
  readonly sign: '+' | '-' | '~';
  readonly people: number;
  /** How many more of the same group have it another way as well: they gain, or lose, nothing. */
  readonly already: number;
  /** `group:engineering`, `everyone`, ...: what made them so. */
  readonly subject: string;
  readonly server: string;
  /** Ids of clients. */
  readonly clients: readonly string[];
  /** Whether those are all that can reach the server. */
  readonly throughAll: boolean;
  readonly scopes: readonly string[];
  /** The highest of the scopes. */
  readonly risk: Risk;
  /** Ids of the changed rules that are about it. */
  readonly rules: readonly string[];
}

export interface Effects {
  /** Gains by risk, then losses, then conditions. */
  readonly effects: readonly Effect[];
  /** People who gain, or lose, anything at all, each counted once. */
  readonly gain: number;
  readonly lose: number;
}

const risks: readonly Risk[] = ['low', 'medium', 'high'];

/** Clients that are alike on a server, and the rules there that are about them. */
interface Way {
  readonly through: ClientClass;
  readonly changed: readonly Rule[];
  readonly before: readonly Rule[];
  readonly after: readonly Rule[];
}

/**
 * Works out what the newer version does for whom, at best: after the best sign-in, from the best place, at the best hour. People who are
 * in the same of the groups that count are judged as one. One server after the other, so that others are served in between.
 */
export function createEffects(before: AccessIndex, after: AccessIndex, population: Population, now: EpochSeconds) {
  const sort = createSorter(population);
  const found: Effect[] = [];
  const [gaining, losing] = [newCount(population), newCount(population)];
  const textOf = createTexts();

  function add(server: AffectedServer): void {
    const ways = toWays(before, after, server);
    const entries = createEntries(
      server,
      ways,
      (after.servers.get(server.id) ?? before.servers.get(server.id))?.scopes,
    );
    for (const people of sort(server)) {
      let [gains, loses] = [false, false];
      for (const [at, way] of ways.entries()) {
        const old = way.through.before ? grantedBy(before, server.id, people, way.through, now) : nothing;
        const next = way.through.after ? grantedBy(after, server.id, people, way.through, now) : nothing;
        if (old.size + next.size === 0) continue;
        const speaking = way.changed.filter((rule) => matching(rule, people) !== undefined);
        for (const scope of new Set([...next, ...old])) {
          const rules = speaking.filter(({ scopes }) => scopes.has(scope));
          if (!old.has(scope)) {
            gains = true;
            entries.note(at, people, scope, '+', rules);
          } else if (!next.has(scope)) {
            loses = true;
            entries.note(at, people, scope, '-', rules);
          } else if (rules.length > 0) {
            // Of a scope that is kept: that a new rule allows it too is told beside those who gain it, and the other way round.
            const isOther = conditionsOf(way.before, people, scope) !== conditionsOf(way.after, people, scope);
            const allowing = rules.find(({ effect }) => effect === 'allow');
            if (isOther) entries.note(at, people, scope, '~', rules);
            else if (allowing) entries.noteKept(at, people, scope, way.after.includes(allowing) ? '+' : '-', rules);
          }
        }
      }
      if (gains) gaining.add(people);
      if (loses) losing.add(people);
    }
    found.push(...entries.all());
  }

  /** Under which conditions these people have the scope: one text, the same where they are the same. */
  function conditionsOf(rules: readonly Rule[], people: PersonClass, scope: string): string {
    const about = rules.filter((rule) => rule.scopes.has(scope) && matching(rule, people) !== undefined);
    const free = about.some(({ effect, when }) => effect === 'allow' && when === undefined);
    // Beside a rule without conditions another adds the authorization details that it lets through, and nothing else.
    const words = about.filter(({ effect, details }) => effect !== 'allow' || !free || details.size > 0).map(textOf);
    return [...new Set(words)].toSorted().join();
  }

  return { add, all: (): Effects => ({ effects: found.toSorted(inOrder), gain: gaining.size(), lose: losing.size() }) };
}

const nothing: ReadonlySet<string> = new Set();

function toWays(before: AccessIndex, after: AccessIndex, { id, changed }: AffectedServer): readonly Way[] {
  return clientClasses(before, after, id).map((through) => {
    const isAbout = (rule: Rule) => !rule.through || rule.through.has(through.clients[0] ?? '');
    const rulesOf = ({ rules }: AccessIndex) => (rules.get(id)?.all ?? []).filter(isAbout);
    return { through, changed: changed.filter(isAbout), before: rulesOf(before), after: rulesOf(after) };
  });
}

/** The conditions of a rule, and the details it lets through, as text, made once of each. */
function createTexts(): (rule: Rule) => string {
  const known = new Map<Rule, string>();
  return (rule) => {
    const text = known.get(rule) ?? JSON.stringify([rule.effect, rule.when, rule.needs, [...rule.details]]);
    known.set(rule, text);
    return text;
  };
}

/** What is said of one server, summed up over all whom it is said of. */
function createEntries(
  server: AffectedServer,
  ways: readonly Way[],
  scopesThere: ReadonlyMap<string, Risk> | undefined,
) {
  type Entry = { -readonly [Key in keyof Omit<Effect, 'rules'>]: Effect[Key] } & { rules: Set<Rule>; at: number };
  const found = new Map<string, Entry>();
  const entryOf = (at: number, people: PersonClass, scope: string, sign: Effect['sign'], rules: readonly Rule[]) => {
    const allowing = rules.find(({ effect }) => effect === 'allow');
    const named = (allowing && matching(allowing, people)) ?? matching(rules[0], people);
    const subject = named ?? [...people.subjects][0] ?? 'everyone';
    const key = `${sign}\n${subject}\n${at}\n${scope}`;
    const known = found.get(key);
    for (const rule of known ? rules : []) known?.rules.add(rule);
    if (known) return known;
    const whom = { sign, people: 0, already: 0, subject, server: server.id, at };
    const through = { clients: ways[at]?.through.clients ?? [], throughAll: ways.length === 1 };
    const risk = scopesThere?.get(scope) ?? 'high';
    const entry: Entry = { ...whom, ...through, scopes: [scope], risk, rules: new Set(rules) };
    found.set(key, entry);
    return entry;
  };
  return {
    note(...about: Parameters<typeof entryOf>) {
      entryOf(...about).people += about[1].size;
    },
    /** They keep it, and are told of beside those who do not. */
    noteKept(...about: Parameters<typeof entryOf>) {
      entryOf(...about).already += about[1].size;
    },
    /** Scopes of which all the same is to be said are said together. */
    all(): readonly Effect[] {
      const merged = new Map<string, Effect>();
      for (const { at, rules, ...entry } of found.values()) {
        if (entry.people === 0) continue;
        const ids = [...new Set(server.changed.filter((rule) => rules.has(rule)).map(({ id }) => id))];
        const { sign, people, already, subject, risk } = entry;
        const key = [sign, people, already, subject, at, risk, ...ids].join('\n');
        const same = merged.get(key);
        merged.set(key, same ? { ...same, scopes: [...same.scopes, ...entry.scopes] } : { ...entry, rules: ids });
      }
      return [...merged.values()];
    },
  };
}

function grantedBy(
  index: AccessIndex,
  serverId: string,
  people: PersonClass,
  { clients }: ClientClass,
  now: EpochSeconds,
): ReadonlySet<string> {
  const server = index.servers.get(serverId);
  if (!server) return nothing;
  return new Set(grantedAtBest(index, { person: people.person, client: clients[0] ?? '', server }, now));
}

function matching(rule: Rule | undefined, people: PersonClass): string | undefined {
  return rule?.to.find((subject) => subject === 'everyone' || people.subjects.has(subject));
}

function inOrder(a: Effect, b: Effect): number {
  const signs = '+-~';
  return (
    signs.indexOf(a.sign) - signs.indexOf(b.sign) ||
    risks.indexOf(b.risk) - risks.indexOf(a.risk) ||
    b.people - a.people
  );
}

/** Counts people over several servers, each once, those included who are in none of the groups that were loaded. */
function newCount({ total, known }: Population) {
  const isCounted = new Uint8Array(known);
  let [inGroups, others] = [0, 0];
  const count = (person: number) => {
    if (isCounted[person]) return;
    isCounted[person] = 1;
    inGroups += 1;
  };
  return {
    add(some: PersonClass) {
      for (const person of some.people) count(person);
      if (!some.others) return;
      const isOther = new Uint8Array(known).fill(1);
      for (const person of some.others) isOther[person] = 0;
      for (let person = 0; person < known; person += 1) if (isOther[person]) count(person);
      others = Math.max(0, total - known);
    },
    size: () => inGroups + others,
  };
}
