import { isObject, type JsonObject, type Refusal } from '@credence/mcp/protocol';
import type { ClientCapability, ResourceServer, Risk } from '../policy/model.ts';
import { type Message, paramsOf } from './message.ts';

/** What becomes of a message from the client: passed on (perhaps narrowed), swallowed, or refused. */
export type Verdict =
  | { readonly pass: true; readonly message: Message; readonly tool?: ToolCall }
  | { readonly pass: false; readonly swallow: true }
  | {
      readonly pass: false;
      readonly swallow: false;
      readonly refusal: Refusal;
      readonly tool?: ToolCall;
      /** Scopes the operation needs, for the challenge. */
      readonly needs: readonly string[];
    };

export interface ToolCall {
  readonly name: string;
  readonly scope: string | undefined;
  readonly risk: Risk;
}

/**
 * Judges one message against the scopes of the token and the entry of the server. A tool needs the scope it is mapped to;
 * everything else a client may send needs a token for this server with at least one of its scopes.
 */
export function judge(message: Message, server: ResourceServer, scopes: readonly string[]): Verdict {
  const allowed = server.upstream?.allow ?? [];
  if (!scopes.some((scope) => server.scopes.has(scope))) {
    return { pass: false, swallow: false, refusal: 'tool_scope_missing', needs: server.defaultScopes };
  }
  if (message.kind === 'response') {
    // It answers a request of the server, and those reach the client only where the entry allows one.
    return allowed.length > 0 ? { pass: true, message } : { pass: false, swallow: true };
  }
  const swallowed = message.method === 'notifications/roots/list_changed' && !allowed.includes('roots');
  if (swallowed) return { pass: false, swallow: true };
  const narrowed = withoutCapabilities(message, allowed);
  if (message.method !== 'tools/call') return { pass: true, message: narrowed };

  const { name } = paramsOf(message);
  if (message.kind !== 'request' || typeof name !== 'string') {
    return { pass: false, swallow: false, refusal: 'tool_call_malformed', needs: [] };
  }
  const scope = server.scopeOfTool(name);
  const tool: ToolCall = { name, scope, risk: (scope !== undefined && server.scopes.get(scope)) || 'low' };
  if (scope === undefined) return { pass: false, swallow: false, refusal: 'tool_not_listed', tool, needs: [] };
  if (!scopes.includes(scope))
    return { pass: false, swallow: false, refusal: 'tool_scope_missing', tool, needs: [scope] };
  return { pass: true, message: narrowed, tool };
}

const capabilities: readonly ClientCapability[] = ['roots', 'sampling', 'elicitation'];

/** What a server may ask of a client, by method. */
const capabilityOf: Record<string, ClientCapability> = {
  'roots/list': 'roots',
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
};

/** Whether a request of the server may reach the client; `ping` always may. */
export function mayAskClient(method: string, allowed: readonly ClientCapability[]): boolean {
  if (method === 'ping') return true;
  const capability = capabilityOf[method];
  return capability !== undefined && allowed.includes(capability);
}

/** Whether a result asks the client for input (2026-07-28) of a kind that the entry does not allow. */
export function asksForTooMuch(result: unknown, allowed: readonly ClientCapability[]): boolean {
  if (!isObject(result) || result.inputRequests === undefined) return false;
  const asked = isObject(result.inputRequests) ? Object.values(result.inputRequests) : [undefined];
  return !asked.every((one) => isObject(one) && typeof one.method === 'string' && mayAskClient(one.method, allowed));
}

const clientCapabilities = 'io.modelcontextprotocol/clientCapabilities';

/** Takes out what the client offers beyond what the entry allows: at `initialize`, and in each request of 2026-07-28. */
function withoutCapabilities(message: Message, allowed: readonly ClientCapability[]): Message {
  const params = paramsOf(message);
  const meta = params._meta;
  const atStart = isInitialize(message) && isObject(params.capabilities);
  const inMeta = isObject(meta) && isObject(meta[clientCapabilities]);
  if (!atStart && !inMeta) return message;
  const changed: JsonObject = { ...params };
  if (atStart) changed.capabilities = narrow(params.capabilities as JsonObject, allowed);
  if (inMeta)
    changed._meta = { ...meta, [clientCapabilities]: narrow(meta[clientCapabilities] as JsonObject, allowed) };
  return { ...message, body: { ...message.body, params: changed } };
}

function isInitialize(message: Message): boolean {
  return message.kind === 'request' && message.method === 'initialize';
}

function narrow(offered: JsonObject, allowed: readonly ClientCapability[]): JsonObject {
  const entries = Object.entries(offered).filter(
    ([name]) => !capabilities.some((known) => known === name) || allowed.some((known) => known === name),
  );
  return Object.fromEntries(entries);
}
