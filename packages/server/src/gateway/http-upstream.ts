import { parseStrictJson } from '@credence/mcp/protocol';
import { type Dispatcher, errors, Pool } from 'undici';
import {
  type Exchange,
  noSession,
  type OpenUpstream,
  onlyListens,
  ownerOf,
  sessionIdOf,
  tooMany,
  upstreamFailed,
} from './exchange.ts';
import { answerId, isId, type Message, parseMessage, rpcCodes, rpcError } from './message.ts';
import { judgeFromServer } from './results.ts';
import { createTags } from './session-tag.ts';
import { maxEventLength, readEvents, readText, UpstreamBroke } from './sse.ts';

/** Request headers that go through; everything else, identity headers and cookies above all, stays here (T37). */
const passedOn = ['mcp-protocol-version', 'mcp-method', 'mcp-name'];
/**
 * What is under way holds a connection each, and what comes when none is left would wait without end. One person never has
 * more than their share of them, and those that only listen leave half of them to the rest.
 */
const [maxConnections, share] = [1024, 256];
/** An upstream that does not take our no for so long does without. */
const tellMs = 3000;
const timeouts = { headersTimeout: 300_000, bodyTimeout: 0, connectTimeout: 3000 };

/**
 * An MCP server reached over HTTP. It never sees the caller's token, and we never follow where it points (MCS-06).
 * @param secret - binds the ids the upstream gives out to the caller they were given to
 */
export function createHttpUpstream(url: string, secret: string): OpenUpstream {
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, { connections: maxConnections, ...timeouts });
  const tags = createTags(secret);
  const owner = ({ server, caller }: Exchange, what: string) => [what, server.id, ownerOf(caller)];
  const send = (method: 'POST' | 'GET' | 'DELETE', headers: Record<string, string>, body?: string) =>
    ({ method, path: pathname + search, headers, ...(body !== undefined && { body }) }) as const;

  /** An upstream that asks for what it may not have is told so, at once, so that it does not wait. */
  const tellUpstream = async (exchange: Exchange, session: string | undefined, body: object): Promise<void> => {
    const headers = { ...toHeaders(exchange, session), 'content-type': 'application/json' };
    const signal = AbortSignal.any([exchange.signal, AbortSignal.timeout(tellMs)]);
    const told = await pool.request({ ...send('POST', headers, JSON.stringify(body)), signal });
    await told.body.dump();
  };

  const held = new Map<string, number>();
  let under = 0;
  const hold = (person: string, change: 1 | -1): void => {
    under += change;
    const own = (held.get(person) ?? 0) + change;
    if (own > 0) held.set(person, own);
    else held.delete(person);
  };

  return {
    async forward(exchange) {
      const { subject } = exchange.caller;
      const room = onlyListens(exchange) ? maxConnections / 2 : maxConnections;
      if (under >= room || (held.get(subject) ?? 0) >= share) {
        return tooMany(exchange, 'requests to this server are under way');
      }
      hold(subject, 1);
      try {
        await pass(exchange);
      } finally {
        hold(subject, -1);
      }
    },
    close: () => pool.destroy(),
  };

  async function pass(exchange: Exchange): Promise<void> {
    const { method, answer, signal } = exchange;
    const shown = sessionIdOf(exchange);
    const session = shown === undefined ? undefined : tags.open(shown, owner(exchange, 'session'));
    if (shown !== undefined && session === undefined) return noSession(exchange);
    const message = exchange.message && withOriginalId(exchange.message, (id) => tags.open(id, owner(exchange, 'ask')));
    if (exchange.message && !message) return answer.empty(202); // answers what was never asked

    let upstream: Dispatcher.ResponseData;
    try {
      const body = message && JSON.stringify(message.body);
      const headers = toHeaders(exchange, session);
      const seen = exchange.headers['last-event-id']?.toString();
      const lastEvent = seen === undefined ? undefined : tags.open(seen, owner(exchange, 'event'));
      if (lastEvent !== undefined) headers['last-event-id'] = lastEvent;
      upstream = await pool.request({ ...send(method, headers, body), signal });
    } catch (fault) {
      const isLate = fault instanceof errors.HeadersTimeoutError || fault instanceof errors.ConnectTimeoutError;
      return upstreamFailed(exchange, 'The server behind this gateway does not answer.', isLate ? 504 : 502);
    }
    const own = ownSessionOf(upstream);
    if (own !== undefined) answer.headers['mcp-session-id'] = tags.seal(own, owner(exchange, 'session'));
    await passBack(upstream, exchange, {
      sealId: (id) => tags.seal(JSON.stringify(id), owner(exchange, 'ask')),
      sealEvent: (id) => tags.seal(id, owner(exchange, 'event')),
      refuse: (body) => tellUpstream(exchange, own ?? session, body).catch(() => undefined),
    });
  }
}

/** The session that an answer begins, under the name the upstream gives it: visible ASCII, as the transport demands, or none. */
function ownSessionOf({ headers }: Dispatcher.ResponseData): string | undefined {
  const id = headers['mcp-session-id'];
  return typeof id === 'string' && /^[\x21-\x7e]+$/.test(id) ? id : undefined;
}

/** How requests of the upstream are dealt with: those let through under an id only their receiver can answer to. */
interface Asking {
  readonly sealId: (id: string | number) => string;
  /** An event's id is where its stream can be taken up again, and that is for its receiver only (T35). */
  readonly sealEvent: (id: string) => string;
  /** Waited for, so that an upstream that asks without end does not fill our memory with answers. */
  readonly refuse: (body: object) => Promise<void>;
}

/** A client's answer under the id the upstream knows; `undefined` when nothing of the kind was asked of this caller. */
function withOriginalId(message: Message, open: (id: string) => string | undefined): Message | undefined {
  if (message.kind !== 'response') return message;
  const opened = typeof message.id === 'string' ? open(message.id) : undefined;
  const id = opened === undefined ? undefined : parseStrictJson(opened);
  return isId(id) ? { ...message, id, body: { ...message.body, id } } : undefined;
}

function toHeaders({ headers, message, traceparent }: Exchange, session: string | undefined): Record<string, string> {
  const passed: Record<string, string> = { accept: 'application/json, text/event-stream' };
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && (passedOn.includes(name) || name.startsWith('mcp-param-'))) passed[name] = value;
  }
  if (message) passed['content-type'] = 'application/json';
  if (session !== undefined) passed['mcp-session-id'] = session;
  if (traceparent !== undefined) passed.traceparent = traceparent;
  return passed;
}

/** Status and body go back, within bounds: JSON and event streams only, no redirects, no errors of its own making. */
async function passBack(upstream: Dispatcher.ResponseData, exchange: Exchange, asking: Asking): Promise<void> {
  const { answer, message } = exchange;
  const { statusCode, body } = upstream;
  const type = String(upstream.headers['content-type'] ?? '')
    .split(';')[0]
    ?.trim()
    .toLowerCase();
  const isSuccess = statusCode >= 200 && statusCode < 300;
  try {
    if (isSuccess && type === 'text/event-stream') return await passEvents(body, exchange, asking);
    if (!isSuccess && ![400, 404, 405].includes(statusCode)) {
      body.dump().catch(() => undefined);
      if (isProbe(message)) return await unknownMethod(exchange);
      return await upstreamFailed(exchange, `The server behind this gateway answered ${statusCode}.`);
    }
    const text = await readJson(upstream);
    const passed = type === 'application/json' ? judgeFromServer(parseMessage(text), exchange) : undefined;
    if (passed?.pass && passed.said.kind === 'response') return await answer.json(statusCode, passed.said.body);
    if (isProbe(message)) return await unknownMethod(exchange);
    if (message?.kind === 'request') {
      const words = isSuccess ? 'answered something that is not MCP' : `answered ${statusCode}`;
      return await upstreamFailed(exchange, `The server behind this gateway ${words}.`, isSuccess ? 502 : statusCode);
    }
    if (isSuccess && exchange.method === 'GET') {
      return await upstreamFailed(exchange, 'The server behind this gateway opened no event stream.');
    }
    await answer.empty(statusCode);
  } catch (fault) {
    if (!(fault instanceof UpstreamBroke)) throw fault;
    await upstreamFailed(exchange, 'The answer of the server behind this gateway could not be passed on.');
    answer.end();
  }
}

async function passEvents(body: AsyncIterable<Uint8Array>, exchange: Exchange, asking: Asking): Promise<void> {
  const { answer, message } = exchange;
  // Before anything is said: a client may give up on a tool that works for minutes and of which it has not even headers.
  const isOpen = await answer.openStream();
  if (exchange.method === 'GET' && !isOpen) return answer.end();
  for await (const read of readEvents(body)) {
    const event = read.id ? { ...read, id: asking.sealEvent(read.id) } : read;
    if (answer.isOver) return;
    if (event.data === '') {
      if (event.id !== undefined) await answer.event(event);
      continue;
    }
    const passed = judgeFromServer(parseMessage(event.data), exchange);
    if (!passed.pass) {
      if (passed.refused) await asking.refuse(passed.refused);
      continue;
    }
    const { said } = passed;
    const out = said.kind === 'request' ? { ...said.body, id: asking.sealId(said.id) } : said.body;
    const isLast = said.kind === 'response' && message?.kind === 'request' && said.id === message.id;
    await answer.event({ ...event, data: JSON.stringify(out) }, isLast ? out : undefined);
  }
  if (!answer.isStream) await upstreamFailed(exchange, 'The server behind this gateway gave no answer.');
  answer.end();
}

/**
 * An answer whose size is known beforehand is read in one go, which costs a fraction of reading it piece by piece. One that comes to
 * no end is given up after as long as one that does not begin: it is no stream, whose silence means nothing.
 */
async function readJson({ headers, body }: Dispatcher.ResponseData): Promise<string> {
  const length = Number(headers['content-length']); // of none, or of two, no number
  const late = setTimeout(() => body.destroy(new UpstreamBroke('the answer does not end')), timeouts.headersTimeout);
  try {
    return length <= maxEventLength ? await body.text() : await readText(body);
  } catch (cause) {
    throw cause instanceof UpstreamBroke ? cause : new UpstreamBroke('the answer broke off', { cause });
  } finally {
    clearTimeout(late);
  }
}

/** How clients find out whether a server speaks 2026-07-28. Older servers answer in many ways; clients understand this one. */
function isProbe(message: Message | undefined): boolean {
  return message?.kind === 'request' && message.method === 'server/discover';
}

async function unknownMethod({ answer, message }: Exchange): Promise<void> {
  await answer.json(404, rpcError(answerId(message), rpcCodes.unknownMethod, 'Method not found.'));
}
