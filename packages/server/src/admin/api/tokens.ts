import { isName } from '@credence/mcp/protocol';
import { z } from 'zod';
import { tokenScopes } from '../../directory/permissions.ts';
import type { ApiToken } from '../../store/api-tokens.ts';
import { maxTokenDays, newApiToken, scopesBeyond } from '../api-tokens.ts';
import { fromCursor, pageOf, pageQuery, toPage } from './page.ts';
import { answer, type Route, refuse, route } from './route.ts';

const Token = z.object({
  id: z.string(),
  administrator: z.string().describe('Id of the person in whose name it acts.'),
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.int(),
  expiresAt: z.int(),
  lastUsedAt: z.int().nullable(),
});

const NewToken = z.strictObject({
  name: z.string().refine((text) => isName(text, 80), 'must have 1 to 80 characters, none of them a control character'),
  scopes: z
    .array(z.enum(tokenScopes as [string, ...string[]]))
    .min(1)
    .max(tokenScopes.length),
  days: z.int().min(1).max(maxTokenDays).describe('How long it is good.'),
});

/** Tokens of programs. A token makes no tokens. */
export const tokenRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/tokens',
    id: 'listTokens',
    summary: 'API tokens: my own, or as an owner everybody’s',
    permission: 'read:tokens',
    query: z.strictObject(pageQuery),
    answer: pageOf(Token),
    handle: async ({ query: { cursor, limit }, by }, { store }) => {
      const personId = by.role === 'owner' ? undefined : by.person.id;
      const found = await store.apiTokens.list({ after: fromCursor(cursor), limit: limit + 1, personId });
      return answer(toPage(found, limit, ({ id }) => id, toToken));
    },
  }),
  route({
    method: 'POST',
    path: '/tokens',
    id: 'createToken',
    summary: 'Make an API token with my role or less; it is shown this once',
    permission: 'write:tokens',
    fresh: true,
    body: NewToken,
    status: 201,
    answer: Token.extend({ token: z.string() }),
    handle: async ({ body, by, now, row }, { store }) => {
      const beyond = scopesBeyond(body.scopes, by.role);
      if (beyond.length > 0) return refuse('admin_role_lacks', `Your role does not cover ${beyond.join(', ')}.`);
      const { value, token } = newApiToken({ ...body, personId: by.person.id, now });
      const { id, scopes, expiresAt } = token;
      const facts = { person: by.person.id, detail: `API token ${id} made`, after: { token: id, scopes, expiresAt } };
      await store.apiTokens.add(token, [row('admin', facts)]);
      return answer({ ...toToken(token), token: value });
    },
  }),
  route({
    method: 'DELETE',
    path: '/tokens/{id}',
    id: 'revokeToken',
    summary: 'Revoke an API token; it stops working at once',
    permission: 'write:tokens',
    params: z.strictObject({ id: z.string().max(64) }),
    handle: async ({ params: { id }, by, row }, { store }) => {
      const token = await store.apiTokens.find(id);
      if (!token || (token.personId !== by.person.id && by.role !== 'owner')) return refuse('api_not_found');
      const { scopes, expiresAt } = token;
      const facts = {
        person: token.personId,
        detail: `API token ${id} revoked`,
        before: { token: id, scopes, expiresAt },
      };
      const isRemoved = await store.apiTokens.remove(id, [row('admin', facts)]);
      return isRemoved ? answer(undefined) : refuse('api_not_found');
    },
  }),
];

function toToken({ id, personId, name, scopes, createdAt, expiresAt, lastUsedAt }: ApiToken) {
  const times = { createdAt, expiresAt, lastUsedAt: lastUsedAt ?? null };
  return { id, administrator: personId, name, scopes: [...scopes], ...times };
}
