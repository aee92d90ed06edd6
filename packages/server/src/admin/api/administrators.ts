import { z } from 'zod';
import { isWithin } from '../../directory/permissions.ts';
import type { AdminRole } from '../../store/administrators.ts';
import { roleSchema } from './me.ts';
import { personParams } from './people-shape.ts';
import { answer, type Route, refuse, route } from './route.ts';

const AdministratorShape = z.object({
  person: z.string(),
  email: z.string(),
  name: z.string(),
  active: z.boolean(),
  role: roleSchema,
  grantedAt: z.int(),
  breakGlass: z.boolean(),
});

/** Who administers. There are few of them, so they come in one answer. */
export const administratorRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/administrators',
    id: 'listAdministrators',
    summary: 'Those who administer',
    permission: 'read:administrators',
    answer: z.object({ items: z.array(AdministratorShape) }),
    handle: async ({ by }, { store }) => {
      const glass = await store.administrators.breakGlass();
      const items = [];
      for (const { personId, role, grantedAt } of await store.administrators.list()) {
        const isShown = by.role === 'owner' || glass?.personId !== personId;
        const person = isShown ? await store.people.find(personId) : undefined;
        if (!person) continue;
        const { email, name, active } = person;
        items.push({
          person: personId,
          email,
          name,
          active,
          role,
          grantedAt,
          breakGlass: glass?.personId === personId,
        });
      }
      return answer({ items });
    },
  }),
  route({
    method: 'PUT',
    path: '/administrators/{id}',
    id: 'grantRole',
    summary: 'Make somebody an administrator, or give them another role instead',
    permission: 'write:administrators',
    fresh: true,
    params: personParams,
    body: z.strictObject({ role: roleSchema }),
    handle: async ({ params: { id }, body, by, now, row }, { store, access, resource }) => {
      if (id === by.person.id) return refuse('admin_own_access');
      if (!(await store.people.find(id))) return refuse('api_not_found');
      const role = body.role as AdminRole;
      const before = (await store.administrators.roleOf(id)) ?? null;
      const isAsked = access()?.secondPerson || resource()?.secondPerson;
      if (isAsked && !isWithin(role, before ?? undefined)) return refuse('second_person_needed');
      const facts = { person: id, before: { role: before }, after: { role }, detail: 'administrator role granted' };
      const administrator = { personId: id, role, grantedAt: now };
      const isDone = await store.administrators.grant(administrator, [row('admin', facts)], by.person.id);
      return isDone ? answer(undefined) : refuse('api_conflict', notDone('The break-glass account stays an owner'));
    },
  }),
  route({
    method: 'DELETE',
    path: '/administrators/{id}',
    id: 'revokeRole',
    summary: 'Take the role of somebody away, with their tokens and sessions here',
    permission: 'write:administrators',
    fresh: true,
    params: personParams,
    handle: async ({ params: { id }, by, row }, { store }) => {
      if (id === by.person.id) return refuse('admin_own_access');
      const role = await store.administrators.roleOf(id);
      if (role === undefined) return refuse('api_not_found');
      const facts = { person: id, before: { role }, after: { role: null }, detail: 'administrator role revoked' };
      const isDone = await store.administrators.revoke(id, [row('admin', facts)], by.person.id);
      return isDone
        ? answer(undefined)
        : refuse('api_conflict', notDone('The break-glass account is nothing without its role'));
    },
  }),
];

function notDone(words: string): string {
  return `${words}; or your own role was taken in the same moment.`;
}
