import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from '../compile.ts';
import type { Rule } from '../compile-rules.ts';
import type { Risk } from '../model.ts';
import { grantedAtBest } from '../reach.ts';
import type { AffectedServer } from './affected.ts';
import { type ClientClass, clientClasses } from './client-classes.ts';
import { classesOn, type PersonClass, type Population } from './person-classes.ts';

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

/**
 * What the newer version does for whom, at best: after the best sign-in, from the best place, at the best hour. People who are
 * in the same of the groups that count are judged as one.
 */
export function effectsOf(
  before: AccessIndex,
  after: AccessIndex,
  affected: readonly AffectedServer[],
  population: Population,
  now: EpochSeconds,
): Effects {
  const found = new Map<string, { -readonly [Key in keyof Effect]: Effect[Key] }>();
  const gaining = newCount(population);
  const losing = newCount(population);

  for (const server of affected) {
    const clients = clientClasses(before, after, server.id);
    const classes = classesOn(server, population);
    for (const people of classes) {
      let [gains, loses] = [false, false];
      for (const through of clients) {
        const old = through.before ? grantedBy(before, server.id, people, through, now) : nothing;
        const next = through.after ? grantedBy(after, server.id, people, through, now) : nothing;
        for (const scope of new Set([...next, ...old])) {
          const sign = !old.has(scope) ? '+' : !next.has(scope) ? '-' : '~';
          if (sign === '+') gains = true;
          if (sign === '-') loses = true;
          note(server, people, through, scope, sign, clients.length);
        }
      }
      if (gains) gaining.add(people);
      if (loses) losing.add(people);
    }
  }
  const all = mergeScopes([...found.values()].filter(({ people }) => people > 0));
  return { effects: all.toSorted(inOrder), gain: gaining.size(), lose: losing.size() };

  function note(
    server: AffectedServer,
    people: PersonClass,
    through: ClientClass,
    scope: string,
    sign: Effect['sign'],
    classes: number,
  ): void {
    const speaking = server.changed.filter((rule) => isAbout(rule, people, through, scope));
    const kept = sign === '~';
    const isOther =
      kept &&
      conditionsOf(before, server.id, people, through, scope) !==
        conditionsOf(after, server.id, people, through, scope);
    // Of a scope that is kept: that a new rule allows it too is told beside those who gain it, and the other way round.
    const allowing = speaking.find(({ effect }) => effect === 'allow');
    if (kept && !isOther && !allowing) return;
    const isNew = allowing !== undefined && after.rules.get(server.id)?.all.includes(allowing);
    const wanted: Effect['sign'] = kept && !isOther ? (isNew ? '+' : '-') : sign;
    const subject =
      (allowing && matching(allowing, people)) ??
      matching(speaking[0], people) ??
      [...people.subjects][0] ??
      'everyone';
    const key = JSON.stringify([wanted, subject, server.id, through.clients, scope]);
    const risk = (after.servers.get(server.id) ?? before.servers.get(server.id))?.scopes.get(scope) ?? 'high';
    const rules = [...new Set(speaking.map(({ id }) => id))];
    const entry = found.get(key) ?? {
      sign: wanted,
      people: 0,
      already: 0,
      subject,
      server: server.id,
      clients: through.clients,
      throughAll: classes === 1,
      scopes: [scope],
      risk,
      rules,
    };
    if (wanted !== sign) entry.already += people.size;
    else entry.people += people.size;
    found.set(key, entry);
  }
}

const nothing: ReadonlySet<string> = new Set();

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

function isAbout(rule: Rule, people: PersonClass, { clients }: ClientClass, scope: string): boolean {
  const isThrough = !rule.through || rule.through.has(clients[0] ?? '');
  return isThrough && rule.scopes.has(scope) && matching(rule, people) !== undefined;
}

function matching(rule: Rule | undefined, people: PersonClass): string | undefined {
  return rule?.to.find((subject) => subject === 'everyone' || people.subjects.has(subject));
}

/** Under which conditions these people have the scope: one text, the same where they are the same. */
function conditionsOf(
  index: AccessIndex,
  server: string,
  people: PersonClass,
  through: ClientClass,
  scope: string,
): string {
  const about = (index.rules.get(server)?.all ?? []).filter((rule) => isAbout(rule, people, through, scope));
  const allows = about.filter(({ effect }) => effect === 'allow');
  const free = allows.some(({ when }) => when === undefined);
  const words = about
    .filter((rule) => rule.effect !== 'allow' || !free)
    .map(({ effect, when, needs }) => JSON.stringify([effect, when, needs]));
  return [...new Set(words)].toSorted().join();
}

/** Scopes of which all the same is to be said are said together. */
function mergeScopes(effects: readonly Effect[]): Effect[] {
  const merged = new Map<string, Effect>();
  for (const effect of effects) {
    const { scopes: _, ...rest } = effect;
    const key = JSON.stringify(rest);
    const same = merged.get(key);
    merged.set(key, same ? { ...same, scopes: [...same.scopes, ...effect.scopes] } : effect);
  }
  return [...merged.values()];
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
  const people = new Set<number>();
  let others = 0;
  return {
    add(some: PersonClass) {
      for (const person of some.people) people.add(person);
      if (!some.others) return;
      const seen = some.others;
      for (let person = 0; person < known; person += 1) if (!seen.has(person)) people.add(person);
      others = Math.max(0, total - known);
    },
    size: () => people.size + others,
  };
}
