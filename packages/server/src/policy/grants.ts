import type { AccessIndex } from './compile.ts';
import type { Rule, RuleIndex } from './compile-rules.ts';
import type { Ask } from './model.ts';

/**
 * Whether any rule leaves this person anything at all, through whichever client and after whichever sign-in. A scope that
 * a rule denies them through every client does not count. Slower than a decision: for when memberships change.
 */
export function isGrantedAnything(index: AccessIndex, person: Ask['person']): boolean {
  return [...index.rules.values()].some((rules) => {
    const about = rulesAbout(rules, person);
    const denied = about.filter(({ effect, through }) => effect === 'deny' && through === undefined);
    const isDenied = (scope: string) => denied.some(({ scopes }) => scopes.has(scope));
    return about.some(({ effect, scopes }) => effect === 'allow' && [...scopes].some((scope) => !isDenied(scope)));
  });
}

function rulesAbout(rules: RuleIndex, { id, groups, roles }: Ask['person']): Rule[] {
  return [
    ...rules.everyone,
    ...groups.flatMap((group) => rules.groups.get(group) ?? []),
    ...roles.flatMap((role) => rules.roles.get(role) ?? []),
    ...(rules.users.get(id) ?? []),
  ];
}
