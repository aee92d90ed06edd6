import { z } from 'zod';
import { keyPurposes } from '../../config-schema.ts';
import { answer, type Route, route } from './route.ts';

const Key = z.object({
  purpose: z.enum(keyPurposes),
  kid: z.string(),
  algorithm: z.string(),
  token: z.string().optional().describe('Its label in a PKCS #11 token.'),
  state: z.enum(['published', 'signing', 'retiring', 'retired']),
  words: z.string(),
  publishedAt: z.int(),
  signsFrom: z.int(),
  retiresAt: z.int().optional(),
});

/** Signing keys, as `credence keys list` shows them; never what is private of one. */
export const keyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/keys',
    id: 'listKeys',
    summary: 'Signing keys of every purpose, and what each does now',
    permission: 'read:keys',
    answer: z.object({ items: z.array(Key) }),
    handle: async ({ now }, { keys }) => answer({ items: [...(await keys(now))] }),
  }),
];
