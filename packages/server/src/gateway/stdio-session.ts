import type { JsonObject } from '@credence/mcp/protocol';
import type { Caller } from '@credence/mcp/resource';
import type { ClientCapability } from '../policy/model.ts';
import type { Child } from './child.ts';
import { type Exchange, upstreamFailed } from './exchange.ts';
import { isId, type Message, metaOf, paramsOf, parseMessage, revisionOf, rpcCodes, rpcError } from './message.ts';
import { judgeFromServer, refuseAsking } from './results.ts';

const subscriptionId = 'io.modelcontextprotocol/subscriptionId';

/** One process of a stdio upstream and the requests under way in it. */
export interface StdioSession {
  readonly owner: string;
  /** Account id of the owner. */
  readonly person: string;
  lastUsedMs: number;
  /** Who used it last. */
  lastCaller: Caller;
  /** Whether a request is under way; a stream that only listens is not work. */
  readonly isBusy: boolean;
  /** Sends a request and passes back what belongs to it until its answer is there. */
  request(exchange: Exchange): Promise<void>;
  /** A request of our own. Resolves to `undefined` when the process ends first. */
  ask(body: JsonObject): Promise<JsonObject | undefined>;
  /** Sends a notification, or an answer of the client. */
  send(message: Message): void;
  /** What belongs to no request goes to this stream, until it ends. */
  listen(exchange: Exchange): Promise<void>;
  stop(): Promise<void>;
}

/** Somebody who waits for what the process says. */
interface Waiting {
  readonly exchange: Exchange;
  readonly done: () => void;
  readonly fail: (fault: unknown) => void;
}

interface Pending extends Waiting {
  readonly id: string | number;
  readonly progressToken: unknown;
}

type FromServer = Exclude<Message, { kind: 'response' }>;

const ended = 'The server behind this gateway ended.';

/** News that no stream is there for yet, in characters; the oldest goes first. */
const maxUnheard = 1024 * 1024;
/** Questions to the client that may be open at once. */
const maxAsked = 100;

/**
 * Speaks newline-delimited JSON-RPC with a process. Ids and progress tokens are ours on that side: equal ones of two requests
 * never meet (T35).
 */
export function createStdioSession(
  { owner, person, lastCaller }: Pick<StdioSession, 'owner' | 'person' | 'lastCaller'>,
  child: Child,
  options: {
    readonly allowed: readonly ClientCapability[];
    readonly nowMs: () => number;
    readonly onExit: () => void;
  },
): StdioSession {
  const pending = new Map<number, Pending>();
  const ownRequests = new Map<number, (body: JsonObject | undefined) => void>();
  const asked = new Set<string | number>();
  const unheard: { message: FromServer; length: number }[] = [];
  let unheardLength = 0;
  let listener: Waiting | undefined;
  let nextId = 1;
  let hasEnded = false;

  const onAnswer = async (message: Extract<Message, { kind: 'response' }>): Promise<void> => {
    const ours = message.id as number;
    ownRequests.get(ours)?.(message.body);
    const one = pending.get(ours);
    pending.delete(ours);
    if (one) await passAnswer(message, one);
  };

  /** What names a request of ours goes to whoever made it; the rest to the stream that listens, or to the latest request. */
  const onOther = async (message: FromServer, length: number): Promise<void> => {
    const refused = refuseAsking(message, options.allowed);
    if (refused) return child.write(refused);
    const named = namedRequest(message);
    const one = named === undefined ? undefined : pending.get(named as number);
    if (named !== undefined) return one && tell(one, withTheirIds(message, one));
    const stream = listener ?? [...pending.values()].at(-1);
    if (stream) return tell(stream, message);
    unheard.push({ message, length });
    unheardLength += length;
    while (unheardLength > maxUnheard) unheardLength -= unheard.shift()?.length ?? 0;
  };

  const tell = (to: Waiting, message: FromServer): Promise<void> =>
    guarded(to, async () => {
      if (message.kind === 'request') asked.add(message.id);
      for (const oldest of asked) if (asked.size > maxAsked) asked.delete(oldest);
      await to.exchange.answer.event({ event: 'message', data: JSON.stringify(message.body) });
    });

  child.onLine(async (line) => {
    const message = parseMessage(line);
    if (message) await (message.kind === 'response' ? onAnswer(message) : onOther(message, line.length));
  });
  child.exited.then(() => {
    hasEnded = true;
    options.onExit();
  });
  child.finished.then(async () => {
    for (const resolve of ownRequests.values()) resolve(undefined);
    listener?.exchange.answer.end();
    listener?.done();
    const left = [...pending.values()];
    pending.clear();
    for (const one of left) {
      await guarded(one, () => upstreamFailed(one.exchange, ended));
      one.done();
    }
  });

  return {
    owner,
    person,
    lastCaller,
    lastUsedMs: options.nowMs(),
    get isBusy() {
      return pending.size > 0 || ownRequests.size > 0;
    },
    request(exchange) {
      const { message, signal } = exchange;
      if (message?.kind !== 'request' || signal.aborted) return Promise.resolve(); // it left while the process was started
      if (hasEnded) return upstreamFailed(exchange, ended);
      const id = nextId++;
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          if (!pending.delete(id)) return;
          // Leaving is cancelling in 2026-07-28 only; before, the tool works on and its answer is dropped.
          const params = { requestId: id, reason: 'the client went away' };
          if (revisionOf(message)) child.write({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
          resolve();
        };
        const { progressToken } = metaOf(message);
        pending.set(id, { exchange, id: message.id, progressToken, done: resolve, fail: reject });
        signal.addEventListener('abort', onAbort, { once: true });
        child.write(withOurIds(message, id));
      });
    },
    ask(body) {
      const id = nextId++;
      return new Promise((resolve) => {
        ownRequests.set(id, (answer) => {
          ownRequests.delete(id);
          resolve(answer);
        });
        child.write({ ...body, id });
      });
    },
    send(message) {
      if (message.kind === 'response' && !(isId(message.id) && asked.delete(message.id))) return; // nobody had asked
      if (message.kind !== 'notification' || message.method !== 'notifications/cancelled') {
        return child.write(message.body);
      }
      const params = paramsOf(message);
      const found = [...pending].find(([, { id }]) => id === params.requestId);
      if (!found) return;
      const [ours, one] = found;
      child.write({ ...message.body, params: { ...params, requestId: ours } });
      pending.delete(ours); // there will be no answer to wait for
      void guarded(one, () => endCancelled(one)).then(one.done);
    },
    async listen(exchange) {
      if (!(await exchange.answer.openStream()) || hasEnded) return exchange.answer.end();
      listener?.exchange.answer.end(); // only now, so that of two that come at once one is left
      listener?.done();
      await new Promise<void>((resolve, reject) => {
        const mine: Waiting = { exchange, done: resolve, fail: reject };
        listener = mine;
        const leave = () => {
          if (listener === mine) listener = undefined;
          exchange.answer.end();
          resolve();
        };
        if (exchange.signal.aborted) return leave();
        exchange.signal.addEventListener('abort', leave, { once: true });
        unheardLength = 0;
        for (const { message } of unheard.splice(0)) void tell(mine, message);
      });
    },
    stop: () => child.stop(),
  };
}

/** An answer as the client gets it: judged, and under its own id. */
async function passAnswer(message: Extract<Message, { kind: 'response' }>, one: Pending): Promise<void> {
  const { id, exchange } = one;
  await guarded(one, async () => {
    const passed = judgeFromServer({ ...message, id, body: { ...message.body, id } }, exchange);
    if (passed.pass) await finish(exchange, passed.said.body);
  });
  one.done();
}

/** A fault on the way to the client (the record cannot be made, say) ends that request, not the others. */
async function guarded(one: Waiting, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (fault) {
    one.fail(fault);
  }
}

/** JSON where nothing was streamed before, else the last event of the stream. */
async function finish({ answer }: Exchange, body: JsonObject): Promise<void> {
  if (answer.isStream) return answer.event({ event: 'message', data: JSON.stringify(body) }, body);
  await answer.json(200, body);
}

/** A request without an answer: to a stream it simply ends, and else there has to be something to read. */
async function endCancelled({ id, exchange: { answer } }: Pending): Promise<void> {
  if (await answer.openStream()) return answer.end();
  await answer.json(200, rpcError(id, rpcCodes.refused, 'Cancelled.'));
}

/** What a notification calls the request it speaks of, if it speaks of one. */
function namedRequest(message: FromServer): unknown {
  if (message.method === 'notifications/progress') return paramsOf(message).progressToken ?? null;
  return metaOf(message)[subscriptionId];
}

/** The request as the process gets it: our id, and that also for a progress token. */
function withOurIds(message: Extract<Message, { kind: 'request' }>, id: number): JsonObject {
  const meta = metaOf(message);
  if (meta.progressToken === undefined) return { ...message.body, id };
  return { ...message.body, id, params: { ...paramsOf(message), _meta: { ...meta, progressToken: id } } };
}

/** A notification as the client gets it: its own progress token, its own id as the name of a subscription. */
function withTheirIds(message: FromServer, { id, progressToken }: Pending): FromServer {
  const params = paramsOf(message);
  const meta = metaOf(message);
  const changed: JsonObject = { ...params };
  if ('progressToken' in params) changed.progressToken = progressToken;
  if (subscriptionId in meta) changed._meta = { ...meta, [subscriptionId]: id };
  return { ...message, body: { ...message.body, params: changed } };
}
