import { isName } from '@credence/mcp/protocol';
import { z } from 'zod';
import type { AdminRole } from '../../store/administrators.ts';
import type { Person } from '../../store/store.ts';
import { roleSchema } from './me.ts';

export const PersonSummary = z.object({
  id: z.string(),
  source: z.string().describe('Who owns the record: local, scim:<name> or upstream:<name>.'),
  email: z.string(),
  name: z.string(),
  active: z.boolean(),
  groups: z.array(z.string()),
  roles: z.array(z.string()),
});

export const PersonDetail = PersonSummary.extend({
  administers: roleSchema.nullable(),
  hasPassword: z.boolean(),
});

export const personParams = z.strictObject({ id: z.string().max(256) });

export const email = z
  .string()
  .max(254)
  .regex(/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u, 'must be an e-mail address');

export const displayName = z
  .string()
  .refine((text) => isName(text, 200), 'must have 1 to 200 characters, none of them a control character');

export function toSummary({ id, source, email: address, name, active, groups, roles }: Person) {
  return { id, source, email: address, name, active, groups: [...groups], roles: [...roles] };
}

export function toDetail(person: Person, administers: AdminRole | undefined, hasPassword: boolean) {
  return { ...toSummary(person), administers: administers ?? null, hasPassword };
}
