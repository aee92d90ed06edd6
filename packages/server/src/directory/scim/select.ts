import { isObject } from '@credence/mcp/protocol';
import { type AttributePath, toAttributePath } from './filter.ts';
import type { Resource } from './normalize.ts';

/** Which attributes an answer is to have. @see https://www.rfc-editor.org/rfc/rfc7644#section-3.9 */
export interface Selection {
  readonly only: readonly AttributePath[] | undefined;
  readonly without: readonly AttributePath[];
}

/** Always in an answer, whatever is asked (RFC 7643 §3.1). */
const always: ReadonlySet<string> = new Set(['schemas', 'id']);

export function toSelection(attributes: readonly string[], excluded: readonly string[]): Selection {
  const only = attributes.filter((name) => name !== '').map(toAttributePath);
  const without = excluded.filter((name) => name !== '').map(toAttributePath);
  return { only: only.length > 0 ? only : undefined, without };
}

/** Whether the attribute is in the answer, in whole or in part: what is not wanted need not be read. */
export function isWanted({ only, without }: Selection, name: string): boolean {
  const folded = name.toLowerCase();
  if (only) return only.some((path) => path.name === folded);
  return !without.some((path) => path.name === folded && path.sub === undefined);
}

/** The resource with what was selected. */
export function select(resource: Resource, { only, without }: Selection): Resource {
  if (!only && without.length === 0) return resource;
  const kept: Resource = {};
  for (const [name, value] of Object.entries(resource)) {
    const left = always.has(name) ? value : only ? chosen(name, value, only) : rest(name, value, without);
    if (left !== undefined) kept[name] = left;
  }
  return kept;
}

function chosen(name: string, value: unknown, only: readonly AttributePath[]): unknown {
  if (isExtension(name)) {
    // `urn:...:User:department`, or the whole extension by its name alone.
    if (only.some((path) => isWhole(path, name))) return value;
    const inside = only.filter(({ urn }) => urn === name.toLowerCase());
    return inside.length > 0 && isObject(value)
      ? orNothing(value, (sub, each) => chosen(sub, each, inside))
      : undefined;
  }
  const about = only.filter((path) => path.name === name.toLowerCase());
  if (about.some(({ sub }) => sub === undefined)) return value;
  const subs = about.map(({ sub }) => sub);
  return about.length === 0 ? undefined : parts(value, (sub) => subs.includes(sub.toLowerCase()));
}

function rest(name: string, value: unknown, without: readonly AttributePath[]): unknown {
  if (isExtension(name)) {
    if (without.some((path) => isWhole(path, name))) return undefined;
    const inside = without.filter(({ urn }) => urn === name.toLowerCase());
    return isObject(value) ? orNothing(value, (sub, each) => rest(sub, each, inside)) : value;
  }
  const about = without.filter((path) => path.name === name.toLowerCase());
  if (about.some(({ sub }) => sub === undefined)) return undefined;
  const subs = about.map(({ sub }) => sub);
  return about.length === 0 ? value : parts(value, (sub) => !subs.includes(sub.toLowerCase()));
}

function isExtension(name: string): boolean {
  return name.includes(':');
}

/** `urn:...:2.0:User` is read as an attribute `user` of `urn:...:2.0`: put together again it is the name of the extension. */
function isWhole({ urn, name, sub }: AttributePath, extension: string): boolean {
  return `${urn}:${sub === undefined ? name : `${name}.${sub}`}` === extension.toLowerCase();
}

/** Some of the parts of a complex value, or of each of several. */
function parts(value: unknown, isIn: (sub: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => parts(each, isIn));
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([sub]) => isIn(sub))) : value;
}

function orNothing(value: Record<string, unknown>, keep: (name: string, value: unknown) => unknown): unknown {
  const entries = Object.entries(value).flatMap(([name, each]) => {
    const left = keep(name, each);
    return left === undefined ? [] : [[name, left] as const];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
