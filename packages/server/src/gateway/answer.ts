import type { ServerResponse } from 'node:http';
import type { JsonObject } from '@credence/mcp/protocol';
import { formatEvent, keepAlive, type SseEvent } from './sse.ts';

const keepAliveMs = 15_000;

/**
 * The answer to one request, which becomes JSON when the first thing to say is the last, and a stream otherwise. Nothing
 * leaves before `released` resolves: the record is durable first (design.md §3).
 */
export interface Answer {
  /** Headers for the answer, as long as none has left. */
  readonly headers: Record<string, string>;
  /** Sends one JSON document and ends. */
  json(status: number, body: JsonObject): Promise<void>;
  /** Turns the answer into a stream that may stay silent. */
  openStream(): Promise<void>;
  /** Sends an event, turning the answer into a stream. Resolves when the client can take more. */
  event(event: SseEvent): Promise<void>;
  /** Sends what a web-standard response holds. */
  response(response: Response): Promise<void>;
  empty(status: number): Promise<void>;
  end(): void;
  readonly isOver: boolean;
  /** Whether an event has been sent. */
  readonly isStream: boolean;
}

const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export function createAnswer(outgoing: ServerResponse, released: () => Promise<void>): Answer {
  let alive: NodeJS.Timeout | undefined;
  const headers: Record<string, string> = {};
  const start = async (status: number, more: Record<string, string>) => {
    await released();
    if (!outgoing.headersSent && !outgoing.destroyed) outgoing.writeHead(status, { ...always, ...headers, ...more });
  };
  const openStream = async () => {
    if (outgoing.headersSent || outgoing.destroyed) return;
    await start(200, { 'content-type': 'text/event-stream' });
    alive = setInterval(() => outgoing.write(keepAlive), keepAliveMs).unref();
    outgoing.flushHeaders();
  };
  outgoing.once('close', () => clearInterval(alive));

  return {
    headers,
    get isStream() {
      return alive !== undefined;
    },
    get isOver() {
      return outgoing.writableEnded || outgoing.destroyed;
    },
    async json(status, body) {
      await start(status, { 'content-type': 'application/json' });
      if (!outgoing.destroyed) outgoing.end(JSON.stringify(body));
    },
    openStream,
    async event(event) {
      await openStream();
      if (outgoing.destroyed || outgoing.writableEnded || outgoing.write(formatEvent(event))) return;
      await new Promise<void>((resolve) => {
        outgoing.once('drain', resolve);
        outgoing.once('close', resolve);
      });
    },
    async response(response) {
      await start(response.status, Object.fromEntries(response.headers));
      if (!outgoing.destroyed) outgoing.end(await response.text());
    },
    async empty(status) {
      await start(status, {});
      if (!outgoing.destroyed) outgoing.end();
    },
    end() {
      if (outgoing.headersSent) outgoing.end();
      else outgoing.destroy();
    },
  };
}
