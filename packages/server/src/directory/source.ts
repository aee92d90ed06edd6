import { hash } from 'node:crypto';

/** Who owns a record: `local`, `scim:<name>` or `upstream:<name>`. */
export type Source = 'local' | `scim:${string}` | `upstream:${string}`;

const sourceName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** What a source may be called: its name stands before the slash in `group:okta/...`. */
export function isSourceName(name: string): boolean {
  return sourceName.test(name) && name !== 'local';
}

/** `okta` of `scim:okta`. */
export function nameOfSource(source: string): string {
  return source.slice(source.indexOf(':') + 1);
}

/** What a rule can name: `group:` and the id of a local group, or what follows the slash in that of another. */
export function isGroupName(text: string): boolean {
  return /^[A-Za-z0-9_.@:+-]{1,200}$/.test(text);
}

/**
 * The id of a group or role that a source calls `value`. One that a rule could not spell goes by its hash; the name
 * beside it tells people which it is.
 */
export function toGroupId(source: Source, value: string): string {
  if (source === 'local') return value;
  const id = isGroupName(value) ? value : `x-${hash('sha256', value, 'base64url').slice(0, 22)}`;
  return `${nameOfSource(source)}/${id}`;
}

/** Ids among these that belong to a source's own groups or roles. */
export function ownOf(source: string, ids: readonly string[]): string[] {
  const prefix = `${nameOfSource(source)}/`;
  return ids.filter((id) => id.startsWith(prefix));
}
