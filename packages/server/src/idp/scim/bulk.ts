import { isObject, type JsonObject } from '@credence/mcp/protocol';
import { limits } from '../../directory/scim/discovery.ts';
import { memberOf } from '../../directory/scim/operations.ts';
import { cannot, done, type Outcome, type ScimProblem } from '../../directory/scim/problem.ts';
import { urn } from '../../directory/scim/schema.ts';
import { bodyOf, type Reply, type Scim, type ScimCall } from './call.ts';
import { toErrorBody } from './error.ts';

interface BulkOperation {
  readonly method: string;
  readonly path: string;
  readonly bulkId: string | undefined;
  readonly version: string | undefined;
  readonly data: unknown;
}

/**
 * POST /Bulk: operations one after the other, each as if it had come alone, and each with a record of its own. One that
 * refers to another by `bulkId:` waits until that one is done. @see https://www.rfc-editor.org/rfc/rfc7644#section-3.7
 */
export async function bulk(
  call: ScimCall,
  scim: Pick<Scim, 'base' | 'recordRefusal'>,
  run: (part: ScimCall) => Promise<Outcome<Reply>>,
): Promise<Outcome<Reply>> {
  const parsed = parseBulk(call);
  if (!parsed.ok) return parsed;
  const { operations, failOnErrors } = parsed.value;
  const made = new Map<string, string>();
  const wanted = new Set(operations.flatMap(({ bulkId }) => (bulkId === undefined ? [] : [bulkId])));
  const answers: object[] = [];
  let errors = 0;
  let left = [...operations];
  while (left.length > 0) {
    const next = left.findIndex((operation) => referencesOf(operation).every((id) => made.has(id) || !wanted.has(id)));
    // What is left waits for each other, or for one that failed.
    const operation = left[Math.max(0, next)];
    if (!operation) break;
    left = left.filter((each) => each !== operation);
    const outcome = next === -1 ? unresolved() : await runOne(call, operation, made, run);
    if (!outcome.ok) errors += 1;
    if (outcome.ok && operation.bulkId !== undefined) made.set(operation.bulkId, idOf(outcome.value));
    if (!outcome.ok && operation.bulkId !== undefined) wanted.delete(operation.bulkId);
    const reference = outcome.ok ? undefined : await scim.recordRefusal(call, outcome.problem);
    answers.push(toAnswer(operation, outcome, scim.base, reference));
    if (failOnErrors > 0 && errors >= failOnErrors) break;
  }
  return done({ status: 200, body: { schemas: [urn.bulkResponse], Operations: answers } });
}

function parseBulk(call: ScimCall): Outcome<{ operations: BulkOperation[]; failOnErrors: number }> {
  const body = bodyOf(call);
  if (!body.ok) return body;
  const list = memberOf(body.value, 'Operations');
  const failOnErrors = memberOf(body.value, 'failOnErrors') ?? 0;
  if (!Array.isArray(list)) return cannot('scim_body_malformed', 'Operations is missing');
  if (typeof failOnErrors !== 'number') return cannot('scim_body_malformed', 'failOnErrors must be a number');
  if (list.length > limits.bulkOperations) {
    return cannot('scim_body_too_large', `more than ${limits.bulkOperations} operations`);
  }
  const operations: BulkOperation[] = [];
  for (const each of list) {
    const [method, path] = isObject(each) ? [memberOf(each, 'method'), memberOf(each, 'path')] : [];
    if (!isObject(each) || typeof method !== 'string' || typeof path !== 'string' || !path.startsWith('/')) {
      return cannot('scim_body_malformed', 'each operation needs a method and a path');
    }
    const textOf = (name: string) => {
      const value = memberOf(each, name);
      return typeof value === 'string' ? value : undefined;
    };
    const [bulkId, version] = [textOf('bulkId'), textOf('version')];
    operations.push({ method: method.toUpperCase(), path, bulkId, version, data: memberOf(each, 'data') });
  }
  return done({ operations, failOnErrors });
}

async function runOne(
  call: ScimCall,
  { method, path, bulkId, version, data }: BulkOperation,
  made: ReadonlyMap<string, string>,
  run: (part: ScimCall) => Promise<Outcome<Reply>>,
): Promise<Outcome<Reply>> {
  if (!['POST', 'PUT', 'PATCH', 'DELETE'].includes(method))
    return cannot('scim_wrong_method', 'a bulk takes POST, PUT, PATCH and DELETE');
  if (method === 'POST' && bulkId === undefined)
    return cannot('scim_body_malformed', 'a POST in a bulk needs a bulkId');
  const parts = path
    .slice(1)
    .split('/')
    .map((part) => resolve(part, made));
  if (parts[0] !== 'Users' && parts[0] !== 'Groups')
    return cannot('scim_not_found', 'a bulk reaches /Users and /Groups');
  const body = isObject(data) ? (resolveAll(data, made) as JsonObject) : undefined;
  const query = new URLSearchParams();
  return run({ ...call, method, path: parts, query, body, ifMatch: version, ifNoneMatch: undefined });
}

/** Ids that an operation refers to, wherever they stand in it. */
function referencesOf({ path, data }: BulkOperation): string[] {
  const found = `${path}\n${JSON.stringify(data ?? null)}`.matchAll(/bulkId:([A-Za-z0-9_.-]+)/g);
  return [...found].map(([, id = '']) => id);
}

function resolve(text: string, made: ReadonlyMap<string, string>): string {
  const reference = /^bulkId:([A-Za-z0-9_.-]+)$/.exec(text)?.[1];
  return reference === undefined ? text : (made.get(reference) ?? text);
}

function resolveAll(value: unknown, made: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return resolve(value, made);
  if (Array.isArray(value)) return value.map((each) => resolveAll(each, made));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolveAll(each, made)]));
}

function unresolved(): { ok: false; problem: ScimProblem } {
  return cannot('scim_bulk_unresolved', 'refers to an operation that waits for this one');
}

function idOf({ body }: Reply): string {
  return body && 'id' in body ? String(body.id) : '';
}

function toAnswer(
  { method, path, bulkId }: BulkOperation,
  outcome: Outcome<Reply>,
  base: string,
  reference: string | undefined,
): object {
  const about = { method, ...(bulkId !== undefined && { bulkId }) };
  if (!outcome.ok) {
    const response = toErrorBody(outcome.problem, reference);
    // What was to be made has no address (RFC 7644 §3.7).
    return { ...about, ...(method !== 'POST' && { location: `${base}${path}` }), status: response.status, response };
  }
  const { status, etag, location = `${base}${path}` } = outcome.value;
  return { ...about, location, ...(etag !== undefined && { version: etag }), status: String(status) };
}
