import { isObject, type JsonObject } from '@credence/mcp/protocol';
import type { Exchange } from './exchange.ts';
import { asksForTooMuch, mayAskClient } from './judge.ts';
import { type Message, rpcCodes, rpcError, toMessage } from './message.ts';

/** What may go to the client of what an upstream says: as it is, changed, or not at all. */
export type Passed =
  | { readonly pass: true; readonly body: JsonObject }
  | { readonly pass: false; readonly ask?: Message };

/**
 * Judges what an upstream says to the client. Lists of tools lose what the token does not cover; requests and results that
 * ask the client for something its entry does not allow go no further; what is not JSON-RPC goes nowhere.
 */
export function judgeFromServer(body: unknown, { server, message, caller, tools }: Exchange): Passed {
  const said = toMessage(body);
  const allowed = server.upstream?.allow ?? [];
  if (!said) return { pass: false };
  if (said.kind === 'request')
    return mayAskClient(said.method, allowed) ? { pass: true, body: said.body } : { pass: false, ask: said };
  if (said.kind === 'notification') return { pass: true, body: said.body };

  const { result } = said.body;
  if (asksForTooMuch(result, allowed)) {
    const error = rpcError(said.id, rpcCodes.upstream, 'The server asked for input that is not allowed here.');
    return { pass: true, body: error };
  }
  const isToolList = message?.kind === 'request' && message.method === 'tools/list' && said.id === message.id;
  if (!isToolList || !isObject(result)) return { pass: true, body: said.body };
  return { pass: true, body: { ...said.body, result: tools.filter(server, caller.scopes, result) } };
}
