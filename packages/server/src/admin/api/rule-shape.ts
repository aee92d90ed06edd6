import { z } from 'zod';
import type { Rule } from '../../policy/compile-rules.ts';
import { hoursWords } from '../../policy/hours.ts';

/** A rule as far as it bears on one server. */
export const RuleShape = z.object({
  id: z.string(),
  effect: z.enum(['allow', 'deny', 'require']),
  scopes: z.array(z.string()),
  to: z.array(z.string()).describe('everyone, group:ID, role:ID or user:ID.'),
  through: z.array(z.string()).nullable().describe('Clients it is about; null = all.'),
  needs: z
    .object({ acr: z.string().nullable(), amr: z.array(z.string()), maxAgeSeconds: z.int().nullable() })
    .nullable()
    .describe('Of a require: what the sign-in must have been like.'),
  from: z.array(z.string()).describe('Networks it speaks in; none = everywhere.'),
  notFrom: z.array(z.string()),
  hours: z.string().nullable(),
  until: z.int().nullable(),
});

export function toRuleShape({ id, effect, scopes, to, through, needs, when }: Rule): z.output<typeof RuleShape> {
  const { acr = null, amr = [], max_age = null } = needs;
  return {
    id,
    effect,
    scopes: [...scopes],
    to: [...to],
    through: through ? [...through] : null,
    needs: effect === 'require' ? { acr, amr: [...amr], maxAgeSeconds: max_age } : null,
    from: [...(when?.from?.names ?? [])],
    notFrom: [...(when?.notFrom?.names ?? [])],
    hours: when?.hours ? hoursWords(when.hours) : null,
    until: when?.until ?? null,
  };
}
