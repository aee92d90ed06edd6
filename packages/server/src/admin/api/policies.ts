import { z } from 'zod';
import { readAuthor } from '../../changes/author.ts';
import { withoutUpstreams } from '../../policy/upstreams.ts';
import type { PolicyHead } from '../../store/store.ts';
import { answer, type Route, refuse, route } from './route.ts';

const kind = z.enum(['access', 'resource']);

const Version = z.object({
  kind,
  version: z.int(),
  author: z.string().describe('Who published it, in words: file, or who wrote and who approved it.'),
  authors: z.array(z.string()).describe('Ids of everybody who wrote any of it.'),
  approver: z.string().nullable().describe('Id of the second person, where there was one.'),
  publishedAt: z.int(),
  digest: z
    .string()
    .describe('SHA-256 of the document as JSON text as it was published, upstreams included, base64url.'),
});

/** Versions of the policy documents: each is for good. */
export const policyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/policies/{kind}/versions',
    id: 'listVersions',
    summary: 'Versions of a document, the newest first',
    permission: 'read:policy',
    params: z.strictObject({ kind }),
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(50).default(20),
      before: z.coerce.number().int().min(1).optional().describe('Only versions before this one.'),
    }),
    answer: z.object({ items: z.array(Version) }),
    handle: async ({ params, query: { limit, before } }, { store }) => {
      const heads = await store.policies.heads(params.kind);
      const older = heads.filter(({ version }) => before === undefined || version < before);
      return answer({ items: older.toReversed().slice(0, limit).map(toShape) });
    },
  }),
  route({
    method: 'GET',
    path: '/policies/{kind}/versions/{version}',
    id: 'getVersion',
    summary: 'One version with its document',
    permission: 'read:policy',
    params: z.strictObject({ kind, version: z.coerce.number().int().min(1).max(2_147_483_647) }),
    answer: Version.extend({ document: z.record(z.string(), z.unknown()) }),
    handle: async ({ params }, { store }) => {
      const found = await store.policies.read(params.kind, params.version);
      if (!found) return refuse('api_not_found');
      return answer({ ...toShape(found), document: withoutUpstreams(JSON.parse(found.document)) });
    },
  }),
];

function toShape({ kind: of, version, author, publishedAt, digest }: PolicyHead) {
  const { authors, approver } = readAuthor(author);
  return { kind: of, version, author, authors: [...authors], approver: approver ?? null, publishedAt, digest };
}
