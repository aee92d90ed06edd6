import type { Answer } from '../../data/problem.ts';
import { toExact } from '../../parts/time-words.ts';
import { storyTexts } from '../../texts/decisions.ts';
import { inWords, type Line } from './line.ts';

export type Decided = NonNullable<Answer<'explainRecord'>['decided']>;
export type Told = Decided['rules'][number];
type Names = Answer<'explainRecord'>['names'];

/** One condition of one rule: met, not met, not looked at any more, or none of this rule. */
export type Check = 'met' | 'unmet' | 'open' | 'free';

export interface WhyRow {
  readonly id: string;
  /** What the rule says. */
  readonly says: string;
  readonly checks: readonly Check[];
  /** What became of it in this decision. */
  readonly words: string;
}

/** Conditions in the order in which they are checked. */
const order = ['person', 'client', 'scopes', 'until', 'network', 'hours', 'sign_in', 'session'];
const always = new Set(['person', 'client', 'scopes']);

/** Conditions that at least one rule has; the first three stand there in any case. */
export function whyColumns(rules: readonly Told[]): readonly string[] {
  const used = new Set(rules.flatMap(({ conditions }) => conditions.map(({ about }) => about)));
  return order.filter((about) => always.has(about) || used.has(about));
}

/** Rules that spoke, then those that did not, the nearest misses first. */
export function whyRows(rules: readonly Told[], asked: Asked): { readonly spoke: WhyRow[]; readonly silent: WhyRow[] } {
  const columns = whyColumns(rules);
  const toRow = (rule: Told) => ({
    id: rule.id,
    says: saysOf(rule, asked.names),
    checks: columns.map((about) => checkOf(rule, about)),
    words: wordsOf(rule, asked),
  });
  const [spoke, silent] = [rules.filter(hasSpoken), rules.filter((rule) => !hasSpoken(rule))];
  return {
    spoke: spoke.map(toRow),
    silent: silent.toSorted((a, b) => b.conditions.length - a.conditions.length).map(toRow),
  };
}

/** Whom and what the words speak of. */
export interface Asked {
  readonly person: string;
  readonly client: string;
  readonly names: Names;
  readonly scopes: readonly string[];
  readonly address: string | undefined;
  readonly amr: readonly string[];
  readonly signInAgeSeconds: number | undefined;
}

/** The same of a line of the record. */
export function toAsked(
  { scopesAsked, address, inputs }: Line,
  names: Names,
  called: { readonly person?: string | undefined; readonly client?: string | undefined },
): Asked {
  return {
    person: called.person ?? storyTexts.facts.person,
    client: called.client ?? '',
    names,
    scopes: scopesAsked ?? [],
    address,
    amr: inputs?.amr ?? [],
    signInAgeSeconds: inputs?.authTime === undefined ? undefined : inputs.now - inputs.authTime,
  };
}

/** A require that was met took nothing away: for people it has spoken as well. */
function hasSpoken(rule: Told): boolean {
  return rule.spoke || isMetRequire(rule);
}

function isMetRequire({ effect, conditions }: Told): boolean {
  return effect === 'require' && conditions.at(-1)?.about === 'sign_in' && conditions.at(-1)?.met === false;
}

function checkOf(rule: Told, about: string): Check {
  const own = rule.conditions.filter((condition) => condition.about === about);
  const failed = rule.conditions.find(({ met }) => !met);
  if (about === 'sign_in' && own.length > 0) return isMetRequire(rule) ? 'met' : 'unmet';
  if (own.some(({ met }) => !met)) return 'unmet';
  if (own.length > 0) return 'met';
  return failed && order.indexOf(failed.about) < order.indexOf(about) ? 'open' : 'free';
}

const verbs = { allow: 'allows', deny: 'refuses', require: 'asks of', never_together: 'keeps apart for' } as const;

function saysOf({ effect, rule }: Told, names: Names): string {
  if (!rule) return 'what must never come together in one session';
  const to = rule.to.length === 0 ? 'everybody' : inWords(rule.to.map((subject) => subjectName(subject, names)));
  const scopes = rule.scopes.length === 0 ? 'nothing of this server' : inWords(few(rule.scopes));
  const through = rule.through ? ` through ${inWords(few(rule.through.map((id) => clientName(id, names))))}` : '';
  if (effect === 'require') return `asks ${to}${through} for ${needsWords(rule)}, for ${scopes}`;
  return `${verbs[effect]} ${to} ${scopes}${through}`;
}

/** What became of a rule; of one that did not speak, the condition that failed. */
function wordsOf(told: Told, asked: Asked): string {
  const { effect, rule, conditions, spoke } = told;
  const failed = conditions.find(({ met }) => !met);
  if (!rule) return (failed ?? conditions.at(-1))?.words ?? '';
  const own = rule.scopes.filter((scope) => asked.scopes.includes(scope));
  const about = inWords(own.length > 0 ? own : few(rule.scopes));
  if (isMetRequire(told)) return `Met: ${signInWords(asked)}. It took nothing away.`;
  if (spoke && effect === 'require') return `Asks for ${needsWords(rule)}; the sign-in had ${signInWords(asked)}`;
  if (spoke) return effect === 'deny' ? `Refuses ${about}: a refusal wins` : `Allows ${about}`;
  if (failed?.about === 'person') return personWords(rule.to, asked);
  if (failed?.about === 'client') {
    const others = inWords(few((rule.through ?? []).map((id) => clientName(id, asked.names))));
    return `Only through ${others}, and this was ${asked.client}`;
  }
  if (failed?.about === 'scopes') {
    const verb = { allow: 'Gives', deny: 'Refuses', require: 'Is about', never_together: 'Is about' }[effect];
    const missing = asked.scopes.length === 0 ? '' : `, not ${inWords(few(asked.scopes))}`;
    return `${verb} ${inWords(few(rule.scopes)) || 'nothing here'} only${missing}`;
  }
  if (failed?.about === 'until' && rule.until !== null) return `Ended ${toExact(rule.until * 1000)}`;
  if (failed?.about === 'network') {
    const where = asked.address ?? 'An address that is not known';
    return rule.from.length > 0
      ? `${where} is not in ${inWords(rule.from)}`
      : `${where} is in ${inWords(rule.notFrom)}`;
  }
  if (failed?.about === 'hours') return `Speaks ${rule.hours ?? 'at other times'} only`;
  return failed?.words ?? '';
}

function personWords(to: readonly string[], { person, names }: Asked): string {
  const groups = to.filter((subject) => subject.startsWith('group:')).map((subject) => subjectName(subject, names));
  const roles = to.filter((subject) => subject.startsWith('role:')).map((subject) => subjectName(subject, names));
  if (roles.length === 0 && groups.length === 1) return `${person} is not in ${groups[0]}`;
  if (groups.length === 0 && roles.length === 1) return `${person} has not the role ${roles[0]}`;
  if (groups.length + roles.length === 0) return `It names somebody else`;
  return `${person} is none of ${inWords(few([...groups, ...roles]))}`;
}

export function subjectName(subject: string, names: Pick<Names, 'subjects'>): string {
  if (subject === 'everyone') return 'everybody';
  if (subject.startsWith('user:')) return 'one person';
  return names.subjects.find(({ id }) => id === subject)?.name ?? subject.slice(subject.indexOf(':') + 1);
}

function clientName(id: string, names: Pick<Names, 'clients'>): string {
  return names.clients.find((client) => client.id === id)?.name ?? id;
}

export function needsWords({ needs }: Pick<NonNullable<Told['rule']>, 'needs'>): string {
  const { acr = null, amr = [], maxAgeSeconds = null } = needs ?? {};
  const factors = amr.map((each) => factorWords[each] ?? each);
  const parts = [
    ...(acr === null ? [] : [`a sign-in of class ${acr}`]),
    ...factors,
    ...(maxAgeSeconds === null ? [] : [`a sign-in at most ${duration(maxAgeSeconds)} old`]),
  ];
  return inWords(parts) || 'nothing';
}

const factorWords: Readonly<Record<string, string>> = {
  mfa: 'a second factor',
  pwd: 'a password',
  hwk: 'a key of hardware',
};

function signInWords({ amr, signInAgeSeconds }: Asked): string {
  const how = inWords(amr.map((each) => factorWords[each] ?? each)) || 'nothing that is known';
  return signInAgeSeconds === undefined ? how : `${how}, ${duration(signInAgeSeconds)} old`;
}

/** `40 s`, `12 min`, `2 h 10 min`, `3 days`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** At most four names, and how many more there are. */
function few(names: readonly string[]): readonly string[] {
  return names.length <= 5 ? names : [...names.slice(0, 4), `${names.length - 4} more`];
}
