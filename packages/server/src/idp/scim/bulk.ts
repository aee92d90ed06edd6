import { isObject, type JsonObject } from '@credence/mcp/protocol';
import { limits } from '../../directory/scim/discovery.ts';
import { memberOf } from '../../directory/scim/operations.ts';
import { cannot, done, type Outcome, type ScimProblem } from '../../directory/scim/problem.ts';
import { urn } from '../../directory/scim/schema.ts';
import type { Reply, Scim, ScimCall } from './call.ts';
import { toErrorBody } from './error.ts';

interface BulkOperation {
  readonly method: string;
  readonly path: string;
  readonly bulkId: string | undefined;
  readonly version: string | undefined;
  readonly data: unknown;
  /** Ids of operations that it refers to, wherever they stand in it. */
  readonly references: readonly string[];
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
  const promised = new Set(operations.flatMap(({ bulkId }) => (bulkId === undefined ? [] : [bulkId])));
  const isReady = ({ references }: BulkOperation) => references.every((id) => made.has(id) || !promised.has(id));
  const answers: object[] = [];
  let errors = 0;
  const left = [...operations];
  for (let operation = takeNext(left, isReady); operation; operation = takeNext(left, isReady)) {
    const outcome = isReady(operation) ? await runOne(call, operation, made, run) : unresolved();
    if (!outcome.ok) errors += 1;
    if (outcome.ok && operation.bulkId !== undefined) made.set(operation.bulkId, idOf(outcome.value));
    const reference = outcome.ok ? undefined : await scim.recordRefusal(call, outcome.problem);
    answers.push(toAnswer(operation, outcome, scim.base, reference));
    if (failOnErrors > 0 && errors >= failOnErrors) break;
  }
  return done({ status: 200, body: { schemas: [urn.bulkResponse], Operations: answers } });
}

/** Takes out the first that waits for none of the others; where all do, for each other or for one that failed, the first. */
function takeNext(left: BulkOperation[], isReady: (each: BulkOperation) => boolean): BulkOperation | undefined {
  return left.splice(Math.max(0, left.findIndex(isReady)), 1)[0];
}

function parseBulk({ body = {} }: ScimCall): Outcome<{ operations: BulkOperation[]; failOnErrors: number }> {
  const list = memberOf(body, 'Operations');
  const failOnErrors = memberOf(body, 'failOnErrors') ?? 0;
  if (!Array.isArray(list)) return cannot('scim_body_malformed', 'Operations is missing');
  if (typeof failOnErrors !== 'number') return cannot('scim_body_malformed', 'failOnErrors must be a number');
  if (list.length > limits.bulkOperations) {
    return cannot('scim_body_too_large', `more than ${limits.bulkOperations} operations`);
  }
  const operations: BulkOperation[] = [];
  for (const each of list) {
    const said = isObject(each) ? each : {};
    const textOf = (name: string) => {
      const value = memberOf(said, name);
      return typeof value === 'string' ? value : undefined;
    };
    const [method, path, bulkId, version] = [textOf('method'), textOf('path'), textOf('bulkId'), textOf('version')];
    if (method === undefined || !path?.startsWith('/')) {
      return cannot('scim_body_malformed', 'each operation needs a method and a path');
    }
    const data = memberOf(said, 'data');
    operations.push({
      method: method.toUpperCase(),
      path,
      bulkId,
      version,
      data,
      references: referencesOf(path, data),
    });
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

function referencesOf(path: string, data: unknown): string[] {
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
  return cannot('scim_bulk_unresolved', 'refers to an operation that failed, or that waits for this one');
}

function idOf({ body }: Reply): string {
  return String((body as { readonly id?: string } | undefined)?.id ?? '');
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
