import { randomId } from '../../call.ts';
import { listResponse } from '../../directory/scim/discovery.ts';
import { type GroupChange, parseGroup, toGroupChange, toGroupResource } from '../../directory/scim/group.ts';
import type { Resource } from '../../directory/scim/normalize.ts';
import { parseOperations } from '../../directory/scim/operations.ts';
import { cannot, done, type Outcome } from '../../directory/scim/problem.ts';
import { isWanted, select } from '../../directory/scim/select.ts';
import { nameOfSource } from '../../directory/source.ts';
import type { Group } from '../../store/directory.ts';
import {
  bodyOf,
  changeRecord,
  notFound,
  type Reply,
  type Scim,
  type ScimCall,
  selectionOf,
  toRecords,
  toReply,
} from './call.ts';
import { endSessionsOfUngranted } from './off.ts';
import { parseQuery } from './search.ts';

const page = 1000;
/** Members in the answer to a list of groups; whoever has more asks without them, as Entra does. */
const maxListedMembers = 50_000;

/** GET /Groups, POST /Groups/.search */
export async function listGroups(call: ScimCall, scim: Scim): Promise<Outcome<Reply>> {
  const query = parseQuery(call, { resource: 'Group', source: call.source }, scim);
  if (!query.ok) return query;
  const { total, items } = await scim.store.directory.search.groups(call.source, 'group', query.value.search);
  const resources: Resource[] = [];
  let members = 0;
  for (const group of items) {
    const resource = await toAnswer(group, call, scim);
    members += Array.isArray(resource.members) ? resource.members.length : 0;
    if (members > maxListedMembers)
      return cannot('scim_too_many', 'ask with excludedAttributes=members, or for fewer groups');
    resources.push(resource);
  }
  return done({ status: 200, body: listResponse(resources, total, query.value.startIndex) });
}

/** GET /Groups/ID */
export async function readGroup(call: ScimCall, scim: Scim, id: string): Promise<Outcome<Reply>> {
  const group = await findGroup(call, scim, id);
  return group ? done(await reply(call, scim, 200, group)) : notFound('group');
}

/** POST /Groups. The id is random and ours: a group made anew is another group, whatever it is called (T31). */
export async function createGroup(call: ScimCall, scim: Scim): Promise<Outcome<Reply>> {
  const body = bodyOf(call);
  const fields = body.ok ? parseGroup(body.value) : body;
  if (!fields.ok) return fields;
  const { name, externalId, members } = fields.value;
  const known = await checkKnown(call, scim, members);
  if (!known.ok) return known;

  const { source, nowMs } = call;
  const id = `${nameOfSource(source)}/${randomId('g_')}`;
  const times = { createdMs: nowMs, modifiedMs: nowMs };
  const group: Group = { kind: 'group', id, source, name, externalId, version: 1, ...times };
  const records = toRecords(call, { group: id, joined: members, detail: 'group created' });
  await scim.store.directory.groups.create(group, members, records);
  return done(await reply(call, scim, 201, group));
}

/** PUT /Groups/ID */
export async function replaceGroup(call: ScimCall, scim: Scim, id: string): Promise<Outcome<Reply>> {
  const body = bodyOf(call);
  const fields = body.ok ? parseGroup(body.value) : body;
  if (!fields.ok) return fields;
  const { name, externalId, members } = fields.value;
  const membership = { replace: true, add: new Set(members), remove: new Set<string>() };
  const changed = await changeGroup(call, scim, id, { name, externalId: externalId ?? null, members: membership });
  return changed.ok ? done(await reply(call, scim, 200, changed.value)) : changed;
}

/** PATCH /Groups/ID. Without a body in the answer, which may be long, unless attributes are asked for (RFC 7644 §3.5.2). */
export async function patchGroup(call: ScimCall, scim: Scim, id: string): Promise<Outcome<Reply>> {
  const body = bodyOf(call);
  const operations = body.ok ? parseOperations(body.value) : body;
  if (!operations.ok) return operations;
  const change = toGroupChange(operations.value, id);
  if (!change.ok) return change;
  const changed = await changeGroup(call, scim, id, change.value);
  if (!changed.ok) return changed;
  if (call.query.has('attributes')) return done(await reply(call, scim, 200, changed.value));
  const { etag } = await reply({ ...call, query: new URLSearchParams('attributes=id') }, scim, 200, changed.value);
  return done({ status: 204, ...(etag && { etag }) });
}

/** DELETE /Groups/ID: everybody leaves it. */
export async function deleteGroup(call: ScimCall, scim: Scim, id: string): Promise<Outcome<Reply>> {
  return changeRecord(
    call,
    'group',
    () => findGroup(call, scim, id),
    async (group) => {
      const left = await allMembers(group, scim);
      const records = toRecords(call, { group: group.id, left, detail: 'group deleted' });
      if (!(await scim.store.directory.groups.remove(group, records))) return undefined;
      await endSessionsOfUngranted(scim, left, call);
      return done({ status: 204 });
    },
  );
}

async function changeGroup(call: ScimCall, scim: Scim, id: string, change: GroupChange): Promise<Outcome<Group>> {
  const { groups } = scim.store.directory;
  return changeRecord(
    call,
    'group',
    () => findGroup(call, scim, id),
    async (group) => {
      const { replace, add, remove } = change.members;
      const there = replace
        ? new Set(await allMembers(group, scim))
        : await groups.among('group', group.id, [...add, ...remove]);
      const joined = [...add].filter((person) => !there.has(person));
      const left = [...(replace ? there : remove)].filter((person) => there.has(person) && !add.has(person));
      const known = await checkKnown(call, scim, joined);
      if (!known.ok) return known;

      const name = change.name ?? group.name;
      const externalId = change.externalId === undefined ? group.externalId : (change.externalId ?? undefined);
      const changed = [
        ...(name === group.name ? [] : ['displayName']),
        ...(externalId === group.externalId ? [] : ['externalId']),
        ...(joined.length + left.length > 0 ? ['members'] : []),
      ];
      if (changed.length === 0) return done(group);
      const next = { ...group, name, externalId, modifiedMs: call.nowMs };
      const records = toRecords(call, { group: group.id, changed, joined, left, detail: 'group changed' });
      if (!(await groups.update(next, { add: joined, remove: left }, records))) return undefined;
      await endSessionsOfUngranted(scim, left, call);
      return done({ ...next, version: group.version + 1 });
    },
  );
}

/** Members are people of the same source; anybody else is as unknown as who does not exist (PRV-04). */
async function checkKnown({ source }: ScimCall, { store }: Scim, people: readonly string[]): Promise<Outcome<void>> {
  const known = await store.directory.provisioned.known(source, people);
  const unknown = people.filter((id) => !known.has(id)).length;
  return unknown === 0 ? done(undefined) : cannot('scim_value_invalid', `${unknown} of the members are no users here`);
}

async function allMembers({ kind, id }: Group, { store }: Scim): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const some = await store.directory.groups.members(kind, id, all.at(-1) ?? '', page);
    all.push(...some);
    if (some.length < page) return all;
  }
}

async function findGroup({ source }: ScimCall, { store }: Scim, id: string): Promise<Group | undefined> {
  const group = await store.directory.groups.find('group', `${nameOfSource(source)}/${id}`);
  return group?.source === source ? group : undefined;
}

async function reply(call: ScimCall, scim: Scim, status: number, group: Group): Promise<Reply> {
  const body = await toAnswer(group, call, scim);
  const location = `${scim.base}/Groups/${String(body.id)}`;
  return toReply(call, status, group.version, body, { location, besides: 'members' });
}

async function toAnswer(group: Group, call: ScimCall, scim: Scim): Promise<Resource> {
  const selection = selectionOf(call);
  const members = isWanted(selection, 'members') ? await allMembers(group, scim) : undefined;
  return select(toGroupResource(group, members, scim.base), selection);
}
