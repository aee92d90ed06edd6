import { isObject, type JsonObject } from '@credence/mcp/protocol';
import type { ClientCapability } from '../policy/model.ts';
import type { Exchange } from './exchange.ts';
import { asksForTooMuch, mayAskClient } from './judge.ts';
import { lookalikesOf, type Message, rpcCodes, rpcError } from './message.ts';

/** What may go to the client of what an upstream says: as it is, changed, or not at all. */
export type Passed =
  | { readonly pass: true; readonly said: Message }
  /** With `refused` set it asked the client for something, and has to be told no. */
  | { readonly pass: false; readonly refused?: JsonObject };

/** The error that has a client open a URL: an elicitation in the clothes of an error. */
const urlElicitationRequired = -32042;

/** Members of a result and of an error that are judged here. */
const [inResult, inError] = [lookalikesOf('tools', 'inputRequests'), lookalikesOf('code')];

/**
 * Judges what an upstream says to the client. Lists of tools lose what the token does not cover; requests, results and
 * errors that ask the client for something its entry does not allow go no further; what is not JSON-RPC goes nowhere.
 */
export function judgeFromServer(said: Message | undefined, exchange: Exchange): Passed {
  const { server, caller, tools } = exchange;
  const allowed = server.upstream?.allow ?? [];
  if (!said) return { pass: false };
  if (said.kind === 'notification') return { pass: true, said };
  if (said.kind === 'request') {
    const refused = refuseAsking(said, allowed);
    return refused ? { pass: false, refused } : { pass: true, said };
  }

  const { result, error } = said.body;
  if ((isObject(result) && inResult(result)) || (isObject(error) && inError(error))) {
    const body = rpcError(said.id, rpcCodes.upstream, 'The server answered what can be read in two ways.');
    return { pass: true, said: { ...said, body } };
  }
  const isUrl = isObject(error) && error.code === urlElicitationRequired && !allowed.includes('elicitation');
  if (isUrl || asksForTooMuch(result, allowed)) {
    const body = rpcError(said.id, rpcCodes.upstream, 'The server asked for input that is not allowed here.');
    return { pass: true, said: { ...said, body } };
  }
  // By its shape, not by the request it claims to answer: a stream taken up again may carry the answer to an older one.
  if (!isObject(result) || !Array.isArray(result.tools)) return { pass: true, said };
  const filtered = tools.filter(server, caller.scopes, result);
  return { pass: true, said: { ...said, body: { ...said.body, result: filtered } } };
}

/** What an upstream is told that asks the client for something it may not have; `undefined` when it may. */
export function refuseAsking(said: Message, allowed: readonly ClientCapability[]): JsonObject | undefined {
  if (said.kind !== 'request' || mayAskClient(said.method, allowed)) return undefined;
  return rpcError(said.id, rpcCodes.unknownMethod, 'Not allowed by the gateway.');
}
