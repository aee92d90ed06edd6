import type { EpochSeconds } from '@credence/mcp/protocol';
import { z } from 'zod';
import type { SmallestRule } from '../../policy/missing.ts';

/** A rule for one person, through one client, with an end: an entry of the access document. */
export const SmallestRuleShape = z.object({
  id: z.string(),
  allow: z.array(z.string()),
  on: z.string(),
  to: z.array(z.string()),
  through: z.array(z.string()),
  until: z.string().describe('The last day, in UTC.'),
});

export function toSmallestShape({ allow, to, through, ...rest }: SmallestRule): z.output<typeof SmallestRuleShape> {
  return { ...rest, allow: [...allow], to: [...to], through: [...through] };
}

/** A day in UTC, as documents write it. */
export function dayAfter(now: EpochSeconds, days: number): string {
  return new Date((now + days * 86_400) * 1000).toISOString().slice(0, 10);
}
