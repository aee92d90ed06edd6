import type { IncomingHttpHeaders } from 'node:http';
import type { Refusal } from '@credence/mcp/protocol';
import type { Caller } from '@credence/mcp/resource';
import type { ResourceServer } from '../policy/model.ts';
import type { Answer } from './answer.ts';
import { answerId, type Message, rpcCodes, rpcError } from './message.ts';
import type { ToolBook } from './tools.ts';

/** One HTTP request that has passed the guard, on its way to an upstream and back. */
export interface Exchange {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly server: ResourceServer;
  readonly caller: Caller;
  /** The message, judged and narrowed; `undefined` for GET and DELETE. */
  readonly message: Message | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The trace this is part of, for the upstream (W3C Trace Context). */
  readonly traceparent: string | undefined;
  readonly answer: Answer;
  readonly tools: ToolBook;
  /** Aborts when the client goes away or the stream has to end. */
  readonly signal: AbortSignal;
  /** Puts a refusal on the record; the answer waits for it. */
  readonly recordRefusal: (refusal: Refusal) => void;
}

/** Where judged messages go: an MCP server over HTTP, or processes that speak it over stdio. */
export interface OpenUpstream {
  /** Resolves when nothing more will be said. */
  forward(exchange: Exchange): Promise<void>;
  close(): Promise<void>;
}

/** Whoever holds a session: the same person through the same client, and nobody else (MCS-13, T35). */
export function ownerOf({ issuer, subject, clientId }: Caller): string {
  return JSON.stringify([issuer, subject, clientId]);
}

/** The `Mcp-Session-Id` of a request, if it has one. */
export function sessionIdOf({ headers }: Exchange): string | undefined {
  const id = headers['mcp-session-id'];
  return typeof id === 'string' ? id : undefined;
}

/** The upstream failed, not the caller: plain words, never what it said. @param status - 504 when it took too long */
export async function upstreamFailed({ answer, message }: Exchange, words: string, status = 502): Promise<void> {
  const body = rpcError(answerId(message), rpcCodes.upstream, words);
  if (answer.isStream) await answer.event({ event: 'message', data: JSON.stringify(body) }, body);
  else await answer.json(status, body);
}

/** A limit is reached, which passes: 503, to be tried again soon. */
export async function tooMany({ answer, message, recordRefusal }: Exchange, what: string): Promise<void> {
  recordRefusal('mcp_too_many');
  answer.headers['retry-after'] = '10';
  await answer.json(503, rpcError(answerId(message), rpcCodes.upstream, `Too many ${what}; try again.`));
}

/** Whether it is a stream that stays open for whatever the upstream may have to say. */
export function onlyListens({ method, message }: Pick<Exchange, 'method' | 'message'>): boolean {
  return method === 'GET' || (message?.kind === 'request' && message.method === 'subscriptions/listen');
}

/** Unknown, ended, or somebody else's: the client cannot tell, and starts a new one (B81). */
export async function noSession({ answer, message, recordRefusal }: Exchange): Promise<void> {
  recordRefusal('mcp_session_unknown');
  await answer.json(404, rpcError(answerId(message), rpcCodes.refused, 'There is no such session.'));
}
