import type { IncomingHttpHeaders } from 'node:http';
import { type Message, paramsOf, revisionOf } from './message.ts';

/** Which member of `params` the header `Mcp-Name` repeats. */
const nameSource: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/**
 * The headers of 2026-07-28 repeat what the body says, and a proxy or an upstream may believe them: so they must agree with
 * what is judged here, and a request of that revision must have them. Says what is wrong, or `undefined`.
 */
export function disagreement(message: Message, headers: IncomingHttpHeaders): string | undefined {
  if (message.kind === 'response') return undefined;
  const [method, name, version] = [headers['mcp-method'], headers['mcp-name'], headers['mcp-protocol-version']];
  const revision = revisionOf(message);
  const source = nameSource.get(message.method);
  const named = source === undefined ? undefined : paramsOf(message)[source];

  if (method !== undefined && method !== message.method) return 'Mcp-Method differs from the method of the body.';
  if (name !== undefined && !isName(String(name), named)) return 'Mcp-Name differs from the name in the body.';
  if (revision === undefined || message.kind !== 'request') return undefined;
  if (version !== revision) return 'MCP-Protocol-Version is missing, or differs from the revision in the body.';
  if (method === undefined) return 'Mcp-Method is missing.';
  if (typeof named === 'string' && name === undefined) return 'Mcp-Name is missing.';
  return undefined;
}

/** A name beyond ASCII travels as `=?base64?...?=`. Only its one spelling counts: of others some decoders make other names. */
function isName(text: string, named: unknown): boolean {
  if (typeof named !== 'string') return false;
  const isEncoded = text.startsWith('=?base64?') && text.endsWith('?=');
  return text === (isEncoded ? `=?base64?${Buffer.from(named).toString('base64')}?=` : named);
}
