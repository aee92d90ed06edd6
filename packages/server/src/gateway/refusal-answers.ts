import type { ServerResponse } from 'node:http';
import { type Refusal, refusalRow } from '@credence/mcp/protocol';
import { type Caller, challenge, type Told } from '@credence/mcp/resource';
import type { ResourceServer } from '../policy/model.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { Answer } from './answer.ts';
import type { Verdict } from './judge.ts';
import { answerId, type Message, revisionOf, rpcCodes, rpcError } from './message.ts';

/** What was sent is no message; the caller is known, so they are told where it stands on the record. */
export async function refuseMessage(answer: Answer, refusal: Refusal, reference: string): Promise<void> {
  const { status } = refusalRow(refusal);
  const words = `One JSON-RPC message in application/json is expected, at most 4 MiB. Reference: ${reference}`;
  answer.headers.connection = 'close'; // what was not read is not read
  await answer.json(status, rpcError(null, rpcCodes.invalid, words));
}

/** A method nobody could have granted. 404 would mean a lost session to clients of the older revision. */
export async function unknownMethod(answer: Answer, message: Message): Promise<void> {
  const status = revisionOf(message) === undefined ? 200 : 404;
  await answer.json(status, rpcError(answerId(message), rpcCodes.unknownMethod, 'Method not found.'));
}

/** A token that was good when the request began, and is none any more: the same words as at the door. */
export async function refuseToken(
  answer: Answer,
  refusal: Refusal,
  { server, caller, told }: { readonly server: ResourceServer; readonly caller: Caller; readonly told: Told },
): Promise<void> {
  const { resource, defaultScopes: scopes } = server;
  const more = typeof told === 'string' ? { reference: told } : told;
  await answer.response(challenge(refusal, { resource, scopes, scheme: schemeOf(caller), ...more }));
}

function schemeOf({ keyThumbprint }: Caller): 'Bearer' | 'DPoP' {
  return keyThumbprint === undefined ? 'Bearer' : 'DPoP';
}

/** What a wider token would cure is a challenge; a tool that is not offered at all is an error of the call. */
export async function refuse(
  answer: Answer,
  { refusal, needs }: Extract<Verdict, { outcome: 'refuse' }>,
  about: {
    server: ResourceServer;
    caller: Caller;
    message: Message | undefined;
    reference: string;
    /** Where the person whose agent it is reads why. */
    page: string | undefined;
  },
): Promise<void> {
  const { server, caller, message, reference, page } = about;
  if (refusal === 'tool_scope_missing') {
    const { resource } = server;
    return answer.response(challenge(refusal, { resource, scopes: needs, scheme: schemeOf(caller), reference, page }));
  }
  const more = page === undefined ? '' : ` See why, and what to do: ${page}`;
  const words = `This tool is not offered here.${more} Reference: ${reference}`;
  const data = page === undefined ? undefined : { error_uri: page };
  await answer.json(refusalRow(refusal).status, rpcError(answerId(message), rpcCodes.unknownTool, words, data));
}

/** 503 while the record cannot be made (fail closed), 500 for what is broken here; the caller learns nothing more. */
export function answerFault(outgoing: ServerResponse, fault: unknown): void {
  if (outgoing.headersSent) return void outgoing.destroy();
  const isAway = fault instanceof StoreUnavailable;
  outgoing.writeHead(isAway ? 503 : 500, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(isAway && { 'retry-after': '1' }),
  });
  const words = isAway ? 'Temporarily unavailable; try again.' : 'The gateway met an unexpected condition.';
  outgoing.end(JSON.stringify(rpcError(null, rpcCodes.fault, words)));
}
