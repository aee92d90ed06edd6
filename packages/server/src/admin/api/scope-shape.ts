import { z } from 'zod';
import type { Risk } from '../../policy/model.ts';

export const risk = z.enum(['low', 'medium', 'high']);

/** A scope with how much harm it can do. */
export const ScopeShape = z.object({ name: z.string(), risk });

export function toScopeShapes({ scopes }: { readonly scopes: ReadonlyMap<string, Risk> }) {
  return [...scopes].map(([name, of]) => ({ name, risk: of }));
}
