import { isObject, type JsonObject } from '@credence/mcp/protocol';
import { type Filter, type PatchPath, parsePatchPath } from './filter.ts';
import { matches } from './match.ts';
import { type Resource, type Shape, toAttributeValue, toSingle, withOnePrimary } from './normalize.ts';
import type { Operation } from './operations.ts';
import { cannot, done, type Outcome } from './problem.ts';
import { type Attribute, findAttribute, forgotten, type Schema } from './schema.ts';

/** Where a path leads in one kind of resource. */
interface Target {
  readonly attribute: Attribute;
  readonly sub: Attribute | undefined;
  readonly filter: Filter | undefined;
  /** The URN under which the extension's attributes stand. */
  readonly extension: string | undefined;
}

/**
 * Applies the operations of a PATCH in order, all or none; the resource given stays as it is.
 * @param id - a client may repeat it, and only it (Okta does)
 */
export function patchResource(
  resource: Resource,
  operations: readonly Operation[],
  { shape, id }: { readonly shape: Shape; readonly id: string },
): Outcome<Resource> {
  const next = structuredClone(resource);
  for (const operation of operations) {
    const applied =
      operation.path === undefined
        ? applyWithoutPath(next, operation, shape, id)
        : applyAt(next, operation.op, operation.path, operation.value, shape);
    if (!applied.ok) return applied;
  }
  return done(next);
}

/** The value holds attributes by name; Entra's names are paths, such as `name.givenName` or `emails[type eq "work"].value`. */
function applyWithoutPath(resource: Resource, { op, value }: Operation, shape: Shape, id: string): Outcome<void> {
  if (op === 'remove') return cannot('scim_no_target', 'remove needs a path');
  if (!isObject(value)) return cannot('scim_value_invalid', 'an operation without path needs an object as its value');
  for (const [key, each] of Object.entries(value)) {
    const name = key.toLowerCase();
    if (name === 'schemas' || (name === 'id' && each === id)) continue;
    const applied = applyAt(resource, op, key, each, shape);
    if (!applied.ok) return applied;
  }
  return done(undefined);
}

function applyAt(resource: Resource, op: Operation['op'], text: string, value: unknown, shape: Shape): Outcome<void> {
  const schema = [shape.schema, shape.extension].find((each) => each?.id.toLowerCase() === text.toLowerCase());
  if (schema) return applyToAll(resource, op, schema, value, shape);
  const path = parsePatchPath(text);
  if (!path.ok) return path;
  const target = findTarget(path.value, shape);
  if (!target.ok || target.value === undefined) return target.ok ? done(undefined) : target;
  return applyTo(resource, op, target.value, value);
}

/** The whole extension, or the resource itself under the name of its schema; `null` takes an extension away, as it does an attribute. */
function applyToAll(
  resource: Resource,
  op: Operation['op'],
  schema: Schema,
  value: unknown,
  shape: Shape,
): Outcome<void> {
  if (op === 'remove' || value === null) {
    if (schema === shape.schema) return cannot('scim_no_target', 'a resource is removed by DELETE');
    delete resource[schema.id];
    return done(undefined);
  }
  if (!isObject(value)) return cannot('scim_value_invalid', 'the name of a schema needs an object as its value');
  for (const [name, each] of Object.entries(value)) {
    const applied = applyAt(resource, op, `${schema.id}:${name}`, each, shape);
    if (!applied.ok) return applied;
  }
  return done(undefined);
}

/** `undefined` for what is accepted and not kept: attributes of no use here, and extensions we do not know. */
function findTarget({ urn, name, sub, filter }: PatchPath, shape: Shape): Outcome<Target | undefined> {
  const extension = urn !== undefined && urn === shape.extension?.id.toLowerCase() ? shape.extension : undefined;
  if (urn !== undefined && !extension && urn !== shape.schema.id.toLowerCase()) return done(undefined);
  if (!extension && forgotten.has(name)) return done(undefined);
  if (name === 'id' || name === 'meta' || name === 'schemas')
    return cannot('scim_immutable', `${name} cannot be changed`);

  const attribute = findAttribute(extension?.attributes ?? shape.core, name);
  if (!attribute) return cannot('scim_path_invalid', 'the path names no attribute of this resource');
  const subAttribute = sub === undefined ? undefined : findAttribute(attribute.subAttributes ?? [], sub);
  if (sub !== undefined && !subAttribute)
    return cannot('scim_path_invalid', `${attribute.name} has no such sub-attribute`);
  if (attribute.mutability === 'readOnly' || subAttribute?.mutability === 'readOnly') {
    return cannot('scim_immutable', `${attribute.name} cannot be changed here`);
  }
  if (filter && !attribute.multiValued) return cannot('scim_path_invalid', `${attribute.name} has one value only`);
  return done({ attribute, sub: subAttribute, filter, extension: extension?.id });
}

function applyTo(resource: Resource, op: Operation['op'], target: Target, value: unknown): Outcome<void> {
  const { attribute, extension } = target;
  const holder = extension === undefined ? resource : isObject(resource[extension]) ? resource[extension] : {};
  const before = holder[attribute.name];
  const changed = attribute.multiValued
    ? changeValues(op, target, Array.isArray(before) ? before : [], value)
    : changeSingle(op, target, before, value);
  if (!changed.ok) return changed;

  if (changed.value === undefined && attribute.required) {
    return cannot('scim_immutable', `${attribute.name} is required and cannot be removed`);
  }
  if (changed.value === undefined) delete holder[attribute.name];
  else holder[attribute.name] = changed.value;
  if (extension !== undefined) {
    if (Object.keys(holder).length > 0) resource[extension] = holder;
    else delete resource[extension];
  }
  return done(undefined);
}

/** A single attribute: replaced, or, where it has parts, merged with the parts given (RFC 7644 §3.5.2.3). */
function changeSingle(
  op: Operation['op'],
  { attribute, sub }: Target,
  before: unknown,
  value: unknown,
): Outcome<unknown> {
  if (sub) {
    const part = op === 'remove' ? done(undefined) : toSingle(sub, value);
    return part.ok ? done(withPart(before, sub.name, part.value)) : part;
  }
  if (op === 'remove') return done(undefined);
  const read = toSingle(attribute, value);
  if (!read.ok || attribute.type !== 'complex' || read.value === undefined) return read;
  return done({ ...(isObject(before) ? before : {}), ...(read.value as object) });
}

function changeValues(
  op: Operation['op'],
  target: Target,
  before: readonly unknown[],
  value: unknown,
): Outcome<unknown[] | undefined> {
  const changed =
    op === 'remove'
      ? removeValues(target, before, value)
      : target.filter || target.sub
        ? setParts(op, target, before, value)
        : addValues(op, target, before, value);
  if (!changed.ok) return changed;
  return done(changed.value.length === 0 ? undefined : withOnePrimary(changed.value));
}

/** Without a filter: everything, or what the value lists (Entra sends the values to take away). */
function removeValues(
  { attribute, sub, filter }: Target,
  before: readonly unknown[],
  value: unknown,
): Outcome<unknown[]> {
  if (sub)
    return done(
      before
        .map((each) => (!filter || matches(each, filter) ? withPart(each, sub.name, undefined) : each))
        .filter((each) => each !== undefined),
    );
  if (filter) return done(before.filter((each) => !matches(each, filter)));
  const listed = toAttributeValue(attribute, value);
  if (!listed.ok) return listed;
  if (!Array.isArray(listed.value)) return done([]);
  const gone = new Set(listed.value.map(keyOf));
  return done(before.filter((each) => !gone.has(keyOf(each))));
}

/** All values anew, or those that are not there yet added; a primary one takes that from the others. */
function addValues(
  op: 'add' | 'replace',
  { attribute }: Target,
  before: readonly unknown[],
  value: unknown,
): Outcome<unknown[]> {
  const read = toAttributeValue(attribute, value);
  if (!read.ok) return read;
  const values = Array.isArray(read.value) ? (read.value as unknown[]) : [];
  if (op === 'replace') return done(values);
  const next = [...before];
  // The first of several that are alike; looked up, since one request may add many values many times.
  const places = new Map<string, number>();
  for (const [at, each] of next.entries()) if (!places.has(keyOf(each))) places.set(keyOf(each), at);
  for (const each of values) {
    const key = keyOf(each);
    const at = places.get(key);
    if (at === undefined) places.set(key, next.push(each) - 1);
    else next[at] = { ...(next[at] as object), ...(each as object) };
  }
  const whole = toAttributeValue(attribute, next);
  return whole.ok ? done((whole.value ?? []) as unknown[]) : whole;
}

/** Values that meet the filter are changed. Where none does, one is made of the filter, as Entra expects. */
function setParts(
  op: 'add' | 'replace',
  target: Target,
  before: readonly unknown[],
  value: unknown,
): Outcome<unknown[]> {
  const { attribute, sub, filter } = target;
  const read = toSingle(sub ?? attribute, value);
  if (!read.ok) return read;
  const change = (element: unknown) =>
    sub ? withPart(element, sub.name, read.value) : { ...(element as object), ...(read.value as object | undefined) };
  const meets = (element: unknown) => !filter || matches(element, filter);
  if (before.some(meets)) {
    const isNewPrimary = sub
      ? sub.name === 'primary' && read.value === true
      : isObject(read.value) && read.value.primary === true;
    const rest = (each: unknown) => (isNewPrimary && isObject(each) ? withPart(each, 'primary', undefined) : each);
    return done(before.map((each) => (meets(each) ? change(each) : rest(each))).filter((each) => each !== undefined));
  }
  const made = filter ? toElement(filter) : {};
  if (!made || (op === 'replace' && !sub))
    return cannot('scim_no_target', `no value of ${attribute.name} meets the filter`);
  const element = toSingle(attribute, change(made));
  if (!element.ok) return element;
  return done(element.value === undefined ? [...before] : [...before, element.value]);
}

/** What a filter of equalities describes: `type eq "work"` is `{ type: "work" }`. */
function toElement(filter: Filter): JsonObject | undefined {
  if (filter.kind === 'compare' && filter.is === 'eq') return { [filter.path.name]: filter.value };
  if (filter.kind !== 'and') return undefined;
  const parts = filter.of.map(toElement);
  return parts.every((part) => part !== undefined) ? Object.assign({}, ...parts) : undefined;
}

/** The element with one part set or taken away; nothing when nothing but its kind is left of it. */
function withPart(element: unknown, name: string, value: unknown): unknown {
  const { [name]: _, ...rest } = isObject(element) ? element : {};
  const next = value === undefined ? rest : { ...rest, [name]: value };
  return Object.keys(next).length === 0 ? undefined : next;
}

/** Two values are one and the same when value and type are. */
function keyOf(element: unknown): string {
  const { value = element, type } = isObject(element) ? element : {};
  return JSON.stringify([String(value).toLowerCase(), type]);
}
