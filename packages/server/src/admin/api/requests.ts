import { isName } from '@credence/mcp/protocol';
import { z } from 'zod';
import { approveRequest, declineRequest, isOpen } from '../../changes/requests.ts';
import { standingOf } from '../../changes/settle-request.ts';
import { smallestRuleFor } from '../../policy/missing.ts';
import type { AccessRequest } from '../../store/requests.ts';
import { toGround } from './drafts.ts';
import { fromCursor, pageOf, pageQuery, toPage } from './page.ts';
import { isHidden } from './people.ts';
import { type ApiCall, answer, type Outcome, type Route, refuse, route } from './route.ts';
import type { AdminServices } from './services.ts';
import { dayAfter, SmallestRuleShape, toSmallestShape } from './smallest-shape.ts';

const Named = z.object({ id: z.string(), name: z.string() });

const RequestShape = z.object({
  id: z.string(),
  person: z.object({
    id: z.string(),
    email: z.string().nullable().describe('null = not for this caller to see.'),
    name: z.string().nullable(),
  }),
  client: Named,
  server: Named,
  decision: z.string().describe('Id of the line of the record that it is about.'),
  words: z.string().describe('What it is needed for, as the person says.'),
  wanted: z.enum(['day', 'week', 'work']).describe('For how long, as the person says; work = for their daily work.'),
  askedAt: z.int(),
  state: z
    .enum(['open', 'drafted', 'approved', 'declined'])
    .describe('drafted = a draft was made of it, which is not in force.'),
  now: z
    .enum(['missing', 'allowed', 'barred', 'gone'])
    .describe('What the policy in force says; gone = what was refused is not on the record any more.'),
  draft: z.string().nullable(),
  until: z.int().nullable().describe('When what was approved ends, seconds since 1970.'),
  word: z.string().nullable().describe('What the person was told.'),
  answeredAt: z.int().nullable(),
  answeredBy: z.string().nullable(),
});

const params = z.strictObject({ id: z.string().max(64) });

const mostWordLetters = 500;
const word = z
  .string()
  .trim()
  .refine(
    (text) => isName(text, mostWordLetters),
    `must have 1 to ${mostWordLetters} characters, none a control character`,
  )
  .describe('For the person to read. Names of rules do not belong there.');

const longestDays = 366;

/** What people ask for whose agents were refused. Answering gives nothing by itself: what does is a draft, once it is published. */
export const requestRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/requests',
    id: 'listRequests',
    summary: 'Requests for access: those that wait, the oldest first, or those that were answered, the newest first',
    permission: 'read:requests',
    query: z.strictObject({ ...pageQuery, state: z.enum(['waiting', 'answered']).default('waiting') }),
    answer: pageOf(RequestShape).extend({ open: z.int().describe('How many nobody has answered.') }),
    handle: async ({ query, by, now }, services) => {
      const { limit, cursor, state } = query;
      const which = { waiting: state === 'waiting', after: fromCursor(cursor), limit: limit + 1 };
      const found = await services.store.requests.list(which);
      const { items, next } = toPage(
        found,
        limit,
        ({ id }) => id,
        (request) => request,
      );
      const shown = [];
      for (const request of items) shown.push(await toShape(request, by, now, services));
      return answer({ items: shown, next, open: await services.store.requests.countOpen() });
    },
  }),
  route({
    method: 'GET',
    path: '/requests/{id}',
    id: 'getRequest',
    summary: 'A request for access, with the smallest change that would give it',
    permission: 'read:requests',
    params,
    answer: RequestShape.extend({
      smallest: SmallestRuleShape.nullable().describe(
        'What approving until then would put into a draft; null = no rule that allows something would do, or none has to.',
      ),
      barredBy: z.string().nullable().describe('Why no rule that allows something would do.'),
      own: z.boolean().describe('The caller has asked for it, and does not answer it.'),
    }),
    handle: async ({ params: { id }, by, now }, services) => {
      const request = await services.store.requests.find(id);
      if (!request) return refuse('api_not_found');
      const shape = await toShape(request, by, now, services);
      const index = services.access();
      const standing =
        index && (await standingOf(services.store, request, { index, idp: services.installation.idp, now }));
      const until = dayAfter(now, defaultDays[request.wanted]);
      const smallest =
        standing?.kind === 'rule' ? toSmallestShape(smallestRuleFor(request, standing.scopes, until)) : null;
      const barredBy = standing?.kind === 'barred' ? standing.words : null;
      return answer({ ...shape, smallest, barredBy, own: request.personId === by.person.id });
    },
  }),
  route({
    method: 'GET',
    path: '/drafts/{id}/request',
    id: 'requestOfDraft',
    summary: 'What somebody asked for, of which this draft was made: whoever approves it reads what for',
    permission: 'read:requests',
    params,
    answer: z.object({ request: RequestShape.nullable().describe('null = the draft was made of no request.') }),
    handle: async ({ params: { id }, by, now }, services) => {
      const { drafts, requests } = services.store;
      if (!(await drafts.find(id))) return refuse('api_not_found');
      const request = await requests.ofDraft(id);
      return answer({ request: request ? await toShape(request, by, now, services) : null });
    },
  }),
  route({
    method: 'POST',
    path: '/requests/{id}/approve',
    id: 'approveRequest',
    summary: 'Make a draft of the smallest rule that gives it, with an end; it is in force once that is published',
    permission: 'answer:requests',
    params,
    body: z.strictObject({
      until: z.iso.date().describe('The last day, in UTC: within a year.'),
      word: word.optional(),
    }),
    answer: z.object({
      draft: z
        .string()
        .nullable()
        .describe('null = it is allowed by now: the person was told, and nothing has to change.'),
    }),
    handle: async (call, services) => {
      const { until } = call.body;
      const [first, last] = [dayAfter(call.now, 0), dayAfter(call.now, longestDays)];
      if (until < first || until > last)
        return refuse('api_value_invalid', `until must be a day from ${first} to ${last}.`);
      const found = await findRequest(call, services);
      if (!found.ok) return found;
      const approved = await approveRequest(toGround(call, services), found.value, { until, word: call.body.word });
      return approved.ok ? answer({ draft: approved.value?.id ?? null }) : approved;
    },
  }),
  route({
    method: 'POST',
    path: '/requests/{id}/decline',
    id: 'declineRequest',
    summary: 'Decline a request for access, with a word to the person',
    permission: 'answer:requests',
    params,
    body: z.strictObject({ word }),
    handle: async (call, services) => {
      const found = await findRequest(call, services);
      if (!found.ok) return found;
      const declined = await declineRequest(toGround(call, services), found.value, call.body.word);
      return declined.ok ? answer(undefined) : declined;
    },
  }),
];

/** For how many days it is proposed. */
const defaultDays = { day: 1, week: 7, work: 30 } as const;

async function findRequest(
  { params: { id } }: { readonly params: { readonly id: string } },
  { store }: AdminServices,
): Promise<Outcome<AccessRequest>> {
  const request = await store.requests.find(id);
  return request ? answer(request) : refuse('api_not_found');
}

async function toShape(
  request: AccessRequest,
  by: ApiCall<unknown, unknown, unknown>['by'],
  now: number,
  services: AdminServices,
): Promise<z.output<typeof RequestShape>> {
  const { store, access, installation } = services;
  const { id, personId, client, server, decision, words, wanted, askedAt } = request;
  const index = access();
  const mayName = by.permissions.has('read:people') && !(await isHidden({ store }, by, personId));
  const person = mayName ? await store.people.find(personId) : undefined;
  const { draft, until, word: told, at, by: answeredBy } = request.answer;
  const standing = index
    ? await standingOf(store, request, { index, idp: installation.idp, now })
    : { kind: 'gone' as const };
  // A draft that is gone without a word: somebody has to look at it again.
  const state = request.answer.state === 'drafted' && (await isOpen(store, request)) ? 'open' : request.answer.state;
  return {
    id,
    person: { id: personId, email: person?.email ?? null, name: person?.name ?? null },
    client: { id: client, name: index?.clients.get(client)?.name ?? client },
    server: { id: server, name: index?.servers.get(server)?.name ?? server },
    decision,
    words,
    wanted,
    askedAt,
    state,
    now: ({ rule: 'missing', nothing: 'allowed', barred: 'barred', gone: 'gone' } as const)[standing.kind],
    draft: state === 'drafted' ? (draft ?? null) : null,
    until: until ?? null,
    word: told ?? null,
    answeredAt: at ?? null,
    answeredBy: answeredBy ?? null,
  };
}
