import type { AccessIndex } from './compile.ts';
import type { Condition, RuleExplanation, ScopeExplanation, ScopeOutcome } from './explain.ts';
import type { Ask } from './model.ts';
import { completes, rulesOfAsk, sidesInWords, type TogetherRule, toHeld } from './together.ts';

/** What became of the rules on what must never come together, and the scopes they withheld, in the order they were judged. */
export interface TogetherExplanation {
  readonly rules: readonly RuleExplanation[];
  readonly scopes: ReadonlyMap<string, ScopeExplanation>;
}

/**
 * @param inQuestion - in the order in which they are judged
 * @param judged - what the other rules made of them
 */
export function explainTogether(
  { together }: AccessIndex,
  ask: Ask,
  inQuestion: readonly string[],
  judged: readonly ScopeExplanation[],
): TogetherExplanation {
  const here = together?.get(ask.server) ?? [];
  const about = together && !ask.whenever ? rulesOfAsk(together, ask) : [];
  const outcomes = new Map(judged.map(({ scope, outcome }) => [scope, outcome]));
  const held = [...(ask.held ?? [])];
  const scopes = new Map<string, ScopeExplanation>();
  const against = new Map<TogetherRule, string>();
  for (const outcome of ['granted', 'withheld', 'unbound'] satisfies ScopeOutcome[]) {
    for (const scope of inQuestion.filter((one) => outcomes.get(one) === outcome)) {
      const one = toHeld(ask.server, scope);
      const speaking = about.filter((rule) => completes(rule, new Set(held), one));
      const [first] = speaking;
      if (first) {
        const words = sidesInWords(first, held, one);
        const rules = speaking.map(({ id }) => id);
        scopes.set(scope, {
          scope,
          outcome: 'kept_apart',
          rules,
          words: `kept apart by ${rules.join(', ')}: ${words}`,
        });
        for (const rule of speaking) against.set(rule, against.get(rule) ?? words);
      } else if (outcome === 'granted') held.push(one);
    }
  }
  return { rules: here.map((rule) => explainRule(rule, ask, about, against.get(rule))), scopes };
}

function explainRule(
  rule: TogetherRule,
  ask: Ask,
  about: readonly TogetherRule[],
  withheld: string | undefined,
): RuleExplanation {
  const { id, to, through } = rule;
  const clients = through && [...through].join(', ');
  const isThrough = through?.has(ask.client) ?? true;
  const conditions: Condition[] = [];
  if (clients !== undefined) {
    const words = `the client is ${ask.client}, ${isThrough ? '' : 'not '}one of ${clients}`;
    conditions.push({ about: 'client', met: isThrough, words });
  }
  if (isThrough && ask.whenever) {
    conditions.push({
      about: 'session',
      met: false,
      words: 'what could be had at all is asked for, in whichever session',
    });
  } else if (isThrough) {
    const met = about.includes(rule);
    conditions.push({ about: 'person', met, words: `the person is ${met ? '' : 'none '}of ${to.join(', ')}` });
    const words = withheld ?? 'the session would not hold something of every side';
    if (met) conditions.push({ about: 'session', met: withheld !== undefined, words });
  }
  return { id, effect: 'never_together', spoke: withheld !== undefined, conditions };
}
