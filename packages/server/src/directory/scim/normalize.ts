import { isObject, type JsonObject } from '@credence/mcp/protocol';
import { cannot, done, type Outcome } from './problem.ts';
import { type Attribute, enterpriseSchema, externalId, findAttribute, type Schema } from './schema.ts';

/** A resource in the spelling of its schema: known attributes only, each of its type. */
export type Resource = Record<string, unknown>;

const maxText = 1024;
const maxValues = 200;

/** Where attributes of a resource are looked for: the core schema, and the extension under its URN. */
export interface Shape {
  readonly core: readonly Attribute[];
  readonly schema: Schema;
  readonly extension: Schema | undefined;
}

export function shapeOf(schema: Schema): Shape {
  const extension = schema.name === 'User' ? enterpriseSchema : undefined;
  return { core: [...schema.attributes, externalId], schema, extension };
}

/**
 * Takes over what the schema knows and the client may set. Names are read whatever their case; what is unknown, or set
 * by the server only, is left out (RFC 7644 §3.5.1).
 */
export function normalize(body: JsonObject, shape: Shape): Outcome<Resource> {
  const resource: Resource = {};
  for (const [key, value] of Object.entries(body)) {
    const extension = shape.extension?.id.toLowerCase() === key.toLowerCase() ? shape.extension : undefined;
    if (extension) {
      if (!isObject(value)) continue;
      const inner = normalizeAttributes(value, extension.attributes);
      if (!inner.ok) return inner;
      if (Object.keys(inner.value).length > 0) resource[extension.id] = inner.value;
      continue;
    }
    const attribute = findAttribute(shape.core, key);
    if (!attribute || attribute.mutability === 'readOnly') continue;
    const read = toAttributeValue(attribute, value);
    if (!read.ok) return read;
    if (read.value !== undefined) resource[attribute.name] = read.value;
  }
  return done(resource);
}

/** A value of an attribute in its right form; `undefined` where nothing is left of it. */
export function toAttributeValue(attribute: Attribute, value: unknown): Outcome<unknown> {
  if (!attribute.multiValued) return toSingle(attribute, value);
  const values = Array.isArray(value) ? value : [value];
  if (values.length > maxValues)
    return cannot('scim_value_invalid', `${attribute.name} has more than ${maxValues} values`);
  const read: unknown[] = [];
  for (const each of values) {
    const one = toSingle(attribute, each);
    if (!one.ok) return one;
    if (one.value !== undefined) read.push(one.value);
  }
  return done(read.length === 0 ? undefined : withOnePrimary(read));
}

/** One value of an attribute, or of one of the values of a multi-valued one. */
export function toSingle(attribute: Attribute, value: unknown): Outcome<unknown> {
  if (value === null || value === undefined) return done(undefined);
  switch (attribute.type) {
    case 'boolean':
      return toBoolean(attribute, value);
    case 'complex': {
      // Some clients send `"manager": "id"` and `["a@b"]` for what has a `value`.
      const object = isObject(value) ? value : Array.isArray(value) && isObject(value[0]) ? value[0] : { value };
      const inner = normalizeAttributes(object, attribute.subAttributes ?? []);
      if (!inner.ok) return inner;
      return done(Object.keys(inner.value).length === 0 ? undefined : inner.value);
    }
    default:
      return toText(attribute, value);
  }
}

function normalizeAttributes(object: JsonObject, attributes: readonly Attribute[]): Outcome<Resource> {
  const resource: Resource = {};
  for (const [key, value] of Object.entries(object)) {
    const attribute = findAttribute(attributes, key);
    if (!attribute || attribute.mutability === 'readOnly') continue;
    const read = toSingle(attribute, value);
    if (!read.ok) return read;
    if (read.value !== undefined) resource[attribute.name] = read.value;
  }
  return done(resource);
}

/** Entra sends `"False"` where the standard has `false`. */
function toBoolean({ name }: Attribute, value: unknown): Outcome<boolean> {
  if (typeof value === 'boolean') return done(value);
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  if (word === 'true' || word === 'false') return done(word === 'true');
  return cannot('scim_value_invalid', `${name} must be true or false`);
}

function toText({ name }: Attribute, value: unknown): Outcome<string | undefined> {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return cannot('scim_value_invalid', `${name} must be text`);
  if (text.length > maxText) return cannot('scim_value_invalid', `${name} is longer than ${maxText} characters`);
  // A database may not be able to keep either, and a look-alike in another store would not be found again.
  if (text.includes('\0') || !text.isWellFormed())
    return cannot('scim_value_invalid', `${name} is not well-formed text`);
  return done(text === '' ? undefined : text);
}

/** Of several primary values the last one said to be it stays so (RFC 7643 §2.4: "no more than once"). */
export function withOnePrimary(values: readonly unknown[]): unknown[] {
  const last = values.findLastIndex((value) => isObject(value) && value.primary === true);
  return values.map((value, at) => {
    if (!isObject(value) || value.primary !== true || at === last) return value;
    return { ...value, primary: false };
  });
}
