import { isObject, type JsonObject, parseStrictJson } from '@credence/mcp/protocol';

/** One JSON-RPC message of MCP, read strictly. What is judged is this object, and what is sent on is written from it. */
export type Message =
  | { readonly kind: 'request'; readonly id: string | number; readonly method: string; readonly body: JsonObject }
  | { readonly kind: 'notification'; readonly method: string; readonly body: JsonObject }
  | { readonly kind: 'response'; readonly id: string | number | null; readonly body: JsonObject };

/** JSON nested deeper than this is refused; tool arguments may be, but not without end. */
const maxDepth = 64;

/** Reads one message, or `undefined`: no batch, no duplicate members, exactly one of request, notification, response. */
export function parseMessage(text: string): Message | undefined {
  const value = parseStrictJson(text, maxDepth);
  return toMessage(mayHoldLongNumber.test(text) && value !== undefined ? withExactNumbers(text) : value);
}

const members = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);

function toMessage(body: unknown): Message | undefined {
  if (!isObject(body) || body.jsonrpc !== '2.0') return undefined;
  const { id, method, params } = body;
  if (!Object.keys(body).every((name) => members.has(name))) return undefined;
  const hasId = isId(id);
  const isAnswer = 'result' in body || 'error' in body;
  if (typeof method === 'string') {
    if (isAnswer || (params !== undefined && !isObject(params)) || hasLookalike(params)) return undefined;
    if (hasId) return { kind: 'request', id, method, body };
    return 'id' in body ? undefined : { kind: 'notification', method, body };
  }
  if (method !== undefined || !isAnswer || 'params' in body) return undefined;
  if (hasId) return { kind: 'response', id, body };
  return 'error' in body && (id === null || id === undefined) ? { kind: 'response', id: null, body } : undefined;
}

export function isId(id: unknown): id is string | number {
  return typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id));
}

/**
 * Some JSON libraries match member names whatever their case, and the last one wins: to them `Name` after `name` is
 * another tool than the one judged here. So an object with a second spelling of a judged member is not passed on.
 * @returns whether an object has one of these members in other letters
 */
export function lookalikesOf(...judged: readonly string[]): (object: JsonObject) => boolean {
  const exact = new Set(judged);
  const folded = new Set(judged.map(fold));
  return (object) => Object.keys(object).some((name) => !exact.has(name) && folded.has(fold(name)));
}

/** Members of `params`, and of its `_meta`, that are judged here. */
const inParams = lookalikesOf('name', 'uri', 'taskId', '_meta', 'capabilities');
const inMeta = lookalikesOf('io.modelcontextprotocol/clientCapabilities', 'io.modelcontextprotocol/protocolVersion');

function hasLookalike(params: unknown): boolean {
  return isObject(params) && (inParams(params) || (isObject(params._meta) && inMeta(params._meta)));
}

/** Both ways, since a Kelvin sign is a lower-case k to some, and a long s an upper-case S. */
function fold(name: string): string {
  return name.toLowerCase().toUpperCase();
}

const mayHoldLongNumber = /\d{16}/;

type RawJson = { readonly rawJSON: string };
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => RawJson };

/** Numbers that a double cannot hold (64-bit ids, say) go through as they were written. */
function withExactNumbers(text: string): unknown {
  const reviver = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? rawJSON(context.source)
      : value;
  return JSON.parse(text, reviver as (this: unknown, key: string, value: unknown) => unknown);
}

/** `params` of a message, empty when it has none. */
export function paramsOf({ body }: Pick<Message, 'body'>): JsonObject {
  return isObject(body.params) ? body.params : {};
}

/** `_meta` of a message's `params`, empty when it has none. */
export function metaOf(message: Pick<Message, 'body'>): JsonObject {
  const { _meta: meta } = paramsOf(message);
  return isObject(meta) ? meta : {};
}

/** The revision a message of 2026-07-28 or later says it is written in; older ones say nothing. */
export function revisionOf(message: Pick<Message, 'body'>): string | undefined {
  const revision = metaOf(message)['io.modelcontextprotocol/protocolVersion'];
  return typeof revision === 'string' ? revision : undefined;
}

/**
 * JSON-RPC error codes we answer with ourselves.
 * @see https://www.jsonrpc.org/specification#error_object
 */
export const rpcCodes = {
  invalid: -32600,
  unknownMethod: -32601,
  unknownTool: -32602,
  fault: -32603,
  refused: -32001,
  upstream: -32002,
  headersDiffer: -32020,
  unsupportedRevision: -32022,
} as const;

export function rpcError(id: string | number | null, code: number, message: string, data?: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id, error: { code, message, ...(data && { data }) } };
}

/** The id to answer with: that of a request, else none. */
export function answerId(message: Message | undefined): string | number | null {
  return message?.kind === 'request' ? message.id : null;
}
