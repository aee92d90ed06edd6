import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from './compile.ts';
import type { Rule, RuleIndex } from './compile-rules.ts';
import { rulesFor } from './decide.ts';
import type { Ask } from './model.ts';

/** A rule that allows something until a time, on one server. */
export interface Ending {
  readonly until: EpochSeconds;
  readonly server: string;
  readonly rule: Rule;
}

/** Rules that allow until a time, the soonest first; `undefined` where there are none, so that nobody looks. */
export function compileEndings(rules: ReadonlyMap<string, RuleIndex>): readonly Ending[] | undefined {
  const endings = [...rules].flatMap(([server, { all }]) =>
    all.flatMap((rule): Ending[] => {
      const until = rule.effect === 'allow' ? rule.when?.until : undefined;
      return until === undefined ? [] : [{ until, server, rule }];
    }),
  );
  return endings.length > 0 ? endings.sort((a, b) => a.until - b.until) : undefined;
}

/**
 * When one of the scopes, or types of details, is allowed no more by whatever allows it now; `undefined` = at no time that the document names. What is issued
 * lives no longer.
 */
export function endOfGrant(
  index: AccessIndex,
  ask: Ask,
  { scopes, details = [] }: { readonly scopes: readonly string[]; readonly details?: readonly string[] | undefined },
): EpochSeconds | undefined {
  const here = index.rules.get(ask.server);
  if (!here) return undefined;
  const allowing = rulesFor(here, ask, scopes).filter(({ effect }) => effect === 'allow');
  const lastOf = (rules: readonly Rule[]) => Math.max(...rules.map(({ when }) => when?.until ?? never), 0);
  const end = Math.min(
    ...scopes.map((scope) => lastOf(allowing.filter((rule) => rule.scopes.has(scope)))),
    ...details.map((type) => lastOf(allowing.filter((rule) => rule.details.has(type)))),
  );
  return end < never ? end : undefined;
}

const never = Number.POSITIVE_INFINITY;
