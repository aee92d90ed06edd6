import type { Conditions, Needs } from './conditions.ts';
import { toConditions, toKey } from './conditions.ts';

/** What somebody chooses for one scope in a cell. */
export type Choice = 'allow' | 'none' | 'refuse';

/** What the rules of a cell itself say of one scope. */
export interface ScopeSays {
  readonly choice: Choice;
  /** Under which the rule speaks that allows or refuses it. */
  readonly conditions: Conditions;
  /** What is asked of the sign-in; `undefined` = nothing. */
  readonly needs: Needs | undefined;
}

export interface CellOfRules {
  readonly subject: string;
  readonly server: string;
  /** Of the server, in its order. */
  readonly scopes: readonly { readonly name: string; readonly risk: string }[];
}

export type Document = Readonly<Record<string, unknown>>;

/** An edit as the admin API takes it. */
export interface RuleEdit {
  readonly section: 'rules';
  readonly id: string;
  readonly value?: Readonly<Record<string, unknown>>;
}

type Effect = 'allow' | 'deny' | 'require';

interface Rule {
  readonly id: string;
  readonly [key: string]: unknown;
}

/** A rule that is about this cell and nothing else. */
interface OwnRule {
  readonly rule: Rule;
  readonly effect: Effect;
  readonly scopes: readonly string[];
  readonly said: Conditions | Needs;
}

const conditionKeys = ['through', 'from', 'not_from', 'hours', 'until'] as const;
const known: Readonly<Record<Effect, readonly string[]>> = {
  allow: ['id', 'allow', 'on', 'to', ...conditionKeys],
  deny: ['id', 'deny', 'on', 'to', ...conditionKeys],
  require: ['id', 'require', 'for', 'on', 'to'],
};
const effects: readonly Effect[] = ['allow', 'deny', 'require'];

/**
 * The rules of a cell: these people, this server, and nothing that this page cannot show. Only they are changed from the matrix;
 * every other rule reaches further and is changed as a whole. A rule that says again what one before it says is another as well:
 * which of the two is meant cannot be told here.
 */
function ownRules(document: Document, cell: CellOfRules): readonly OwnRule[] {
  const own: OwnRule[] = [];
  for (const rule of rulesOf(document)) {
    const effect = effects.find((each) => Object.hasOwn(rule, each));
    if (!effect || !isOnly(rule.on, cell.server) || !isOnly(rule.to, cell.subject)) continue;
    if (!Object.keys(rule).every((key) => known[effect].includes(key))) continue;
    const scopes = expand(effect === 'require' ? rule.for : rule[effect], effect, cell);
    if (!scopes || own.some((other) => other.effect === effect && other.scopes.some((each) => scopes.includes(each)))) {
      continue;
    }
    const said = effect === 'require' ? (rule.require as Needs) : toConditions(rule);
    own.push({ rule, effect, scopes, said });
  }
  return own;
}

/** Ids of the rules that {@link editsFor} may change. */
export function ownRuleIds(document: Document, cell: CellOfRules): ReadonlySet<string> {
  return new Set(ownRules(document, cell).map(({ rule }) => rule.id));
}

/** What the rules of the cell itself say of each scope. */
export function saysOf(document: Document, cell: CellOfRules): ReadonlyMap<string, ScopeSays> {
  const own = ownRules(document, cell);
  const find = (effect: Effect, scope: string) =>
    own.find((each) => each.effect === effect && each.scopes.includes(scope));
  return new Map(
    cell.scopes.map(({ name }) => {
      // What is refused is refused, whatever allows it.
      const rule = find('deny', name) ?? find('allow', name);
      const choice = rule === undefined ? 'none' : rule.effect === 'deny' ? 'refuse' : 'allow';
      const needs = find('require', name)?.said as Needs | undefined;
      return [name, { choice, conditions: (rule?.said ?? {}) as Conditions, needs }] as const;
    }),
  );
}

/** The edits after which the rules of the cell say this; scopes that are not named keep what they have. */
export function editsFor(
  document: Document,
  cell: CellOfRules,
  wanted: ReadonlyMap<string, ScopeSays>,
): readonly RuleEdit[] {
  const says = new Map([...saysOf(document, cell), ...wanted]);
  const own = ownRules(document, cell);
  const taken = new Set(rulesOf(document).map(({ id }) => id));
  return effects.flatMap((effect) => {
    const groups = groupsOf(effect, says);
    const before = own.filter((each) => each.effect === effect);
    const rules = assign(before, groups);
    const gone = before.filter((each) => ![...rules.values()].includes(each));
    return [
      ...gone.map(({ rule }): RuleEdit => ({ section: 'rules', id: rule.id })),
      ...groups.flatMap((group): RuleEdit[] => {
        const old = rules.get(group);
        if (old && isSaid(old, group)) return [];
        const id = old?.rule.id ?? freshId(taken, cell, effect);
        taken.add(id);
        return [{ section: 'rules', id, value: toRule(id, effect, cell, group, old) }];
      }),
    ];
  });
}

/** The edits that put the rules of the cell back to what they were in another text. */
export function editsBack(document: Document, cell: CellOfRules, before: Document): readonly RuleEdit[] {
  const were = ownRules(before, cell).map(({ rule }) => rule);
  const gone = ownRules(document, cell).filter(({ rule }) => !were.some(({ id }) => id === rule.id));
  const now = new Map(rulesOf(document).map((rule) => [rule.id, rule]));
  return [
    ...gone.map(({ rule }): RuleEdit => ({ section: 'rules', id: rule.id })),
    ...were
      .filter((rule) => JSON.stringify(rule) !== JSON.stringify(now.get(rule.id)))
      .map((rule): RuleEdit => ({ section: 'rules', id: rule.id, value: rule })),
  ];
}

/** The text with these edits, as the server makes it: a rule keeps its place, a new one comes last. */
export function applied(document: Document, edits: readonly RuleEdit[]): Document {
  const rules = new Map(rulesOf(document).map((rule) => [rule.id, rule]));
  for (const { id, value } of edits) {
    if (value === undefined) rules.delete(id);
    else rules.set(id, { ...value, id });
  }
  return { ...document, rules: [...rules.values()] };
}

/** Scopes of which the same is said. */
interface Group {
  readonly scopes: readonly string[];
  readonly said: Conditions | Needs;
}

function groupsOf(effect: Effect, says: ReadonlyMap<string, ScopeSays>): readonly Group[] {
  type Said = { readonly scope: string; readonly said: Group['said'] };
  const said = [...says].flatMap(([scope, { choice, conditions, needs }]): readonly Said[] => {
    if (effect === 'require') return needs ? [{ scope, said: needs }] : [];
    return choice === (effect === 'allow' ? 'allow' : 'refuse') ? [{ scope, said: conditions }] : [];
  });
  return [...Map.groupBy(said, (each) => toKey(each.said)).values()].map((some) => ({
    scopes: some.map(({ scope }) => scope),
    said: some[0]?.said ?? {},
  }));
}

/** Which rule says what from now on: the one that says the same of the circumstances, or one that was about some of the scopes. */
function assign(before: readonly OwnRule[], groups: readonly Group[]): ReadonlyMap<Group, OwnRule> {
  const rules = new Map<Group, OwnRule>();
  const free = new Set(before);
  const take = (group: Group, fits: (rule: OwnRule) => boolean) => {
    const rule = rules.has(group) ? undefined : [...free].find(fits);
    if (!rule) return;
    rules.set(group, rule);
    free.delete(rule);
  };
  for (const group of groups) take(group, ({ said }) => toKey(said) === toKey(group.said));
  for (const group of groups) take(group, ({ scopes }) => scopes.some((scope) => group.scopes.includes(scope)));
  return rules;
}

function isSaid(old: OwnRule, group: Group): boolean {
  return toKey(old.said) === toKey(group.said) && isSameSet(old.scopes, group.scopes);
}

function toRule(id: string, effect: Effect, { subject, server }: CellOfRules, group: Group, old: OwnRule | undefined) {
  const where = effect === 'require' ? 'for' : effect;
  // `all` stays `all` as long as all are meant.
  const scopes = old && isSameSet(old.scopes, group.scopes) ? old.rule[where] : group.scopes;
  const whom = { on: server, to: [subject] };
  return effect === 'require'
    ? { id, require: group.said, for: scopes, ...whom }
    : { id, [effect]: scopes, ...whom, ...group.said };
}

/** Names of scopes that a rule is about; `undefined` for what this page does not know how to read. */
function expand(chosen: unknown, effect: Effect, { scopes }: CellOfRules): readonly string[] | undefined {
  if (Array.isArray(chosen)) return chosen as string[];
  if (chosen === 'all') return scopes.map(({ name }) => name);
  const level = levels.indexOf(String((chosen as { risk?: unknown } | undefined)?.risk));
  if (level < 0) return undefined;
  // As the server reads it: up to this risk in an allow, from it in what takes away.
  const isMeant = (risk: string) =>
    effect === 'allow' ? levels.indexOf(risk) <= level : levels.indexOf(risk) >= level;
  return scopes.filter(({ risk }) => isMeant(risk)).map(({ name }) => name);
}

const levels: readonly string[] = ['low', 'medium', 'high'];
const endings: Readonly<Record<Effect, string>> = { allow: '', deny: '-refused', require: '-sign-in' };

/** A name for a new rule that says what it is about, and that no rule has. */
function freshId(taken: ReadonlySet<string>, { subject, server }: CellOfRules, effect: Effect): string {
  const name = subject
    .replace(/^\w+:/, '')
    .replace(/[^a-z0-9]+/gi, '-')
    .toLowerCase();
  const wanted = `${name}-${server}${endings[effect]}`.replace(/^-+/, '').slice(0, 48);
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? wanted : `${wanted}-${count}`;
    if (!taken.has(id)) return id;
  }
}

function rulesOf(document: Document): readonly Rule[] {
  return Array.isArray(document.rules) ? (document.rules as Rule[]) : [];
}

function isOnly(value: unknown, wanted: string): boolean {
  return value === wanted || (Array.isArray(value) && value.length === 1 && value[0] === wanted);
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((each) => others.includes(each));
}
