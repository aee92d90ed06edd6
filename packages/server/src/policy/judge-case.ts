import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from './compile.ts';
import { decide } from './decide.ts';
import { type Explanation, explain } from './explain.ts';
import type { Ask, Decision } from './model.ts';
import { type CaseExpectation, type PolicyCase, timesOf } from './policy-tests.ts';
import { unknownName } from './references.ts';
import { toHeld } from './together.ts';

/** What became of one case. */
export interface JudgedCase {
  readonly name: string;
  readonly line: number;
  readonly outcome: 'ok' | 'differs';
  readonly expected: CaseExpectation;
  readonly actual: Decision;
  /** Names in the case that this version does not have. It then differs, whatever it expects: a refusal would prove nothing. */
  readonly unknown: readonly string[];
  /** What the case leaves open and its outcome hangs on, such as the time of day. It then differs: it would not tomorrow, or the day after. */
  readonly open: readonly string[];
  readonly explanation: Explanation;
}

/**
 * Puts one case to `decide()` itself, the rule that requests are decided by.
 * @param clock - the time where the case gives none
 */
export function judgeCase(index: AccessIndex, one: PolicyCase, clock: EpochSeconds): JudgedCase {
  const ask = toAsk(one, clock);
  const actual = decide(index, ask);
  const unknown = unknownNames(index, one);
  const explanation = explain(index, ask);
  const open = openCircumstances(one, explanation);
  const isSound = unknown.length === 0 && open.length === 0;
  const outcome = isSound && isAsExpected(one.expect, actual) ? 'ok' : 'differs';
  const { name, line, expect: expected } = one;
  return { name, line, outcome, expected, actual, unknown, open, explanation };
}

/** Circumstances that a rule was tested by, about this person, client and scopes, and that the case does not name. */
function openCircumstances({ now, address }: PolicyCase, { rules }: Explanation): string[] {
  const needs = (key: string, abouts: readonly string[]) => {
    const ids = rules
      .filter(({ conditions }) => conditions.some(({ about }) => abouts.includes(about)))
      .map(({ id }) => id);
    return ids.length === 0 ? [] : [`needs ${key}: the outcome hangs on it by ${ids.join(', ')}`];
  };
  return [
    ...(now === undefined ? needs('now', ['hours', 'until']) : []),
    ...(address === undefined ? needs('address', ['network']) : []),
  ];
}

function toAsk(one: PolicyCase, clock: EpochSeconds): Ask {
  const { person, client, server, scopes, details, acr, amr, key_bound: keyBound, address, held } = one;
  return {
    // No rule can name an empty id.
    person: { ...person, id: person.id ?? '' },
    client,
    server,
    scopes,
    ...(details && { details }),
    acr,
    amr,
    ...timesOf(one, clock),
    keyBound,
    address,
    held: held && Object.entries(held).flatMap(([on, scopes]) => scopes.map((scope) => toHeld(on, scope))),
  };
}

function isAsExpected(expected: CaseExpectation, actual: Decision): boolean {
  return (
    expected.effect === actual.effect &&
    isSame(expected.scopes, actual.scopes) &&
    isSame(expected.details, actual.details ?? []) &&
    isSame(expected.because, actual.because)
  );
}

/** The same names in any order; what is not expected is not compared. */
function isSame(expected: readonly string[] | undefined, actual: readonly string[]): boolean {
  if (!expected) return true;
  const names = new Set(expected);
  return names.size === new Set(actual).size && actual.every((name) => names.has(name));
}

function unknownNames(index: AccessIndex, { server, client, scopes, details, held, expect }: PolicyCase): string[] {
  const there = index.servers.get(server);
  const ids = [...(index.rules.get(server)?.all ?? []), ...(index.together?.get(server) ?? [])].map((rule) => rule.id);
  const missing = (kind: string, names: readonly string[] = [], known: readonly string[]) =>
    [...new Set(names)].filter((name) => !known.includes(name)).map((name) => unknownName(kind, name, known));
  return [
    ...missing('client', [client], [...index.clients.keys()]),
    ...missing('server', [server, ...Object.keys(held ?? {})], [...index.servers.keys()]),
    ...Object.entries(held ?? {}).flatMap(([on, some]) =>
      missing(`scope of ${on}`, some, [...(index.servers.get(on)?.scopes.keys() ?? some)]),
    ),
    ...(there
      ? [
          ...missing(`scope of ${server}`, [...(scopes ?? []), ...(expect.scopes ?? [])], [...there.scopes.keys()]),
          ...missing(
            `type of ${server}`,
            [...(details ?? []), ...(expect.details ?? [])],
            [...there.detailTypes.keys()],
          ),
          ...missing(`rule on ${server}`, expect.because, ids),
        ]
      : []),
  ];
}
