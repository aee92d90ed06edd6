import type { Refusal } from '@credence/mcp/protocol';
import type { ReadRecord } from '../../../audit/personal.ts';
import type { Again } from '../../../changes/decide-again.ts';
import { explain, type RuleExplanation } from '../../../policy/explain.ts';

/** For which kind of reason something was refused: as much as the person is told, and no rule by name. */
export type RefusalKind =
  | 'not_given'
  | 'other_agent'
  | 'other_place'
  | 'other_time'
  | 'ended'
  | 'ruled_out'
  | 'weak_sign_in'
  | 'sign_in'
  | 'apart'
  | 'key'
  | 'stopped'
  | 'switched_off'
  | 'second_check'
  | 'mistaken'
  | 'tool_off'
  | 'taken_back'
  | 'not_asked'
  | 'other';

/** Reasons that say it by themselves. */
const byReason: Partial<Record<Refusal, RefusalKind>> = {
  step_up_needed: 'sign_in',
  scopes_kept_apart: 'apart',
  client_key_not_bound: 'key',
  decision_point_denied: 'second_check',
  everything_stopped: 'stopped',
  person_stopped: 'stopped',
  client_stopped: 'stopped',
  server_stopped: 'stopped',
  rule_stopped: 'stopped',
  scope_malformed: 'mistaken',
  scope_unknown: 'mistaken',
  tool_not_listed: 'tool_off',
  token_revoked: 'taken_back',
};

/** Reasons that rules have to be asked about. */
const byRules: ReadonlySet<Refusal> = new Set(['policy_denied', 'policy_no_scope', 'tool_scope_missing']);

/** Of what a rule would give, the circumstance that stood in the way; the one that helps most first. */
const byCondition: readonly [about: string, kind: RefusalKind][] = [
  ['hours', 'other_time'],
  ['network', 'other_place'],
  ['client', 'other_agent'],
  ['until', 'ended'],
];

/** What a rule that is about the person gives through other agents only, so that they can be told which. */
export interface Kind {
  readonly kind: RefusalKind;
  /** Ids of clients through which the person has it. */
  readonly through: readonly string[];
}

/**
 * @param again - the decision made anew; `undefined` where no rules were asked
 */
export function kindOf({ reason }: ReadRecord, again: Again | undefined): Kind {
  const only = (kind: RefusalKind): Kind => ({ kind, through: [] });
  const direct = reason && byReason[reason];
  if (direct) return only(direct);
  if (!reason || !byRules.has(reason) || !again) return only('other');
  const { ahead, scopes, rules } = again.explanation;
  if (ahead !== undefined) return only('switched_off');
  const outcomes = new Set(scopes.map(({ outcome }) => outcome));
  if (outcomes.has('denied')) return only('ruled_out');
  if (outcomes.has('withheld')) return only('weak_sign_in');
  if (outcomes.has('unbound')) return only('key');

  const missing = scopes.filter(({ outcome }) => outcome === 'not_allowed').map(({ scope }) => scope);
  if (reason === 'tool_scope_missing' && missing.length === 0) {
    if (outcomes.has('kept_apart')) return only('apart');
    // A tool of theirs wants a scope that the access document does not know: no agent can ask for it.
    if (outcomes.has('unknown')) return only('other');
    // The rules gave it: the agent came with a token that it had not asked to cover it.
    return only('not_asked');
  }
  // The person is checked first: rules that failed at anything else are about them. Others are none of their business.
  const near = rules.filter((rule) => rule.effect === 'allow' && givesSome(rule, again, missing));
  for (const [about, kind] of byCondition) {
    const found = near.filter((rule) => failedAt(rule) === about);
    if (found.length === 0) continue;
    if (kind !== 'other_agent') return only(kind);
    const named = new Set(found.flatMap(({ id }) => [...(again.rulesHere.get(id)?.through ?? [])]));
    // A rule was judged up to its client only: there it may have ended, or another may refuse.
    const through = [...named].filter((client) => isGivenThrough(client, again, missing));
    if (through.length > 0) return { kind, through };
  }
  return only('not_given');
}

function givesSome({ id }: RuleExplanation, { rulesHere }: Again, missing: readonly string[]): boolean {
  const scopes = rulesHere.get(id)?.scopes;
  return missing.some((scope) => scopes?.has(scope));
}

function isGivenThrough(client: string, { index, ask }: Again, missing: readonly string[]): boolean {
  const { scopes } = explain(index, { ...ask, client });
  return scopes.some(
    ({ scope, outcome }) => missing.includes(scope) && ['granted', 'withheld', 'unbound'].includes(outcome),
  );
}

function failedAt({ conditions }: RuleExplanation): string | undefined {
  return conditions.find(({ met }) => !met)?.about;
}

/** What a person may ask for: what a change of the rules would give. The others pass, or are somebody else's to mend. */
const askable: ReadonlySet<RefusalKind> = new Set([
  'not_given',
  'other_agent',
  'other_place',
  'other_time',
  'ended',
  'ruled_out',
]);

export function canBeAskedFor(kind: RefusalKind): boolean {
  return askable.has(kind);
}
