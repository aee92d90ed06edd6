import { isObject } from '@credence/mcp/protocol';
import { randomId } from '../../call.ts';
import { listResponse } from '../../directory/scim/discovery.ts';
import type { Resource } from '../../directory/scim/normalize.ts';
import { parseOperations } from '../../directory/scim/operations.ts';
import { patchResource } from '../../directory/scim/patch.ts';
import { cannot, done, type Outcome } from '../../directory/scim/problem.ts';
import { isWanted, select } from '../../directory/scim/select.ts';
import {
  parseUser,
  resourceOf,
  rolesOf,
  toUserFields,
  toUserResource,
  type UserFields,
  userShape,
} from '../../directory/scim/user.ts';
import { nameOfSource, ownOf } from '../../directory/source.ts';
import { makeGroups } from '../../directory/upsert-person.ts';
import type { Provisioned } from '../../store/directory.ts';
import { StoreConflict } from '../../store/store.ts';
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

/** GET /Users, POST /Users/.search */
export async function listUsers(call: ScimCall, scim: Scim): Promise<Outcome<Reply>> {
  const query = parseQuery(call, { resource: 'User', source: call.source }, scim);
  if (!query.ok) return query;
  const { total, items } = await scim.store.directory.search.people(call.source, query.value.search);
  const resources: Resource[] = [];
  for (const user of items) resources.push(await toAnswer(user, call, scim));
  return done({ status: 200, body: listResponse(resources, total, query.value.startIndex) });
}

/** GET /Users/ID */
export async function readUser(call: ScimCall, scim: Scim, id: string): Promise<Outcome<Reply>> {
  const user = await scim.store.directory.provisioned.find(call.source, id);
  return user ? done(await reply(call, scim, 200, user)) : notFound('user');
}

/** POST /Users */
export async function createUser(call: ScimCall, scim: Scim): Promise<Outcome<Reply>> {
  const body = bodyOf(call);
  const resource = body.ok ? parseUser(body.value) : body;
  if (!resource.ok) return resource;
  const fields = toUserFields(resource.value, true);
  if (!fields.ok) return fields;
  const id = randomId('u_');
  const state = { blocked: false, createdMs: call.nowMs, modifiedMs: call.nowMs };
  const user: Provisioned = { id, source: call.source, ...fields.value, ...state, version: 1 };
  const records = toRecords(call, {
    person: id,
    changed: Object.keys(resource.value).sort(),
    detail: 'person created',
  });
  try {
    await scim.store.directory.provisioned.create(user, { roles: await roleIds(resource.value, call, scim) }, records);
  } catch (error) {
    return whoHasIt(error, fields.value, id, call, scim);
  }
  return done(await reply(call, scim, 201, user));
}

/** PUT /Users/ID: what the body leaves out is gone, but for `active`. */
export async function replaceUser(call: ScimCall, scim: Scim, id: string): Promise<Outcome<Reply>> {
  const body = bodyOf(call);
  if (!body.ok) return body;
  return changeUser(call, scim, id, () => parseUser(body.value));
}

/** PATCH /Users/ID */
export async function patchUser(call: ScimCall, scim: Scim, id: string): Promise<Outcome<Reply>> {
  const body = bodyOf(call);
  const operations = body.ok ? parseOperations(body.value) : body;
  if (!operations.ok) return operations;
  return changeUser(call, scim, id, (before) => patchResource(before, operations.value, { shape: userShape, id }));
}

/** DELETE /Users/ID: sessions and refresh tokens end in the same step (PRV-02). */
export async function deleteUser(call: ScimCall, scim: Scim, id: string): Promise<Outcome<Reply>> {
  const { provisioned } = scim.store.directory;
  const find = () => provisioned.find(call.source, id);
  return changeRecord(call, 'user', find, async (user) => {
    const records = toRecords(call, { person: id, detail: 'person deleted' });
    return (await provisioned.remove(user, records)) ? done({ status: 204 }) : undefined;
  });
}

async function changeUser(
  call: ScimCall,
  scim: Scim,
  id: string,
  change: (before: Resource) => Outcome<Resource>,
): Promise<Outcome<Reply>> {
  const { provisioned } = scim.store.directory;
  const find = () => provisioned.find(call.source, id);
  return changeRecord(call, 'user', find, async (user) => {
    const before = resourceOf(user);
    const after = change(before);
    if (!after.ok) return after;
    const fields = toUserFields(after.value, user.wantedActive);
    if (!fields.ok) return fields;
    const changed = changedNames(before, { ...after.value, active: fields.value.wantedActive });
    // A client that sends the same again and again leaves no trace of it.
    if (changed.length === 0) return done(await reply(call, scim, 200, user));

    const next = { ...user, ...fields.value, modifiedMs: call.nowMs };
    const roles = changed.includes('roles') ? { roles: await roleIds(after.value, call, scim) } : {};
    const switched =
      user.wantedActive === next.wantedActive ? '' : next.wantedActive ? ', switched on' : ', switched off';
    const records = toRecords(call, { person: id, changed, detail: `person changed${switched}` });
    try {
      if (!(await provisioned.update(next, roles, records))) return undefined;
    } catch (error) {
      return whoHasIt(error, fields.value, id, call, scim);
    }
    if (roles.roles) await endSessionsOfUngranted(scim, [id], call);
    return done(await reply(call, scim, 200, { ...next, version: user.version + 1 }));
  });
}

/** Ids of the person's roles, each with a record of its own. */
async function roleIds(resource: Resource, { source, nowMs }: ScimCall, { store }: Scim): Promise<string[]> {
  return (await makeGroups(store, source, 'role', rolesOf(resource), nowMs)) ?? [];
}

function changedNames(before: Resource, after: Resource): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((name) => !isSame(before[name], after[name]));
}

/** The same value, in whatever order its parts stand. */
function isSame(left: unknown, right: unknown): boolean {
  return stable(left) === stable(right);
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner)
      ? Object.fromEntries(
          Object.keys(inner)
            .sort()
            .map((key) => [key, inner[key]]),
        )
      : inner,
  );
}

/** Tells the client which of its values somebody else has; who that is stands on the record, for the administrator. */
async function whoHasIt(
  error: unknown,
  { handle, email }: UserFields,
  id: string,
  { source }: ScimCall,
  { store }: Scim,
): Promise<Outcome<never>> {
  if (!(error instanceof StoreConflict)) throw error;
  const sameName = await store.directory.provisioned.findByHandle(source, handle);
  if (sameName && sameName.id !== id) return cannot('scim_user_name_taken', 'another user has this userName');
  const sameAddress = await store.people.findByEmail(email);
  if (!sameAddress || sameAddress.id === id) throw error;
  const detail = 'another person here has this e-mail address; the administrator of this service sees who';
  return { ok: false, problem: { refusal: 'scim_email_taken', detail, person: sameAddress.id } };
}

async function reply(call: ScimCall, scim: Scim, status: number, user: Provisioned): Promise<Reply> {
  const location = `${scim.base}/Users/${user.id}`;
  return toReply(call, status, user.version, await toAnswer(user, call, scim), { location, besides: 'groups' });
}

async function toAnswer(user: Provisioned, call: ScimCall, { store, base }: Scim): Promise<Resource> {
  const selection = selectionOf(call);
  const person = isWanted(selection, 'groups') ? await store.people.find(user.id) : undefined;
  const prefix = nameOfSource(user.source).length + 1;
  const groups = ownOf(user.source, person?.groups ?? []).map((group) => group.slice(prefix));
  return select(toUserResource(user, groups, base), selection);
}
