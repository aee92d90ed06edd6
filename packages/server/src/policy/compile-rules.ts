import type { AccessDocument, RuleEntry } from './access-document.ts';
import { type Conditions, createNetworks, type NetworksOf, toConditions } from './conditions.ts';
import type { AccessServer, Risk, SignInNeeds } from './model.ts';

type ScopeChoice = NonNullable<RuleEntry['allow']>;

export type RuleEffect = 'allow' | 'deny' | 'require';

/** One rule as it bears on one server. */
export interface Rule {
  readonly id: string;
  /** Place among the rules on this server, so that `because` always lists them in the order people read them. */
  readonly position: number;
  readonly effect: RuleEffect;
  /** Scopes of this server the rule is about. */
  readonly scopes: ReadonlySet<string>;
  /** Types of authorization details it lets through, of those that go with its scopes; an allow only. */
  readonly details: ReadonlySet<string>;
  /** Whom it is about, as the document says it. */
  readonly to: readonly string[];
  /** Clients it is about; `undefined` = all. */
  readonly through: ReadonlySet<string> | undefined;
  /** What the sign-in must have been like; empty unless the effect is `require`. */
  readonly needs: SignInNeeds;
  /** Under which circumstances it speaks; `undefined` = under all. */
  readonly when: Conditions | undefined;
}

/**
 * The rules on one server, by whom they are about. A decision looks up the person's groups, roles and id here, so it never
 * sees rules on other servers or about other people.
 */
export interface RuleIndex {
  readonly all: readonly Rule[];
  readonly everyone: readonly Rule[];
  readonly groups: ReadonlyMap<string, readonly Rule[]>;
  readonly roles: ReadonlyMap<string, readonly Rule[]>;
  readonly users: ReadonlyMap<string, readonly Rule[]>;
}

/** What rules are compiled with. */
export interface RuleGround {
  readonly servers: ReadonlyMap<string, AccessServer>;
  readonly networks: AccessDocument['networks'];
}

/** Rules that were compiled, and what of. */
export interface CompiledRules extends RuleGround {
  readonly entries: readonly RuleEntry[];
  readonly rules: ReadonlyMap<string, RuleIndex>;
}

/**
 * Sorts the rules of a document under the servers they are on.
 * @param beside - of another version: where server, networks and rules are the very same objects, so is what they are compiled to
 */
export function compileRules(
  entries: readonly RuleEntry[],
  { servers, networks = {} }: RuleGround,
  beside?: CompiledRules,
): ReadonlyMap<string, RuleIndex> {
  const share = createSharing();
  const networksOf = createNetworks(networks);
  const known = beside?.networks === networks ? entriesByServer(beside.entries) : undefined;
  const rules = new Map<string, RuleIndex>();
  for (const [serverId, some] of entriesByServer(entries)) {
    const server = servers.get(serverId);
    if (!server) continue; // parsePolicy refuses it; without a server there is nothing to rule on
    const old = beside?.servers.get(serverId) === server && isSameList(known?.get(serverId), some);
    const compiled = old ? beside?.rules.get(serverId) : undefined;
    rules.set(
      serverId,
      compiled ?? indexBySubject(some.map((entry, at) => toRule(entry, at, server, { share, networksOf }))),
    );
  }
  return rules;
}

function entriesByServer(entries: readonly RuleEntry[]): ReadonlyMap<string, readonly RuleEntry[]> {
  const found = new Map<string, RuleEntry[]>();
  for (const entry of entries) {
    for (const serverId of typeof entry.on === 'string' ? [entry.on] : new Set(entry.on)) {
      const some = found.get(serverId);
      if (some) some.push(entry);
      else found.set(serverId, [entry]);
    }
  }
  return found;
}

function isSameList(some: readonly RuleEntry[] | undefined, others: readonly RuleEntry[]): boolean {
  return some?.length === others.length && others.every((entry, at) => entry === some[at]);
}

type Share = (names: Iterable<string>) => ReadonlySet<string>;

/** One set for equal names, however many rules have them: ten thousand rules say the same few, and a decision finds them in the cache. */
function createSharing(): Share {
  const known = new Map<string, ReadonlySet<string>>();
  return (names) => {
    const set = new Set(names);
    const key = JSON.stringify([...set]);
    const same = known.get(key) ?? set;
    known.set(key, same);
    return same;
  };
}

function toRule(
  entry: RuleEntry,
  position: number,
  server: AccessServer,
  { share, networksOf }: { readonly share: Share; readonly networksOf: NetworksOf },
): Rule {
  const { id, allow, deny, require: needs = {}, through } = entry;
  const effect = allow ? 'allow' : deny ? 'deny' : 'require';
  const chosen = allow ?? deny ?? entry.for ?? [];
  const scopes = share(chosenScopes(chosen, effect, server));
  return {
    id,
    position,
    effect,
    scopes,
    details: share(toDetails(entry, scopes, server)),
    to: entry.to ?? ['everyone'],
    through: through && share(through),
    needs,
    when: toConditions(entry, networksOf),
  };
}

const risks: readonly Risk[] = ['low', 'medium', 'high'];

/** Scopes of a server that are meant. */
export function chosenScopes(
  chosen: ScopeChoice,
  effect: RuleEffect,
  { scopes }: Pick<AccessServer, 'scopes'>,
): Iterable<string> {
  if (chosen === 'all') return scopes.keys();
  if ('risk' in chosen) {
    const named = risks.indexOf(chosen.risk);
    const isMeant = (risk: Risk) => (effect === 'allow' ? risks.indexOf(risk) <= named : risks.indexOf(risk) >= named);
    return [...scopes].filter(([, risk]) => isMeant(risk)).map(([scope]) => scope);
  }
  return chosen.filter((scope) => scopes.has(scope));
}

function toDetails(
  { details = [] }: RuleEntry,
  scopes: ReadonlySet<string>,
  { detailTypes }: AccessServer,
): readonly string[] {
  const going = [...detailTypes].filter(([, { scope }]) => scopes.has(scope)).map(([type]) => type);
  const named = new Set(details === 'all' ? going : details);
  return going.filter((type) => named.has(type));
}

function indexBySubject(rules: readonly Rule[]): RuleIndex {
  const everyone: Rule[] = [];
  const maps = { group: new Map<string, Rule[]>(), role: new Map<string, Rule[]>(), user: new Map<string, Rule[]>() };
  for (const rule of rules) {
    for (const subject of new Set(rule.to)) {
      const [kind, id] = splitSubject(subject);
      if (kind === 'everyone') everyone.push(rule);
      else {
        const known = maps[kind].get(id);
        if (known) known.push(rule);
        else maps[kind].set(id, [rule]);
      }
    }
  }
  return { all: rules, everyone, groups: maps.group, roles: maps.role, users: maps.user };
}

/** `group:okta/eng` is the group with the id `okta/eng`; names play no part, so a renamed group inherits nothing. */
export function splitSubject(subject: string): readonly ['everyone' | 'group' | 'role' | 'user', string] {
  const colon = subject.indexOf(':');
  const kind = subject.slice(0, colon);
  const id = subject.slice(colon + 1);
  if (kind === 'group' || kind === 'role' || kind === 'user') return [kind, id];
  // Never read an unknown word as everyone: parsePolicy lets none through, so this is a broken document.
  if (subject !== 'everyone') throw new Error(`unknown subject ${subject}`);
  return ['everyone', ''];
}
