import { isObject, type JsonObject, parseStrictJson } from '@credence/mcp/protocol';
import type { Child } from './child.ts';
import type { Exchange } from './exchange.ts';
import { upstreamFailed } from './http-upstream.ts';
import { paramsOf, rpcCodes, rpcError } from './message.ts';
import { judgeFromServer } from './results.ts';

/** A line larger than this ends the process: it does not get to fill our memory. */
const maxLineLength = 16 * 1024 * 1024;
const subscriptionId = 'io.modelcontextprotocol/subscriptionId';

/** One process of a stdio upstream and the requests under way in it. */
export interface StdioSession {
  readonly owner: string;
  lastUsedMs: number;
  readonly isBusy: boolean;
  /** Sends a request and passes back what belongs to it until its answer is there. */
  request(exchange: Exchange): Promise<void>;
  /** Sends a notification, or an answer of the client. */
  send(body: JsonObject): void;
  /** What belongs to no request goes to this stream, until it ends. */
  listen(exchange: Exchange): Promise<void>;
  stop(): void;
}

interface Pending {
  readonly exchange: Exchange;
  readonly id: string | number;
  readonly progressToken: unknown;
  readonly done: () => void;
}

/** Speaks newline-delimited JSON-RPC with a process. Ids are ours on that side: equal ids of two requests never meet (T35). */
export function createStdioSession(owner: string, child: Child, nowMs: () => number, onExit: () => void): StdioSession {
  const pending = new Map<number, Pending>();
  const asked = new Map<string | number, true>();
  let listener: Pending | undefined;
  let nextId = 1;

  const write = (body: JsonObject) => child.process.stdin.write(`${JSON.stringify(body)}\n`);

  /** The stream that a message without an id of ours belongs to. */
  const streamFor = (body: JsonObject): Pending | undefined => {
    const params = isObject(body.params) ? body.params : {};
    const { progressToken } = params;
    if (progressToken !== undefined) return [...pending.values()].find((one) => one.progressToken === progressToken);
    const meta = isObject(params._meta) ? params._meta : {};
    const subscribed = meta[subscriptionId];
    if (typeof subscribed === 'number') return pending.get(subscribed);
    return listener ?? [...pending.values()].at(-1);
  };

  const onLine = async (line: string): Promise<void> => {
    const body = parseStrictJson(line, 64);
    if (!isObject(body)) return;
    const isAnswer = !('method' in body) && typeof body.id === 'number';
    const one = isAnswer ? pending.get(body.id as number) : streamFor(body);
    if (!one) return 'method' in body && 'id' in body ? refuse(body) : undefined;
    const said = isAnswer ? { ...body, id: one.id } : withOwnSubscription(body, one);
    const passed = judgeFromServer(said, one.exchange);
    if (!passed.pass) return refuse(body);
    if (!isAnswer) {
      if ('id' in body && (typeof body.id === 'string' || typeof body.id === 'number')) asked.set(body.id, true);
      return one.exchange.answer.event({ event: 'message', data: JSON.stringify(passed.body) });
    }
    pending.delete(body.id as number);
    await finish(one.exchange, passed.body);
    one.done();
  };

  /** What it may not ask of the client is answered here, and the client never hears of it. */
  const refuse = (body: JsonObject): void => {
    if (!('id' in body) || (typeof body.id !== 'string' && typeof body.id !== 'number')) return;
    write(rpcError(body.id, rpcCodes.refused, 'Not allowed by the gateway.'));
  };

  readLines(child, onLine);
  child.process.once('exit', () => {
    onExit();
    for (const { exchange, done } of pending.values()) {
      upstreamFailed(exchange, 'The server behind this gateway ended.').finally(() => {
        exchange.answer.end();
        done();
      });
    }
    pending.clear();
    listener?.exchange.answer.end();
    listener?.done();
  });
  child.process.once('error', onExit);

  return {
    owner,
    lastUsedMs: nowMs(),
    get isBusy() {
      return pending.size > 0 || listener !== undefined;
    },
    request(exchange) {
      const { message, signal } = exchange;
      if (message?.kind !== 'request') return Promise.resolve();
      const id = nextId++;
      const meta = paramsOf(message)._meta;
      return new Promise((resolve) => {
        const progressToken = isObject(meta) ? meta.progressToken : undefined;
        pending.set(id, { exchange, id: message.id, progressToken, done: resolve });
        signal.addEventListener('abort', () => {
          // The client went away, or the token ended: the process is told, and the answer it may still give is dropped.
          if (!pending.delete(id)) return;
          const params = { requestId: id, reason: 'the client went away' };
          write({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
          exchange.answer.end();
          resolve();
        });
        write({ ...message.body, id });
      });
    },
    send(body) {
      if (body.method === 'notifications/cancelled') return write(withOurRequestId(body, pending)) && undefined;
      if (!('method' in body) && !asked.delete(body.id as string | number)) return; // answers what was never asked
      write(body);
    },
    listen(exchange) {
      listener?.exchange.answer.end();
      listener?.done();
      return new Promise((resolve) => {
        const mine: Pending = { exchange, id: 0, progressToken: undefined, done: resolve };
        listener = mine;
        exchange.answer.openStream().catch(() => exchange.answer.end());
        exchange.signal.addEventListener('abort', () => {
          if (listener === mine) listener = undefined;
          exchange.answer.end();
          resolve();
        });
      });
    },
    stop: () => child.stop(),
  };
}

/** JSON where nothing was streamed before, else the last event of the stream. */
async function finish({ answer }: Exchange, body: JsonObject): Promise<void> {
  if (!answer.isStream) return answer.json(200, body);
  await answer.event({ event: 'message', data: JSON.stringify(body) });
  answer.end();
}

/** A client cancels by its own id; the process knows the request by ours. */
function withOurRequestId(body: JsonObject, pending: ReadonlyMap<number, Pending>): JsonObject {
  const params = isObject(body.params) ? body.params : {};
  const ours = [...pending].find(([, one]) => one.id === params.requestId)?.[0];
  return { ...body, params: { ...params, requestId: ours ?? 0 } };
}

function withOwnSubscription(body: JsonObject, { id }: Pending): JsonObject {
  const params = isObject(body.params) ? body.params : undefined;
  const meta = isObject(params?._meta) ? params._meta : undefined;
  if (meta?.[subscriptionId] === undefined) return body;
  return { ...body, params: { ...params, _meta: { ...meta, [subscriptionId]: id } } };
}

/** Lines in order, each dealt with before the next, so that events keep their order. */
function readLines(child: Child, onLine: (line: string) => Promise<void>): void {
  const decoder = new TextDecoder();
  let text = '';
  let queue = Promise.resolve();
  child.process.stdout.on('data', (chunk: Buffer) => {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    if (text.length > maxLineLength) return child.stop();
    for (const line of lines) {
      if (line.trim() !== '') queue = queue.then(() => onLine(line)).catch(() => undefined);
    }
  });
}
