import { isObject, type JsonObject } from '@credence/mcp/protocol';
import type { Group } from '../../store/directory.ts';
import { nameOfSource } from '../source.ts';
import { type Filter, parsePatchPath } from './filter.ts';
import { type Resource, shapeOf, toSingle } from './normalize.ts';
import { memberOf, type Operation } from './operations.ts';
import { cannot, done, type Outcome } from './problem.ts';
import { type Attribute, displayName, externalId, findAttribute, groupSchema, urn } from './schema.ts';
import { toMeta } from './user.ts';

const shape = shapeOf(groupSchema);

/** Most members one request may name. */
const maxMembers = 10_000;

/** What a body says a group is to be. */
export interface GroupFields {
  readonly name: string;
  readonly externalId: string | undefined;
  readonly members: readonly string[];
}

/** Members to join and to leave, in the end, after all operations; `replace` = whoever is not to join leaves. */
export interface Membership {
  replace: boolean;
  readonly add: Set<string>;
  readonly remove: Set<string>;
}

/** What a PATCH makes of a group. */
export interface GroupChange {
  readonly name: string | undefined;
  readonly externalId: string | null | undefined;
  readonly members: Membership;
}

/** Reads the body of a POST or PUT. */
export function parseGroup(body: JsonObject, most = maxMembers): Outcome<GroupFields> {
  const name = read(displayName, memberOf(body, 'displayName'));
  if (!name.ok) return name;
  if (name.value === undefined) return cannot('scim_value_invalid', 'displayName is missing');
  const external = read(externalId, memberOf(body, 'externalId'));
  if (!external.ok) return external;
  const members = toMemberIds(memberOf(body, 'members') ?? [], most);
  if (!members.ok) return members;
  return done({ name: name.value, externalId: external.value, members: members.value });
}

/** Reads the operations of a PATCH into one change. Members come and go by id; nothing is read for that. */
export function toGroupChange(operations: readonly Operation[], id: string): Outcome<GroupChange> {
  const change: { -readonly [Key in keyof GroupChange]: GroupChange[Key] } = {
    name: undefined,
    externalId: undefined,
    members: { replace: false, add: new Set(), remove: new Set() },
  };
  for (const operation of operations) {
    const { op, path, value } = operation;
    if (path === undefined && op === 'remove') return cannot('scim_no_target', 'remove needs a path');
    if (path === undefined && !isObject(value)) {
      return cannot('scim_value_invalid', 'an operation without path needs an object as its value');
    }
    const parts = path === undefined ? Object.entries(value as JsonObject) : [[path, value] as const];
    for (const [text, inner] of parts) {
      // Okta repeats id and schemas; another id is an attempt to change it.
      const isRepeated = path === undefined && (text.toLowerCase() === 'schemas' || (text === 'id' && inner === id));
      const applied = isRepeated ? done(undefined) : applyPart(change, op, text, inner);
      if (!applied.ok) return applied;
    }
  }
  return done(change);
}

function applyPart(
  change: { name: string | undefined; externalId: string | null | undefined; members: Membership },
  op: Operation['op'],
  text: string,
  value: unknown,
): Outcome<void> {
  if (text.toLowerCase() === groupSchema.id.toLowerCase()) return applyToAll(change, op, value);
  const path = parsePatchPath(text);
  if (!path.ok) return path;
  const { urn: schema, name, sub, filter } = path.value;
  if (schema !== undefined && schema !== groupSchema.id.toLowerCase()) return done(undefined); // not kept
  const attribute = findAttribute(shape.core, name);
  if (name === 'id' || name === 'meta' || name === 'schemas')
    return cannot('scim_immutable', `${name} cannot be changed`);
  if (!attribute || sub !== undefined)
    return cannot('scim_path_invalid', 'the path names nothing of a group that can be set');
  if (attribute.name === 'members') return applyMembers(change.members, op, filter, value);
  if (filter) return cannot('scim_path_invalid', `${attribute.name} has one value only`);

  const isExternalId = attribute.name === 'externalId';
  const next = op === 'remove' ? done(undefined) : read(attribute, value);
  if (!next.ok) return next;
  if (isExternalId) change.externalId = next.value ?? null;
  else if (next.value === undefined) return cannot('scim_immutable', 'displayName is required and cannot be removed');
  else change.name = next.value;
  return done(undefined);
}

/** The group itself, under the name of its schema. */
function applyToAll(change: Parameters<typeof applyPart>[0], op: Operation['op'], value: unknown): Outcome<void> {
  if (op === 'remove') return cannot('scim_no_target', 'a group is removed by DELETE');
  if (!isObject(value)) return cannot('scim_value_invalid', 'the name of a schema needs an object as its value');
  for (const [name, each] of Object.entries(value)) {
    const applied = applyPart(change, op, `${groupSchema.id}:${name}`, each);
    if (!applied.ok) return applied;
  }
  return done(undefined);
}

function applyMembers(
  members: Membership,
  op: Operation['op'],
  filter: Filter | undefined,
  value: unknown,
): Outcome<void> {
  if (filter && op !== 'remove') return cannot('scim_no_target', 'a member cannot be changed, only added or removed');
  const ids = filter ? idsOfFilter(filter) : toMemberIds(value ?? []);
  if (!ids.ok) return ids;
  const isAll = op === 'remove' && !filter && (value === undefined || value === null);
  if (op === 'replace' || isAll) {
    members.replace = true;
    members.add.clear();
    members.remove.clear();
  }
  for (const id of ids.value) {
    if (op === 'remove') {
      members.add.delete(id);
      members.remove.add(id);
    } else {
      members.remove.delete(id);
      members.add.add(id);
    }
  }
  const total = members.add.size + members.remove.size;
  return total > maxMembers
    ? cannot('scim_too_many', `more than ${maxMembers} members in one request`)
    : done(undefined);
}

/** `value eq "1"`, several of them with `or`, each perhaps with `type eq "User"`. */
function idsOfFilter(filter: Filter): Outcome<string[]> {
  const isType = (each: Filter) => each.kind === 'compare' && each.path.name === 'type' && each.is === 'eq';
  if (
    filter.kind === 'compare' &&
    filter.path.name === 'value' &&
    filter.is === 'eq' &&
    typeof filter.value === 'string'
  ) {
    return done([filter.value]);
  }
  if (filter.kind === 'and') {
    const rest = filter.of.filter((each) => !isType(each));
    const [only] = rest;
    if (only && rest.length === 1) return idsOfFilter(only);
  }
  if (filter.kind === 'or') {
    const ids = filter.of.map(idsOfFilter);
    const failed = ids.find((each) => !each.ok);
    return failed ?? done(ids.flatMap((each) => (each.ok ? each.value : [])));
  }
  return cannot('scim_filter_invalid', 'members are chosen by value eq "id"');
}

/** Ids of `[{ "value": "1" }]`; a lone object, and plain ids, mean the same. */
function toMemberIds(value: unknown, most = maxMembers): Outcome<string[]> {
  const list = Array.isArray(value) ? value : [value];
  if (list.length > most) return cannot('scim_too_many', `more than ${most} members in one request`);
  const ids = new Set<string>();
  for (const [at, each] of list.entries()) {
    const id = isObject(each) ? memberOf(each, 'value') : each;
    const type = isObject(each) ? memberOf(each, 'type') : undefined;
    if (typeof id !== 'string' || id === '' || id.length > 200 || id.includes('\0')) {
      return cannot('scim_value_invalid', `members[${at}].value must be the id of a user`);
    }
    if (typeof type === 'string' && type.toLowerCase() === 'group') {
      return cannot('scim_value_invalid', `members[${at}] is a group; only users can be members here`);
    }
    ids.add(id);
  }
  return done([...ids]);
}

function read(attribute: Attribute, value: unknown): Outcome<string | undefined> {
  return toSingle(attribute, value) as Outcome<string | undefined>;
}

/** What comes behind the slash of a group's id: what a client of this source knows it by. */
export function toWireId({ id, source }: Pick<Group, 'id' | 'source'>): string {
  return id.slice(nameOfSource(source).length + 1);
}

/** The resource as a client sees it; `members` where they are asked for. */
export function toGroupResource(group: Group, members: readonly string[] | undefined, base: string): Resource {
  const id = toWireId(group);
  return {
    schemas: [urn.group],
    id,
    ...(group.externalId !== undefined && { externalId: group.externalId }),
    displayName: group.name,
    ...(members && {
      members: members.map((value) => ({ value, $ref: `${base}/Users/${value}`, type: 'User' })),
    }),
    meta: toMeta('Group', group, `${base}/Groups/${id}`),
  };
}
