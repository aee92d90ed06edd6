import { isObject, type JsonObject, type Refusal } from '@credence/mcp/protocol';
import type { ClientCapability, ResourceServer, Risk } from '../policy/model.ts';
import { lookalikesOf, type Message, metaOf, paramsOf } from './message.ts';

/** What becomes of a message from the client: passed on (perhaps narrowed), swallowed, unknown here, or refused. */
export type Verdict =
  | { readonly outcome: 'pass'; readonly message: Message | undefined; readonly tool?: ToolCall }
  | { readonly outcome: 'swallow' }
  | { readonly outcome: 'unknown_method'; readonly message: Message }
  | {
      readonly outcome: 'refuse';
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
 * everything else a client may send (reading resources and prompts, say), and a stream or the end of a session, for which it
 * sends none, needs a token with at least one scope of this server. A method that MCP does not have is not passed on: nobody
 * could have granted it.
 */
export function judge(message: Message | undefined, server: ResourceServer, scopes: readonly string[]): Verdict {
  const allowed = server.upstream?.allow ?? [];
  if (!scopes.some((scope) => server.scopes.has(scope))) {
    return { outcome: 'refuse', refusal: 'tool_scope_missing', needs: server.defaultScopes };
  }
  // Whether it answers anything the server was let through to ask is for the upstream's session to know.
  if (message === undefined || message.kind === 'response') return { outcome: 'pass', message };
  if (message.kind === 'notification') {
    if (message.method === 'tools/call') return { outcome: 'refuse', refusal: 'tool_call_malformed', needs: [] };
    // A server may carry out what comes without an id as well, so nothing but news goes on.
    const isNews = message.method.startsWith('notifications/');
    const isAboutRoots = message.method === 'notifications/roots/list_changed' && !allowed.includes('roots');
    return isNews && !isAboutRoots ? { outcome: 'pass', message } : { outcome: 'swallow' };
  }
  if (!isKnown(message.method, server)) return { outcome: 'unknown_method', message };
  const narrowed = withoutCapabilities(message, allowed);
  if (message.method !== 'tools/call') return { outcome: 'pass', message: narrowed };

  const { name } = paramsOf(message);
  if (typeof name !== 'string') return { outcome: 'refuse', refusal: 'tool_call_malformed', needs: [] };
  const scope = server.scopeOfTool(name);
  const tool: ToolCall = { name, scope, risk: (scope !== undefined && server.scopes.get(scope)) || 'low' };
  if (scope === undefined) return { outcome: 'refuse', refusal: 'tool_not_listed', tool, needs: [] };
  if (!scopes.includes(scope)) {
    // All of what the operation takes in one challenge, so that a new token does not lose what this one has (MCS-08).
    return { outcome: 'refuse', refusal: 'tool_scope_missing', tool, needs: [...scopes, scope] };
  }
  return { outcome: 'pass', message: narrowed, tool };
}

/** Requests of a client in either wire revision. */
const methods = new Set([
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
]);

const taskMethods = new Set(['tasks/get', 'tasks/list', 'tasks/result', 'tasks/update', 'tasks/cancel']);

/**
 * Tasks outlive the request that made them, and their ids are all that tells them apart. A process of one person keeps
 * them apart; an HTTP upstream sees one caller, us, and would hand anybody's task to anybody (T35).
 */
function isKnown(method: string, { upstream }: ResourceServer): boolean {
  return methods.has(method) || (taskMethods.has(method) && upstream?.kind === 'stdio');
}

const capabilities: readonly ClientCapability[] = ['roots', 'sampling', 'elicitation'];

/** What a server may ask of a client, by method. */
const capabilityOf: ReadonlyMap<string, ClientCapability> = new Map([
  ['roots/list', 'roots'],
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
]);

/** Whether a request of the server may reach the client; `ping` always may. */
export function mayAskClient(method: string, allowed: readonly ClientCapability[]): boolean {
  if (method === 'ping') return true;
  const capability = capabilityOf.get(method);
  return capability !== undefined && allowed.includes(capability);
}

/** Whether a result asks the client for input (2026-07-28) of a kind that the entry does not allow. */
export function asksForTooMuch(result: unknown, allowed: readonly ClientCapability[]): boolean {
  if (!isObject(result) || result.inputRequests === undefined) return false;
  const asked = isObject(result.inputRequests) ? Object.values(result.inputRequests) : [undefined];
  return !asked.every(
    (one) => isObject(one) && !inAsking(one) && typeof one.method === 'string' && mayAskClient(one.method, allowed),
  );
}

const inAsking = lookalikesOf('method');

const clientCapabilities = 'io.modelcontextprotocol/clientCapabilities';

/** Takes out what the client offers beyond what the entry allows: at `initialize`, and in each request of 2026-07-28. */
function withoutCapabilities(
  message: Extract<Message, { kind: 'request' }>,
  allowed: readonly ClientCapability[],
): Message {
  const params = paramsOf(message);
  const meta = metaOf(message);
  const [atStart, inMeta] = [params.capabilities, meta[clientCapabilities]];
  if (!isObject(atStart) && !isObject(inMeta)) return message;
  const changed: JsonObject = { ...params };
  if (isObject(atStart)) changed.capabilities = narrow(atStart, allowed);
  if (isObject(inMeta)) changed._meta = { ...meta, [clientCapabilities]: narrow(inMeta, allowed) };
  return { ...message, body: { ...message.body, params: changed } };
}

/** Names are matched whatever their case, as some of those who read them do. */
function narrow(offered: JsonObject, allowed: readonly ClientCapability[]): JsonObject {
  const isLetThrough = (name: string) => {
    const known = capabilities.find((capability) => capability === name.toLowerCase());
    return known === undefined || allowed.includes(known);
  };
  return Object.fromEntries(Object.entries(offered).filter(([name]) => isLetThrough(name)));
}
