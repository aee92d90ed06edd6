import { z } from 'zod';
import { adminRoles } from '../../directory/administrators.ts';
import { permissions } from '../../directory/permissions.ts';
import { answer, type Route, refuse, route } from './route.ts';

export const roleSchema = z.enum(adminRoles as [string, ...string[]]);

const Me = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: roleSchema,
  permissions: z
    .array(z.enum(permissions))
    .describe('What this request may do: of a token, its scopes within the role.'),
  credential: z.enum(['token', 'session']),
  signedInAt: z
    .int()
    .nullable()
    .describe('Of a session: when the person last proved who they are, seconds since 1970.'),
  organisation: z.string(),
  demo: z.boolean().describe('Administrators of a demonstration get in without a second factor.'),
});

/** Who the caller is and what they may do. */
export const meRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/me',
    id: 'getMe',
    summary: 'Who I am, and what I may do',
    permission: undefined,
    answer: Me,
    handle: async ({ by }, { installation }) => {
      const { person, role, permissions: own } = by;
      return answer({
        id: person.id,
        email: person.email,
        name: person.name,
        role,
        permissions: permissions.filter((each) => own.has(each)),
        credential: by.by.kind,
        signedInAt: by.by.kind === 'session' ? by.by.signedInAt : null,
        organisation: installation.organisation,
        demo: installation.demo,
      });
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/session',
    id: 'signOut',
    summary: 'End the session this request came with; the sign-in at the identity provider stands',
    permission: undefined,
    handle: async ({ by, row }, { store }) => {
      if (by.by.kind !== 'session') return refuse('api_conflict', 'A token has no session.');
      const facts = { person: by.person.id, detail: 'signed out at the admin listener' };
      await store.adminSessions.end(by.by.idHash, [row('sign_out', facts)]);
      return answer(undefined);
    },
  }),
];
