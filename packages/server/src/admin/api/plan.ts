import { z } from 'zod';
import { planOf } from '../../changes/plan.ts';
import { policyKind } from './draft-shape.ts';
import { maxDocumentBytes, toGround } from './drafts.ts';
import { answer, type Route, route } from './route.ts';

const json = z.record(z.string(), z.unknown());

const PlanShape = z.object({
  kind: policyKind,
  from: z.int().describe('Version it is compared with; 0 where there is none.'),
  digest: z.string().describe('SHA-256 of the document as it would be published, base64url.'),
  isInForce: z.boolean().describe('It says what is in force, to the letter.'),
  gain: z
    .int()
    .nullable()
    .describe('People who gain something; of a resource document nobody can say. null: without read:reach.'),
  lose: z.int().nullable(),
  summary: z.string(),
  effects: z.array(z.object({ words: z.string() })).readonly(),
  entries: z
    .array(
      z.object({
        section: z.string(),
        id: z.string(),
        change: z.enum(['new', 'gone', 'changed']),
        keys: z.array(z.string()).readonly(),
      }),
    )
    .readonly(),
  widens: z.array(z.string()).readonly().describe('Why it grants more; empty when it only takes away.'),
  needsSecondPerson: z.boolean(),
});

/** Policy as code: what a document from elsewhere would change. */
export const planRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/policies/{kind}/plan',
    id: 'planDocument',
    summary: 'What would change if a document was published, in people and in words; changes nothing',
    permission: 'read:policy',
    params: z.strictObject({ kind: policyKind }),
    body: z.strictObject({ document: json }),
    maxBytes: maxDocumentBytes,
    answer: PlanShape,
    handle: async (call, services) => {
      const mayCount = call.by.permissions.has('read:reach');
      const planned = await planOf(toGround(call, services), call.params.kind, call.body.document, mayCount);
      return planned.ok ? answer(planned.value) : planned;
    },
  }),
];
