import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { membershipWidens, movesOf, toMoves } from '../../changes/people-change.ts';
import { isGroupName } from '../../directory/source.ts';
import { untilWritten } from '../../directory/until-written.ts';
import type { Group, GroupKind } from '../../store/directory.ts';
import { StoreConflict } from '../../store/store.ts';
import { fromCursor, pageOf, pageQuery, toPage } from './page.ts';
import { displayName, PersonSummary, toSummary } from './people-shape.ts';
import { answer, type Outcome, type Route, refuse, route } from './route.ts';
import type { AdminServices } from './services.ts';
import { namesVersion } from './version.ts';

const kind = z.enum(['group', 'role']);

const GroupShape = z.object({
  ref: z.string().describe('Names it in addresses.'),
  kind,
  id: z.string().describe('What rules name it by; it never changes.'),
  source: z.string(),
  name: z.string().describe('For people; nothing is decided by it.'),
  createdMs: z.int(),
  modifiedMs: z.int(),
  people: z.int().describe('How many are in it, those who are switched off too.'),
});

const params = z.strictObject({ ref: z.string().max(600) });
const people = z.array(z.string().max(256)).max(100).default([]);

/** Groups and roles of every source to look at, and local ones to change. */
export const groupRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/groups',
    id: 'listGroups',
    summary: 'Groups, or roles, of every source, by id',
    permission: 'read:groups',
    query: z.strictObject({
      ...pageQuery,
      kind: kind.default('group'),
      q: z.string().min(1).max(100).optional().describe('Part of the id or the name.'),
    }),
    answer: pageOf(GroupShape),
    handle: async ({ query: { limit, cursor, kind: of, q } }, { store }) => {
      const found = await findGroups(store, of, { text: q, after: fromCursor(cursor), limit: limit + 1 });
      const ids = found.slice(0, limit).map(({ id }) => id);
      const sizes = await store.directory.groups.sizes(of, ids);
      return answer(
        toPage(
          found,
          limit,
          ({ id }) => id,
          (group) => toShape(group, sizes),
        ),
      );
    },
  }),
  route({
    method: 'POST',
    path: '/groups',
    id: 'createGroup',
    summary: 'Make a local group or role, with nobody in it',
    permission: 'write:groups',
    body: z.strictObject({
      kind,
      id: z.string().refine(isGroupName, 'must be letters, digits and _ . @ : + - only'),
      name: displayName.optional(),
    }),
    status: 201,
    answer: GroupShape,
    handle: async ({ body, nowMs, row }, services) => {
      const { kind: of, id, name = id } = body;
      const group = { kind: of, id, source: 'local', name, externalId: undefined, createdMs: nowMs, modifiedMs: nowMs };
      const records = [row('admin', { group: id, detail: `${of} created`, after: { kind: of, id } })];
      try {
        await services.store.directory.groups.create(group, [], records);
      } catch (error) {
        if (!(error instanceof StoreConflict)) throw error;
        return refuse('api_conflict', `There is a ${of} of this id already.`);
      }
      return show(services, toRef(group));
    },
  }),
  route({
    method: 'GET',
    path: '/groups/{ref}',
    id: 'getGroup',
    summary: 'One group or role',
    permission: 'read:groups',
    params,
    answer: GroupShape,
    handle: ({ params: { ref } }, services) => show(services, ref),
  }),
  route({
    method: 'PATCH',
    path: '/groups/{ref}',
    id: 'renameGroup',
    summary: 'Change the display name of a local group; rules go by the id and are not touched',
    permission: 'write:groups',
    versioned: true,
    params,
    body: z.strictObject({ name: displayName }),
    answer: GroupShape,
    handle: async ({ params: { ref }, body: { name }, ifMatch, nowMs, row }, services) => {
      const found = await findLocal(services, ref);
      if (!found.ok) return found;
      const group = found.value;
      if (!namesVersion(ifMatch, etagOf(group))) return refuse('api_version_differs');
      const facts = { before: { name: group.name }, after: { name }, detail: `${group.kind} renamed` };
      const records = [row('admin', { group: group.id, ...facts })];
      const renamed = { ...group, name, modifiedMs: nowMs };
      const isDone = await services.store.directory.groups.update(renamed, { add: [], remove: [] }, records);
      return isDone ? show(services, ref) : refuse('api_version_differs');
    },
  }),
  route({
    method: 'DELETE',
    path: '/groups/{ref}',
    id: 'deleteGroup',
    summary: 'Delete a local group; everybody leaves it',
    permission: 'write:groups',
    // Whoever leaves it may be rid of what a rule refuses its members.
    fresh: true,
    versioned: true,
    params,
    handle: async ({ params: { ref }, ifMatch, by, row }, services) => {
      const found = await findLocal(services, ref);
      if (!found.ok) return found;
      const group = found.value;
      if (!namesVersion(ifMatch, etagOf(group))) return refuse('api_version_differs');
      const { kind: of, id } = group;
      const { groups } = services.store.directory;
      if ((await groups.among(of, id, [by.person.id])).size > 0) return refuse('admin_own_access');
      const somebody = await groups.members(of, id, '', 1);
      const alone = checkAlone(services, ref, [], somebody);
      if (!alone.ok) return alone;
      const records = [row('admin', { group: id, before: { kind: of, id }, detail: `${of} deleted` })];
      return (await groups.remove(group, records)) ? answer(undefined) : refuse('api_version_differs');
    },
  }),
  route({
    method: 'GET',
    path: '/groups/{ref}/members',
    id: 'listMembers',
    summary: 'Who is in it',
    permission: 'read:groups',
    params,
    query: z.strictObject(pageQuery),
    answer: pageOf(PersonSummary),
    handle: async ({ params: { ref }, query: { limit, cursor }, by }, { store }) => {
      const group = await findGroup(store, ref);
      if (!group) return refuse('api_not_found');
      const ids = await store.directory.groups.members(group.kind, group.id, fromCursor(cursor), limit + 1);
      const page = toPage(
        ids,
        limit,
        (id) => id,
        (id) => store.people.find(id),
      );
      const glass = by.role === 'owner' ? undefined : (await store.administrators.breakGlass())?.personId;
      const found = (await Promise.all(page.items)).filter((person) => person !== undefined);
      const shown = found.filter(({ id }) => id !== glass);
      return answer({ items: shown.map(toSummary), next: page.next });
    },
  }),
  route({
    method: 'POST',
    path: '/groups/{ref}/members',
    id: 'changeMembers',
    summary: 'Put people into a local group, and take people out',
    permission: 'write:groups',
    fresh: true,
    params,
    body: z.strictObject({ add: people, remove: people }),
    answer: GroupShape,
    handle: async ({ params: { ref }, body: { add, remove }, by, nowMs, row }, services) => {
      const alone = checkAlone(services, ref, add, remove);
      if (!alone.ok) return alone;
      if ([...add, ...remove].includes(by.person.id)) return refuse('admin_own_access');
      const { store } = services;
      for (const id of add) {
        if (!(await store.people.find(id))) return refuse('api_value_invalid', `There is no person ${id}.`);
      }
      return untilWritten('group', async () => {
        const found = await findLocal(services, ref);
        if (!found.ok) return found;
        const group = found.value;
        const { kind: of, id } = group;
        const moves = await movesOf(store, { kind: of, id, add, remove });
        const records = [row('admin', { group: id, ...toMoves(moves), detail: `members of ${of} changed` })];
        const changed = { ...group, modifiedMs: nowMs };
        const isDone = await store.directory.groups.update(changed, { add: moves.joined, remove: moves.left }, records);
        return isDone ? show(services, ref) : undefined;
      });
    },
  }),
];

function etagOf({ version }: Group): string {
  return `"${version}"`;
}

/** Ids of other sources hold any character, also those that a path may not: so they are not put into one as they are. */
export function toRef({ kind: of, id }: Pick<Group, 'kind' | 'id'>): string {
  return Buffer.from(`${of}:${id}`).toString('base64url');
}

/** How many groups one turn of a search by text looks at. */
const turn = 1000;

/** Groups by id, those with this in their id or name. There are some thousands at most, so a search reads them in turns. */
async function findGroups(
  { directory }: AdminServices['store'],
  of: GroupKind,
  { text, after, limit }: { readonly text: string | undefined; readonly after: string; readonly limit: number },
): Promise<readonly Group[]> {
  if (text === undefined) return directory.groups.list(of, after, limit);
  const wanted = text.toLowerCase();
  const found: Group[] = [];
  for (let from: string | undefined = after; from !== undefined && found.length < limit; await setImmediate()) {
    const page: readonly Group[] = await directory.groups.list(of, from, turn);
    found.push(...page.filter(({ id, name }) => [id, name].some((each) => each.toLowerCase().includes(wanted))));
    from = page.length < turn ? undefined : page.at(-1)?.id;
  }
  return found.slice(0, limit);
}

export async function findGroup({ directory }: AdminServices['store'], ref: string): Promise<Group | undefined> {
  const named = readRef(ref);
  return named && directory.groups.find(named.kind, named.id);
}

function readRef(ref: string): Pick<Group, 'kind' | 'id'> | undefined {
  const [, kind, id = ''] = /^(group|role):(.*)$/s.exec(Buffer.from(ref, 'base64url').toString('utf8')) ?? [];
  return kind === 'group' || kind === 'role' ? { kind, id } : undefined;
}

/**
 * Whether one person may do it, where the organisation asks for a second one for whatever gives somebody more. It goes by the name
 * that rules go by: whether there is such a group already may be another answer a moment later.
 */
function checkAlone(
  { access }: Pick<AdminServices, 'access'>,
  ref: string,
  add: readonly string[],
  remove: readonly string[],
): Outcome<undefined> {
  const index = access();
  const named = index?.secondPerson ? readRef(ref) : undefined;
  const widens = named ? membershipWidens(index, { ...named, add, remove }) : [];
  return widens.length === 0 ? answer(undefined) : refuse('second_person_needed', `${widens.join('; ')}.`);
}

async function findLocal({ store }: AdminServices, ref: string): Promise<Outcome<Group>> {
  const group = await findGroup(store, ref);
  if (!group) return refuse('api_not_found');
  return group.source === 'local' ? answer(group) : refuse('api_other_source', `It belongs to ${group.source}.`);
}

async function show({ store }: AdminServices, ref: string): Promise<Outcome<z.output<typeof GroupShape>>> {
  const group = await findGroup(store, ref);
  if (!group) return refuse('api_not_found');
  const sizes = await store.directory.groups.sizes(group.kind, [group.id]);
  return answer(toShape(group, sizes), etagOf(group));
}

function toShape(group: Group, sizes: ReadonlyMap<string, number>) {
  const { kind: of, id, source, name, createdMs, modifiedMs } = group;
  return { ref: toRef(group), kind: of, id, source, name, createdMs, modifiedMs, people: sizes.get(id) ?? 0 };
}
