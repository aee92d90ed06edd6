import { refusals } from '@credence/mcp/protocol';
import { z } from 'zod';
import { readRecord } from '../../audit/personal.ts';
import { idsOnRecord, readCursor, searchRecord, toRecordPage } from '../../audit/search.ts';
import { trace } from '../../audit/trace.ts';
import { recompute } from '../explain.ts';
import { answer, type Route, refuse, route } from './route.ts';

/** A line of the record as it is; what each kind holds: docs/operate/audit.md. */
export const RecordShape = z.looseObject({
  id: z.string(),
  kind: z.string(),
  domain: z.string(),
  timeMs: z.int(),
  outcome: z.enum(['allowed', 'refused']),
  reason: z.string().optional(),
});

const text = z.string().min(1).max(300).optional();

export const recordParams = z.strictObject({
  id: z.string().max(256).describe('Of a record, or the jti of an ID-JAG or token.'),
});

/** Decisions and everything else on the record. */
export const recordRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/records',
    id: 'listRecords',
    summary: 'Find records, the newest first; a page may be short, or empty, and have a next one',
    permission: 'read:audit',
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(200).default(50),
      cursor: z.string().max(100).optional(),
      person: text.describe('Id of a person.'),
      client: text,
      server: text,
      scope: text,
      kind: z
        .string()
        .max(300)
        .regex(/^[a-z_]+(?:,[a-z_]+)*$/, 'must be kinds with commas between them')
        .optional()
        .describe('One kind, or several with commas between them.'),
      outcome: z.enum(['allowed', 'refused']).optional(),
      reason: text.describe('Why it was refused, by its name on the record.'),
      correlation: text,
      by: text.describe('Id of the person who did it as an administrator, or cli: and the account at the machine.'),
      token: text.describe('Id of the API or SCIM token that it was done with.'),
      fromMs: z.coerce.number().int().min(0).optional(),
      toMs: z.coerce.number().int().min(0).optional(),
    }),
    answer: z.object({ items: z.array(RecordShape), next: z.string().nullable() }),
    handle: async ({ query }, { store, installation }) => {
      const { limit, cursor, person, kind, token, fromMs, toMs, ...rest } = query;
      const after = cursor === undefined ? undefined : readCursor(cursor);
      if (cursor !== undefined && after === undefined)
        return refuse('api_value_invalid', 'The cursor is none of ours.');
      if (rest.reason !== undefined && !Object.hasOwn(refusals, rest.reason)) {
        return refuse('api_value_invalid', 'There is no reason of this name.');
      }
      const only = Object.fromEntries(
        Object.entries(rest).map(([name, value]) => [name, value === undefined ? undefined : [value]]),
      );
      const ids = person === undefined ? undefined : await idsOnRecord(store, person, installation.idp);
      const found = await searchRecord(
        store,
        {
          ...only,
          kind: kind?.split(','),
          person: ids,
          credential: token === undefined ? undefined : [token],
          fromMs,
          toMs,
        },
        { limit, after },
      );
      const { records, next } = toRecordPage(found);
      return answer({ items: records.map((record) => ({ ...record })), next: next ?? null });
    },
  }),
  route({
    method: 'GET',
    path: '/records/{id}',
    id: 'getRecord',
    summary: 'One record, with why it was decided so where it is of a decision: what credence explain tells',
    permission: 'read:audit',
    params: recordParams,
    answer: z.object({ record: RecordShape, explanation: z.looseObject({}).nullable() }),
    handle: async ({ params: { id } }, { store, installation }) => {
      const row = (await store.audit.find(id)) ?? (await store.audit.findByToken(id))[0];
      if (!row) return refuse('api_not_found');
      const record = readRecord(row);
      const explanation = (await recompute(store, record, installation)) ?? null;
      return answer({ record: { ...record }, explanation: explanation && { ...explanation } });
    },
  }),
  route({
    method: 'GET',
    path: '/records/{id}/trace',
    id: 'traceRecord',
    summary:
      'From a tool call back to whoever published the rule, and forward to what followed: as credence audit trace',
    permission: 'read:audit',
    params: recordParams,
    answer: z.looseObject({
      id: z.string(),
      as: z.enum(['record', 'id_jag', 'access_token', 'correlation']),
      grants: z.array(z.looseObject({})),
      others: z.array(RecordShape),
    }),
    handle: async ({ params: { id } }, { store, installation: { roles, idp, ras } }) => {
      const origins = { idp: roles.includes('idp') ? idp : undefined, ras: roles.includes('ras') ? ras : undefined };
      const found = await trace(store, id, origins);
      if (!found) return refuse('api_not_found');
      const { grants, others } = found;
      return answer({
        ...found,
        grants: grants.map((each) => ({ ...each })),
        others: others.map((each) => ({ ...each })),
      });
    },
  }),
];
