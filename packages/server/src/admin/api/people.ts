import type { Result } from '@credence/mcp/protocol';
import { z } from 'zod';
import { randomId } from '../../call.ts';
import { checkMayChange } from '../../directory/administrators.ts';
import { type Person, StoreConflict } from '../../store/store.ts';
import type { Administrator } from './administrator.ts';
import { fromCursor, pageOf, pageQuery, toPage } from './page.ts';
import { displayName, email, PersonDetail, PersonSummary, personParams, toDetail, toSummary } from './people-shape.ts';
import { answer, type Outcome, type Route, refuse, route } from './route.ts';
import type { AdminServices } from './services.ts';
import { etagOf, namesVersion } from './version.ts';

const Filter = z.strictObject({
  ...pageQuery,
  q: z.string().min(1).max(100).optional().describe('Part of the e-mail address or the name.'),
  source: z.string().max(100).optional(),
  active: z.enum(['true', 'false']).optional(),
  group: z.string().max(300).optional().describe('Id of a group they are in.'),
  role: z.string().max(300).optional(),
});

/** People of every source to look at; those of the local directory to change; anybody to switch off. */
export const peopleRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/people',
    id: 'listPeople',
    summary: 'Find people, by e-mail address',
    permission: 'read:people',
    query: Filter,
    answer: pageOf(PersonSummary),
    handle: async ({ query, by }, { store }) => {
      const { limit, cursor, q, active, source, group, role } = query;
      const isActive = active === undefined ? undefined : active === 'true';
      const withoutBreakGlass = by.role !== 'owner';
      const filter = { text: q, source, group, role, active: isActive, withoutBreakGlass };
      const found = await store.peopleAdmin.find(filter, { after: fromCursor(cursor), limit: limit + 1 });
      return answer(toPage(found, limit, (person) => person.email.toLowerCase(), toSummary));
    },
  }),
  route({
    method: 'POST',
    path: '/people',
    id: 'createPerson',
    summary: 'Add somebody to the local directory, in no group yet; invite them with credence person invite',
    permission: 'write:people',
    body: z.strictObject({ email, name: displayName }),
    status: 201,
    answer: PersonDetail,
    handle: async ({ body, row }, services) => {
      const id = randomId('u_');
      const records = [row('admin', { person: id, detail: 'person added', after: { source: 'local', active: true } })];
      try {
        await services.store.peopleAdmin.create({ id, ...body }, records);
      } catch (error) {
        if (!(error instanceof StoreConflict)) throw error;
        return refuse('api_conflict', 'Somebody has this e-mail address.');
      }
      return show(services, id);
    },
  }),
  route({
    method: 'GET',
    path: '/people/{id}',
    id: 'getPerson',
    summary: 'One person',
    permission: 'read:people',
    params: personParams,
    answer: PersonDetail,
    handle: async ({ params: { id }, by }, services) =>
      (await isHidden(services, by, id)) ? refuse('api_not_found') : show(services, id),
  }),
  route({
    method: 'PATCH',
    path: '/people/{id}',
    id: 'changePerson',
    summary: 'Change name or e-mail address of somebody of the local directory',
    permission: 'write:people',
    versioned: true,
    params: personParams,
    body: z.strictObject({ email: email.optional(), name: displayName.optional() }),
    answer: PersonDetail,
    handle: async ({ params: { id }, body, by, ifMatch, row }, services) => {
      const found = await toChange(services, by, id);
      if (!found.ok) return refuse(found.refusal);
      const { person } = found.value;
      if (person.source !== 'local') return refuse('api_other_source', `It belongs to ${person.source}.`);
      const shown = await show(services, id);
      if (!shown.ok || !namesVersion(ifMatch, shown.etag ?? '')) return refuse('api_version_differs');
      const after = { email: body.email ?? person.email, name: body.name ?? person.name };
      const changed = (['email', 'name'] as const).filter((each) => after[each] !== person[each]);
      if (changed.length === 0) return shown;
      try {
        // Names and addresses have no place on the record (LOG-02): that they changed has.
        const records = [row('admin', { person: id, detail: 'person changed', changed })];
        if (!(await services.store.peopleAdmin.rename(person, after, records))) return refuse('api_version_differs');
      } catch (error) {
        if (!(error instanceof StoreConflict)) throw error;
        return refuse('api_conflict', 'Somebody else has this e-mail address.');
      }
      return show(services, id);
    },
  }),
  switching(false, 'switchPersonOff', 'Switch somebody off, whatever their source says: nothing more is issued'),
  switching(true, 'switchPersonOn', 'Let somebody in again who was switched off here'),
];

function switching(active: boolean, id: string, summary: string): Route {
  const name = active ? 'on' : 'off';
  return route({
    method: 'POST',
    path: `/people/{id}/${name}`,
    id,
    summary,
    permission: 'write:people',
    // Whoever is let in again has what they had.
    fresh: active,
    params: personParams,
    answer: PersonDetail,
    handle: async ({ params, by, row }, services) => {
      if (active && by.by.kind === 'token') return refuse('admin_scope_lacks');
      const found = await toChange(services, by, params.id);
      if (!found.ok) return refuse(found.refusal);
      const { person, isSelf } = found.value;
      if (isSelf) return refuse('admin_own_access');
      const facts = {
        person: person.id,
        before: { active: person.active },
        after: { active },
        detail: `person switched ${name}`,
      };
      await services.store.directory.provisioned.block(person.id, !active, [row('admin', facts)]);
      return show(services, person.id);
    },
  });
}

async function show({ store }: AdminServices, id: string): Promise<Outcome<z.output<typeof PersonDetail>>> {
  const person = await store.people.find(id);
  if (!person) return refuse('api_not_found');
  const role = await store.administrators.roleOf(id);
  const shown = toDetail(person, role, (await store.people.passwordHash(id)) !== undefined);
  return answer(shown, etagOf(shown));
}

/** Nobody but owners hears of the account that is kept for the day on which nothing else works (T30). */
export async function isHidden(
  { store }: Pick<AdminServices, 'store'>,
  by: Administrator,
  id: string,
): Promise<boolean> {
  return by.role !== 'owner' && (await store.administrators.breakGlass())?.personId === id;
}

/** The person, if this administrator may change them. */
export async function toChange(
  { store }: Pick<AdminServices, 'store'>,
  by: Administrator,
  id: string,
): Promise<Result<{ readonly person: Person; readonly isSelf: boolean }>> {
  const person = (await isHidden({ store }, by, id)) ? undefined : await store.people.find(id);
  if (!person) return { ok: false, refusal: 'api_not_found' };
  const isSelf = person.id === by.person.id;
  const may = isSelf ? ({ ok: true } as const) : checkMayChange(by.role, await store.administrators.roleOf(id));
  return may.ok ? { ok: true, value: { person, isSelf } } : may;
}
