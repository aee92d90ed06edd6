import { z } from 'zod';
import type { SignInSession } from '../../store/store.ts';
import { fromCursor, pageOf, pageQuery, toPage } from './page.ts';
import { toChange } from './people.ts';
import { personParams } from './people-shape.ts';
import { answer, type Route, refuse, route } from './route.ts';

const Session = z.object({
  id: z.string(),
  person: z.string(),
  startedAt: z.int().nullable(),
  expiresAt: z.int().nullable(),
  acr: z.string().nullable(),
  amr: z.array(z.string()),
  clients: z.array(z.string()).describe('Clients that were signed in to.'),
  upstream: z.string().nullable(),
});

/** Browsers in which people are signed in at the IdP. */
export const sessionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/sessions',
    id: 'listSessions',
    summary: 'Sign-ins that stand, of everybody or of one person',
    permission: 'read:people',
    query: z.strictObject({ ...pageQuery, person: z.string().max(256).optional() }),
    answer: pageOf(Session),
    handle: async ({ query: { limit, cursor, person }, now, by }, { store }) => {
      const withoutBreakGlass = by.role !== 'owner';
      const page = { after: fromCursor(cursor), limit: limit + 1, personId: person, now, withoutBreakGlass };
      return answer(toPage(await store.sessions.list(page), limit, ({ uid }) => uid, toSession));
    },
  }),
  route({
    method: 'DELETE',
    path: '/sessions/{id}',
    id: 'endSession',
    summary: 'End a sign-in, with the refresh tokens that hang on it',
    permission: 'write:people',
    params: z.strictObject({ id: z.string().max(256) }),
    handle: async ({ params: { id }, by, now, row }, services) => {
      const session = await services.store.sessions.find(id, now);
      if (!session) return refuse('api_not_found');
      const found = await toChange(services, by, session.personId);
      if (!found.ok) return refuse(found.refusal);
      const facts = { person: session.personId, session: id, detail: 'session ended' };
      const isEnded = await services.store.sessions.end(id, [row('sign_out', facts)]);
      return isEnded ? answer(undefined) : refuse('api_not_found');
    },
  }),
  route({
    method: 'DELETE',
    path: '/people/{id}/sessions',
    id: 'endSessionsOfPerson',
    summary: 'End every sign-in of a person, and what is just being issued to them',
    permission: 'write:people',
    params: personParams,
    handle: async ({ params, by, row }, services) => {
      const found = await toChange(services, by, params.id);
      if (!found.ok) return refuse(found.refusal);
      const { id } = found.value.person;
      const records = [row('sign_out', { person: id, detail: 'every session ended' })];
      await services.store.artifacts.endSessionsOf(id, 'admin', records);
      return answer(undefined);
    },
  }),
];

function toSession({ uid, personId, startedAt, expiresAt, acr, amr, clients, upstream }: SignInSession) {
  return {
    id: uid,
    person: personId,
    startedAt: startedAt ?? null,
    expiresAt: expiresAt ?? null,
    acr: acr ?? null,
    amr: [...amr],
    clients: clients.map(({ client }) => client),
    upstream: upstream ?? null,
  };
}
