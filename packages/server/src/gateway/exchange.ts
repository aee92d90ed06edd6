import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from '@credence/mcp/resource';
import type { ResourceServer } from '../policy/model.ts';
import type { Answer } from './answer.ts';
import type { Message } from './message.ts';
import type { ToolBook } from './tools.ts';

/** One HTTP request that has passed the guard, on its way to an upstream and back. */
export interface Exchange {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly server: ResourceServer;
  readonly caller: Caller;
  /** The message, judged and narrowed; `undefined` for GET and DELETE. */
  readonly message: Message | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly answer: Answer;
  readonly tools: ToolBook;
  /** Aborts when the client goes away or the token ends. */
  readonly signal: AbortSignal;
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
