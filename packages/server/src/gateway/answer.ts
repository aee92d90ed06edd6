import type { ServerResponse } from 'node:http';
import type { JsonObject } from '@credence/mcp/protocol';
import { formatEvent, keepAlive, type SseEvent } from './sse.ts';
import { createUnread } from './unread.ts';

const keepAliveMs = 15_000;
/** How long a client may take to fetch what is left of a stream that has ended. */
const graceMs = 2000;
/** And an answer that is one document: its token is no limit to that. */
const fetchMs = 60_000;
/** What lies unread takes several times as much: as text, as bytes, and as what it was made of. */
const unread = createUnread(64 * 1024 * 1024);

/**
 * The answer to one request, which becomes JSON when the first thing to say is the last, and a stream otherwise, as far as
 * the client takes both. Nothing leaves before `released` resolves: the record is durable first (design.md §3).
 */
export interface Answer {
  /** Headers for the answer, as long as none has left. */
  readonly headers: Record<string, string>;
  /** Sends one JSON document and ends. */
  json(status: number, body: JsonObject): Promise<void>;
  /** Turns the answer into a stream that may stay silent. Resolves to false where none may be opened (any more). */
  openStream(): Promise<boolean>;
  /**
   * Sends an event, turning the answer into a stream. Resolves when the client can take more.
   * @param last - the message in it when it is what was asked for: nothing comes after it
   */
  event(event: SseEvent, last?: JsonObject): Promise<void>;
  /** Sends what a web-standard response holds. */
  response(response: Response): Promise<void>;
  empty(status: number): Promise<void>;
  /** Ends a stream. A call that is waiting for its answer may still get that, and nothing else. */
  endStream(): void;
  /** Nothing more will be said. */
  end(): void;
  readonly isOver: boolean;
  /** Whether a stream has begun. */
  readonly isStream: boolean;
}

/** What the client says it can read. */
export interface Accepts {
  readonly json: boolean;
  readonly stream: boolean;
}

const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export function createAnswer(outgoing: ServerResponse, accepts: Accepts, released: () => Promise<void>): Answer {
  let alive: NodeJS.Timeout | undefined;
  let mayStream = accepts.stream;
  const headers: Record<string, string> = {};
  // Writing after the end is an error that nobody handles: it would take the whole process down.
  const isOver = () => outgoing.writableEnded || outgoing.destroyed;
  const start = async (status: number, more: Record<string, string>) => {
    await released();
    if (!outgoing.headersSent && !outgoing.destroyed) outgoing.writeHead(status, { ...always, ...headers, ...more });
  };
  const openStream = async () => {
    if (alive) return;
    await start(200, { 'content-type': 'text/event-stream' });
    if (alive || isOver()) return;
    outgoing.flushHeaders();
    alive = setInterval(() => isOver() || outgoing.write(keepAlive), keepAliveMs).unref();
  };
  const sendEvent = async (event: SseEvent) => {
    await openStream();
    if (isOver() || outgoing.write(formatEvent(event))) return;
    await unread.untilTaken(outgoing, 'drain');
  };
  const sendJson = async (status: number, body: JsonObject) => {
    const text = JSON.stringify(body);
    const length = String(Buffer.byteLength(text)); // known beforehand, it all goes out in one write
    await start(status, { 'content-type': 'application/json', 'content-length': length });
    if (isOver()) return; // a stream that has ended meanwhile takes no more
    outgoing.end(text);
    await unread.untilTaken(outgoing, 'close', fetchMs);
  };
  outgoing.once('close', () => clearInterval(alive));

  return {
    headers,
    get isStream() {
      return alive !== undefined;
    },
    get isOver() {
      return isOver();
    },
    async json(status, body) {
      if (status !== 200 || accepts.json || !mayStream) return sendJson(status, body);
      await sendEvent({ event: 'message', data: JSON.stringify(body) });
      outgoing.end();
    },
    async openStream() {
      if (mayStream) await openStream();
      return mayStream;
    },
    async event(event, last) {
      if (mayStream) {
        await sendEvent(event);
        if (last) outgoing.end();
      } else if (last && !outgoing.writableEnded) await sendJson(200, last);
    },
    async response(response) {
      const text = await response.text();
      await start(response.status, Object.fromEntries(response.headers));
      if (!isOver()) outgoing.end(text);
    },
    async empty(status) {
      await start(status, {});
      if (!outgoing.destroyed) outgoing.end();
    },
    endStream() {
      mayStream = false;
      if (!alive || outgoing.writableEnded) return;
      outgoing.end();
      // A client that has stopped reading does not keep what its token no longer covers, and what feeds it, open.
      setTimeout(() => outgoing.writableFinished || outgoing.destroy(), graceMs).unref();
    },
    end() {
      if (outgoing.headersSent) outgoing.end();
      else outgoing.destroy();
    },
  };
}
