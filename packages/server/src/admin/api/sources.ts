import { z } from 'zod';
import { isSourceName } from '../../directory/source.ts';
import type { ScimToken } from '../../store/directory.ts';
import { StoreConflict } from '../../store/store.ts';
import { googleIssuer, type UpstreamEntry, upstreamPresets } from '../../upstream-config.ts';
import { makeScimToken, maxScimTokens } from '../scim-tokens.ts';
import { answer, type Route, refuse, route } from './route.ts';

const Token = z.object({ id: z.string(), source: z.string(), createdAt: z.int(), lastUsedAt: z.int().nullable() });

const Upstream = z.object({
  name: z.string().describe('As groups, addresses and the record have it.'),
  label: z.string().nullable().describe('What its button says.'),
  preset: z.enum(upstreamPresets).nullable(),
  issuer: z.string(),
  domains: z.array(z.string()).describe('E-mail domains of its people.'),
  creates: z.boolean().describe('Whether somebody new gets a record at the first sign-in.'),
  provisionedBy: z.string().nullable().describe('The source that its people belong to, where that is another.'),
});

/** Where people come from, and what provisioning clients authenticate with. */
export const sourceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/sources',
    id: 'listSources',
    summary: 'Sources of people and groups, with the tokens of provisioning clients',
    permission: 'read:sources',
    answer: z.object({ sources: z.array(z.string()), tokens: z.array(Token), upstreams: z.array(Upstream) }),
    handle: async (_, { store, upstreams }) => {
      const tokens = await store.directory.scimTokens.all();
      return answer({
        sources: [...(await store.directory.sources())],
        tokens: tokens.map(toShape),
        upstreams: Object.entries(upstreams).map(toUpstream),
      });
    },
  }),
  route({
    method: 'POST',
    path: '/scim-tokens',
    id: 'createScimToken',
    summary: 'Make a token for a provisioning client; it is shown this once',
    permission: 'write:sources',
    fresh: true,
    body: z.strictObject({
      source: z.string().refine(isSourceName, 'must be up to 63 letters, digits and _ . -, and not the word local'),
    }),
    status: 201,
    answer: Token.extend({ token: z.string() }),
    handle: async ({ body, now, row }, { store }) => {
      const source = `scim:${body.source}`;
      try {
        await store.directory.claimSource(source);
      } catch (error) {
        if (!(error instanceof StoreConflict)) throw error;
        return refuse('api_conflict', 'A source of another kind has this name, and rules name groups by it.');
      }
      const made = await makeScimToken(store, { source, now }, (detail, facts) => row('admin', { ...facts, detail }));
      if (!made.ok) return refuse(made.refusal, `It has ${maxScimTokens} tokens: revoke one first.`);
      return answer({ ...toShape(made.value.token), token: made.value.value });
    },
  }),
  route({
    method: 'DELETE',
    path: '/scim-tokens/{id}',
    id: 'revokeScimToken',
    summary: 'Revoke the token of a provisioning client; it stops working at once',
    permission: 'write:sources',
    fresh: true,
    params: z.strictObject({ id: z.string().max(64) }),
    handle: async ({ params: { id }, row }, { store }) => {
      const records = [row('admin', { detail: `token ${id} revoked`, before: { token: id } })];
      return (await store.directory.scimTokens.remove(id, records)) ? answer(undefined) : refuse('api_not_found');
    },
  }),
];

function toUpstream([name, entry]: [name: string, entry: UpstreamEntry]): z.output<typeof Upstream> {
  const { name: label = null, preset = null, issuer = googleIssuer, domains, create, provisioned_by } = entry;
  return {
    name,
    label,
    preset,
    issuer,
    domains: [...domains],
    creates: create,
    provisionedBy: provisioned_by?.source ?? null,
  };
}

function toShape({ id, source, createdAt, lastUsedAt }: ScimToken) {
  return { id, source, createdAt, lastUsedAt: lastUsedAt ?? null };
}
