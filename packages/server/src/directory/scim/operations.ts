import { isObject, type JsonObject } from '@credence/mcp/protocol';
import { cannot, done, type Outcome } from './problem.ts';

/** One operation of a PATCH as sent. @see https://www.rfc-editor.org/rfc/rfc7644#section-3.5.2 */
export interface Operation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string | undefined;
  readonly value: unknown;
}

const maxOperations = 1000;

/** Reads the body of a PATCH. Entra spells `Add`, `Replace`, `Remove`, so case plays no part. */
export function parseOperations(body: JsonObject): Outcome<Operation[]> {
  const list = memberOf(body, 'Operations');
  if (!Array.isArray(list) || list.length === 0) return cannot('scim_body_malformed', 'Operations is missing or empty');
  if (list.length > maxOperations) return cannot('scim_too_many', `more than ${maxOperations} operations`);
  const operations: Operation[] = [];
  for (const each of list) {
    if (!isObject(each)) return cannot('scim_body_malformed', 'an operation is not an object');
    const said = memberOf(each, 'op');
    const op = typeof said === 'string' ? said.toLowerCase() : undefined;
    const path = memberOf(each, 'path') ?? undefined;
    if (op !== 'add' && op !== 'replace' && op !== 'remove') {
      return cannot('scim_body_malformed', 'op must be add, replace or remove');
    }
    if (path !== undefined && typeof path !== 'string') return cannot('scim_path_invalid', 'path must be text');
    operations.push({ op, path: path === '' ? undefined : path, value: memberOf(each, 'value') });
  }
  return done(operations);
}

/** A member by name in any case: SCIM names are case-insensitive (RFC 7643 §2.1). */
export function memberOf(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  return Object.entries(object).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}
