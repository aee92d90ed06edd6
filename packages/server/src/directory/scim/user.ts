import { isObject, type JsonObject, parseStrictJson } from '@credence/mcp/protocol';
import type { Provisioned } from '../../store/directory.ts';
import type { Named } from '../upsert-person.ts';
import { normalize, type Resource, shapeOf } from './normalize.ts';
import { cannot, done, type Outcome } from './problem.ts';
import { enterpriseSchema, urn, userSchema } from './schema.ts';

export const userShape = shapeOf(userSchema);

/** What a resource says of a person, in the words of the store. */
export type UserFields = Pick<
  Provisioned,
  'handle' | 'externalId' | 'email' | 'emails' | 'name' | 'wantedActive' | 'attributes'
>;

const maxName = 256;

/** Reads the body of a POST or PUT. */
export function parseUser(body: JsonObject): Outcome<Resource> {
  return normalize(body, userShape);
}

/**
 * What the store keeps of a resource.
 * @param activeUnlessSaid - a PUT that says nothing of `active` switches nobody on
 */
export function toUserFields(resource: Resource, activeUnlessSaid: boolean): Outcome<UserFields> {
  const { userName, active = activeUnlessSaid } = resource;
  if (typeof userName !== 'string') return cannot('scim_value_invalid', 'userName is missing');
  if (userName.length > maxName || /[\p{Cc}\p{Cf}]/u.test(userName)) {
    return cannot('scim_value_invalid', `userName must have at most ${maxName} characters, none of them invisible`);
  }
  const addresses = listOf(resource.emails).flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
  const broken = addresses.findIndex((each) => !isAddress(each));
  if (broken !== -1) return cannot('scim_value_invalid', `emails[${broken}].value is no e-mail address`);
  const email = preferred(listOf(resource.emails)) ?? (isAddress(userName) ? userName : undefined);
  if (email === undefined) {
    return cannot('scim_value_invalid', 'a person needs an e-mail address: send emails, or one as userName');
  }
  const externalId = typeof resource.externalId === 'string' ? resource.externalId : undefined;
  return done({
    handle: toHandle(userName),
    externalId,
    email,
    emails: [...new Set(addresses)],
    name: nameOf(resource),
    wantedActive: active === true,
    attributes: JSON.stringify({ ...resource, active: active === true }),
  });
}

/** userName is compared without case (RFC 7643 §4.1.1). */
export function toHandle(userName: string): string {
  return userName.toLowerCase();
}

/** Roles by the value the source gives; one that a client packed into JSON is taken out of it (Entra's app roles). */
export function rolesOf(resource: Resource): Named[] {
  return listOf(resource.roles).flatMap(({ value, display }) => {
    if (typeof value !== 'string') return [];
    const packed = value.startsWith('{') ? parseStrictJson(value) : undefined;
    const inner = isObject(packed) && typeof packed.value === 'string' ? packed : undefined;
    const id = inner ? String(inner.value) : value;
    const name = inner && typeof inner.displayName === 'string' ? inner.displayName : display;
    return id === '' ? [] : [{ id, name: typeof name === 'string' ? name : id }];
  });
}

/** The resource as kept. */
export function resourceOf({ attributes }: Pick<Provisioned, 'attributes'>): Resource {
  const kept: unknown = JSON.parse(attributes);
  return isObject(kept) ? kept : {};
}

/**
 * The resource as a client sees it.
 * @param base - `https://id.acme.example/scim/v2`
 * @param groups - ids, as this source knows them, of its groups the person is in
 */
export function toUserResource(user: Provisioned, groups: readonly string[], base: string): Resource {
  const kept = resourceOf(user);
  const schemas = Object.hasOwn(kept, enterpriseSchema.id) ? [urn.user, urn.enterprise] : [urn.user];
  return {
    schemas,
    id: user.id,
    ...kept,
    active: user.wantedActive,
    ...(groups.length > 0 && {
      groups: groups.map((value) => ({ value, $ref: `${base}/Groups/${value}`, type: 'direct' })),
    }),
    meta: toMeta('User', user, `${base}/Users/${user.id}`),
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc7643#section-3.1 */
export function toMeta(
  resourceType: 'User' | 'Group',
  { version, createdMs, modifiedMs }: Pick<Provisioned, 'version' | 'createdMs' | 'modifiedMs'>,
  location: string,
) {
  return {
    resourceType,
    created: new Date(createdMs).toISOString(),
    lastModified: new Date(modifiedMs).toISOString(),
    location,
    version: toEtag(version),
  };
}

export function toEtag(version: number): string {
  return `W/"${version}"`;
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(text) && !/[\p{Cc}\p{Cf}]/u.test(text);
}

/** The primary address, else the first for work, else the first. */
function preferred(emails: readonly JsonObject[]): string | undefined {
  const withValue = emails.filter(({ value }) => typeof value === 'string');
  const chosen =
    withValue.find(({ primary }) => primary === true) ??
    withValue.find(({ type }) => String(type).toLowerCase() === 'work') ??
    withValue[0];
  return chosen && String(chosen.value);
}

function nameOf({ displayName, name, userName }: Resource): string {
  const { formatted, givenName, familyName } = isObject(name) ? name : {};
  const parts = [givenName, familyName].filter((part) => typeof part === 'string').join(' ');
  return String(displayName ?? formatted ?? (parts || userName));
}
