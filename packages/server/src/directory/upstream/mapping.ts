import { isObject, type JsonObject, no, ok, type Result } from '@credence/mcp/protocol';
import type { Named } from '../upsert-person.ts';
import type { ClaimMapping } from './settings.ts';

/** What an upstream says of a person; groups and roles by the ids it gives them, without its own name before them. */
export interface MappedPerson {
  readonly email: string;
  readonly name: string;
  readonly groups: readonly Named[];
  readonly roles: readonly Named[];
}

/** More would be refused whole: half of somebody's groups decides wrongly, in both directions. */
export const maxMemberships = 1000;
const maxText = 256;

/** Turns verified claims into a person. Pure, and strict: what is not as expected signs nobody in. */
export function mapClaims(claims: JsonObject, mapping: ClaimMapping): Result<MappedPerson> {
  const email = mapEmail(claims, mapping);
  if (!email.ok) return email;
  const groups = readList(claims, mapping.paths.groups);
  if (!groups.ok) return groups;
  const roles = readList(claims, mapping.paths.roles);
  if (!roles.ok) return roles;

  const { groupPrefix, groupIds, roleIds } = mapping;
  const counted = groups.value.filter((group) => group.startsWith(groupPrefix));
  if (counted.length + roles.value.length > maxMemberships) return no('upstream_too_many_groups');
  const name = findText(claims, mapping.paths.name)?.trim().slice(0, 120);
  return ok({
    email: email.value,
    name: name || email.value,
    groups: counted.map((group) => toNamed(group, groupIds.get(group) ?? group.slice(groupPrefix.length))),
    roles: roles.value.map((role) => toNamed(role, roleIds.get(role) ?? role)),
  });
}

function toNamed(name: string, id: string): Named {
  return { id, name: name.slice(0, 200) };
}

/**
 * The value at a path. The whole path as the name of a claim comes first: names of claims may be URLs and have dots of
 * their own.
 */
export function findClaim(claims: JsonObject, paths: readonly string[]): unknown {
  for (const path of paths) {
    if (Object.hasOwn(claims, path)) return claims[path];
    let value: unknown = claims;
    for (const step of path.split('.')) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

/** An address the upstream vouches for: verified, and of a domain that is its own (T11). */
function mapEmail(
  claims: JsonObject,
  { paths, trustsEmail, domains, demandsHostedDomain }: ClaimMapping,
): Result<string> {
  const email = findText(claims, paths.email)?.trim();
  if (!email || !/^[^\s@\p{Cc}\p{Cf}]{1,64}@[^\s@\p{Cc}\p{Cf}]{1,253}$/u.test(email)) return no('upstream_no_user');
  const verified = claims.email_verified;
  // Some providers send the word instead of the value.
  const isVerified = verified === true || verified === 'true';
  const isDenied = verified !== undefined && !isVerified;
  if (isDenied || (!isVerified && !trustsEmail)) return no('upstream_email_unverified');
  const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase();
  if (domains.length > 0 && !domains.includes(domain)) return no('upstream_email_foreign');
  if (demandsHostedDomain && !(typeof claims.hd === 'string' && domains.includes(claims.hd.toLowerCase()))) {
    return no('upstream_email_foreign');
  }
  return ok(email);
}

/** A list of texts, or one text; absent is none. Where the provider says it left them out, nobody is signed in with a part. */
function readList(claims: JsonObject, paths: readonly string[]): Result<readonly string[]> {
  if (paths.some((path) => isLeftOut(claims, path))) return no('upstream_groups_left_out');
  const value = findClaim(claims, paths) ?? [];
  const list: unknown[] = [value].flat();
  if (!list.every((each) => typeof each === 'string')) return no('upstream_claims_malformed');
  return ok([...new Set(list as string[])]);
}

/** Entra ID above 200 groups: a pointer to another interface stands in `_claim_names`, or only `hasgroups`. */
function isLeftOut({ _claim_names: names, hasgroups }: JsonObject, path: string): boolean {
  const isPointer = isObject(names) && Object.hasOwn(names, path);
  return isPointer || (path === 'groups' && (hasgroups === true || hasgroups === 'true'));
}

function findText(claims: JsonObject, paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const value = findClaim(claims, [path]);
    if (typeof value === 'string' && value !== '' && value.length <= maxText) return value;
  }
  return undefined;
}
