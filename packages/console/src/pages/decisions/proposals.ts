import type { Answer } from '../../data/problem.ts';
import { inWords, type Line, outcomeOf } from './line.ts';
import { subjectName, type Told } from './why-rows.ts';

/** One way to get what was refused. */
export interface Proposal {
  readonly key: string;
  /** Whom it lets in, in bold, and to what. */
  readonly gains: string;
  readonly rest: string;
  readonly remark: string;
  /** What a draft would change; absent where no draft does it. */
  readonly draft?: Drafted;
  /** The group that somebody would have to join, as rules name it. */
  readonly group?: string;
}

/** A change of the access document. */
export interface Drafted {
  readonly name: string;
  /** The rule as it is to be; from the one that the document has now, or a new one. */
  readonly rule: string;
  readonly toEntry: (
    now: Readonly<Record<string, unknown>> | undefined,
  ) => Readonly<Record<string, unknown>> | undefined;
}

export interface WayOut {
  /** What is to be said first, or instead. */
  readonly words?: string;
  readonly proposals: readonly Proposal[];
}

/** What it would take, the smallest change first. Each is a draft at most: nothing of it is in force. */
export function wayOut(explained: Answer<'explainRecord'>, line: Line, person: string): WayOut {
  const { decided, reason, names } = explained;
  const outcome = outcomeOf(line);
  if (outcome === 'allowed') return { words: 'Nothing: it was allowed.', proposals: [] };
  const help = reason?.help ?? undefined;
  // What the rules allowed was refused by something else: no rule would change that.
  if (!decided || decided.effect === 'allow') {
    return {
      words: help ?? 'Look at the request of the client: the reason says what was wrong with it.',
      proposals: [],
    };
  }
  if (decided.ahead !== null) return { words: help ?? decided.ahead, proposals: [] };
  const denies = decided.rules.filter(({ effect, spoke }) => effect === 'deny' && spoke);
  if (denies.length > 0) {
    const ids = inWords(denies.map(({ id }) => id));
    return { words: `Not to be covered by ${ids}: a refusal wins over every allow.`, proposals: [] };
  }
  if (decided.effect === 'step_up') {
    return { words: 'A fresher or stronger sign-in. The client was told which.', proposals: [] };
  }
  if (decided.effect === 'bind_key') {
    return { words: help ?? 'A key of the client that the sign-in is bound to.', proposals: [] };
  }
  const missing = decided.scopes.filter(({ outcome: what }) => what === 'not_allowed').map(({ scope }) => scope);
  if (missing.length === 0) return { words: help ?? 'Nothing that a rule could give was missing.', proposals: [] };
  const where = `${inWords(missing)} on ${names.server?.name ?? line.server} through ${names.client?.name ?? line.client}`;
  return {
    proposals: [
      ...forOne(explained, person),
      ...decided.rules.flatMap((rule) => widerRule(rule, line, missing, { where, names })),
      ...decided.rules.flatMap((rule) => joining(rule, missing, { person, names })),
    ].slice(0, 5),
  };
}

/** The server says which rule that is: the same as for whoever asks for it (`/requests`). */
function forOne({ smallest, names }: Answer<'explainRecord'>, person: string): Proposal[] {
  if (!smallest) return [];
  const { id, allow, on, through, until } = smallest;
  const client = names.client?.name ?? inWords(through);
  return [
    {
      key: 'one',
      gains: '1 person',
      rest: ` gains ${inWords(allow)} on ${names.server?.name ?? on} through ${client}, until ${until}.`,
      remark: `A new rule for ${person} alone, with an end.`,
      draft: {
        // Not for whom: drafts are read by who may not see people.
        name: `One person: ${inWords(allow)} on ${on}`.slice(0, 120),
        rule: id,
        toEntry: () => ({ ...smallest }),
      },
    },
  ];
}

/** A rule that is about the person already, and would have to give more, or to more clients. */
function widerRule(
  { id, effect, rule, conditions }: Told,
  line: Line,
  missing: readonly string[],
  { where, names }: { readonly where: string; readonly names: Answer<'explainRecord'>['names'] },
): Proposal[] {
  const failed = conditions.find(({ met }) => !met)?.about;
  const { client } = line;
  if (effect !== 'allow' || !rule || client === undefined) return [];
  const to = inWords(rule.to.map((subject) => subjectName(subject, names)));
  const gains = `Whoever is ${to === 'everybody' ? 'here' : `of ${to}`}`;
  if (failed === 'scopes') {
    return [
      {
        key: id,
        gains,
        rest: ` gains ${where}.`,
        remark: `Adds ${inWords(missing)} to the rule ${id}. The draft counts whom it lets in.`,
        draft: {
          name: `${id} gives ${inWords(missing)}`.slice(0, 120),
          rule: id,
          toEntry: (now) =>
            now && Array.isArray(now.allow) && typeof now.on === 'string'
              ? { ...now, allow: [...new Set([...now.allow, ...missing])] }
              : undefined,
        },
      },
    ];
  }
  const givesAll = missing.every((scope) => rule.scopes.includes(scope));
  if (failed !== 'client' || !givesAll) return [];
  return [
    {
      key: id,
      gains,
      rest: ` gains what ${id} gives through ${names.client?.name ?? client} as well.`,
      remark: `Adds the client to the rule ${id}. The draft counts whom it lets in.`,
      draft: {
        name: `${id} through ${client}`.slice(0, 120),
        rule: id,
        toEntry: (now) =>
          now && Array.isArray(now.through) ? { ...now, through: [...new Set([...now.through, client])] } : undefined,
      },
    },
  ];
}

/** A group that has it: a change of the directory, not of the policy. */
function joining(
  { id, effect, rule, conditions }: Told,
  missing: readonly string[],
  { person, names }: { readonly person: string; readonly names: Answer<'explainRecord'>['names'] },
): Proposal[] {
  const failed = conditions.find(({ met }) => !met)?.about;
  if (effect !== 'allow' || !rule || failed !== 'person') return [];
  const group = rule.to.find((subject) => subject.startsWith('group:'));
  if (group === undefined || !missing.every((scope) => rule.scopes.includes(scope))) return [];
  return [
    {
      key: `join ${id}`,
      gains: person,
      rest: ` joins ${subjectName(group, names)}, and has with it whatever that group has.`,
      remark: 'A change in the directory, not in the policy.',
      group,
    },
  ];
}
