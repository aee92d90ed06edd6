import { isObject, type JsonObject, parseStrictJson } from '@credence/mcp/protocol';

/** One JSON-RPC message of MCP, read strictly. What is judged is this object, and what is sent on is written from it. */
export type Message =
  | { readonly kind: 'request'; readonly id: string | number; readonly method: string; readonly body: JsonObject }
  | { readonly kind: 'notification'; readonly method: string; readonly body: JsonObject }
  | { readonly kind: 'response'; readonly id: string | number; readonly body: JsonObject };

/** JSON nested deeper than this is refused; tool arguments may be, but not without end. */
const maxDepth = 64;

/** Reads one message, or `undefined`: no batch, no duplicate members, exactly one of request, notification, response. */
export function parseMessage(text: string): Message | undefined {
  return toMessage(parseStrictJson(text, maxDepth));
}

export function toMessage(body: unknown): Message | undefined {
  if (!isObject(body) || body.jsonrpc !== '2.0') return undefined;
  const { id, method, params } = body;
  const hasId = typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id));
  const isAnswer = 'result' in body || 'error' in body;
  if (typeof method === 'string') {
    if (isAnswer || (params !== undefined && !isObject(params))) return undefined;
    if (hasId) return { kind: 'request', id, method, body };
    return 'id' in body ? undefined : { kind: 'notification', method, body };
  }
  return method === undefined && hasId && isAnswer ? { kind: 'response', id, body } : undefined;
}

/** `params` of a message, empty when it has none. */
export function paramsOf({ body }: Message): JsonObject {
  return isObject(body.params) ? body.params : {};
}

/** JSON-RPC error codes we answer with ourselves. @see https://www.jsonrpc.org/specification#error_object */
export const rpcCodes = { parse: -32700, invalid: -32600, refused: -32001, upstream: -32002 } as const;

export function rpcError(id: string | number | null, code: number, message: string): JsonObject {
  return { jsonrpc: '2.0', id, error: { code, message } };
}
