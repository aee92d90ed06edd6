import type { z } from 'zod';

/** Something wrong in a document, at a path of keys and indexes. */
export interface Finding {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** Where the mistake is a key itself, its position is told rather than that of its value. */
  readonly atKey?: boolean;
}

/** How a part of a document is read, whatever the rest of it is like: `undefined` for one with mistakes of its own. */
export type ReadPart = <Schema extends z.ZodType>(value: unknown, schema: Schema) => z.output<Schema> | undefined;

/** Of a document with mistakes: each part by itself. */
export const readAlone: ReadPart = (value, schema) => schema.safeParse(value).data;

/** Of what a schema has given out: all of it is good, and nothing is read twice. Ten thousand rules take a sixth of a second each time. */
export const readAlready: ReadPart = (value) => value as never;

/**
 * The entries of one section, each judged alone: `undefined` for one with mistakes of its own. It still counts as a name,
 * so that one mistake in a server does not make every rule on it wrong as well.
 */
export function entriesOf<Schema extends z.ZodType>(
  raw: unknown,
  section: string,
  schema: Schema,
  read: ReadPart = readAlone,
): Map<string, z.output<Schema> | undefined> {
  const entries = childOf(raw, section);
  if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) return new Map();
  return new Map(Object.entries(entries).map(([id, entry]) => [id, read(entry, schema)]));
}

export function childOf(raw: unknown, key: string): unknown {
  if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, key)) return undefined;
  return (raw as Record<string, unknown>)[key];
}

/** Says that a name is not known, and which are. */
export function unknownName(kind: string, name: string, known: Iterable<string>): string {
  const shown = namesOf(known);
  return `there is no ${kind} ${name} in this document; ${shown === '' ? 'none is listed' : `known: ${shown}`}`;
}

const mostNames = 12;

/** The first of these names: more would help nobody, and a document may have many mistakes. */
export function namesOf(known: Iterable<string>): string {
  const shown: string[] = [];
  for (const name of known) {
    shown.push(shown.length < mostNames ? name : '...');
    if (shown.length > mostNames) break;
  }
  return shown.join(', ');
}

const mostFindings = 1000;

/** The first of all findings: nobody reads more of them at once. */
export function firstFindings(...all: readonly Iterable<Finding>[]): Finding[] {
  const found: Finding[] = [];
  for (const some of all) {
    for (const finding of some) {
      if (found.length === mostFindings) return found;
      found.push(finding);
    }
  }
  return found;
}

/** One metadata document is one client: its URL is the client_id. */
export function* sameMetadata(clients: unknown): Generator<Finding> {
  const owners = new Map<string, string>();
  for (const [id, client] of Object.entries(clients ?? {})) {
    const url = childOf(client, 'metadata');
    if (typeof url !== 'string') continue;
    const owner = owners.get(url);
    const message = `client ${owner} has this metadata document already; it is one client`;
    if (owner !== undefined) yield { path: ['clients', id, 'metadata'], message };
    else owners.set(url, id);
  }
}

/** The scope of each type of authorization details is one of the same entry. */
export function* unknownDetailScopes(
  types: Readonly<Record<string, { readonly scope: string }>>,
  scopes: object,
  path: readonly (string | number)[],
): Generator<Finding> {
  const known = Object.keys(scopes);
  for (const [type, { scope }] of Object.entries(types)) {
    if (Object.hasOwn(scopes, scope)) continue;
    yield { path: [...path, type, 'scope'], message: unknownName('scope', scope, known) };
  }
}

/** `default_scopes` and the like name scopes of the same entry. */
export function* unknownScopes(
  names: readonly string[] | undefined,
  scopes: object,
  path: readonly (string | number)[],
): Generator<Finding> {
  const known = Object.keys(scopes);
  for (const [at, name] of (names ?? []).entries()) {
    if (!Object.hasOwn(scopes, name)) yield { path: [...path, at], message: unknownName('scope', name, known) };
  }
}
