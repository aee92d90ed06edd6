import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseStrictJson } from '@credence/mcp/protocol';
import { type Dispatcher, Pool } from 'undici';
import { type Exchange, ownerOf, sessionIdOf } from './exchange.ts';
import { rpcCodes, rpcError } from './message.ts';
import { judgeFromServer } from './results.ts';
import { readEvents } from './sse.ts';

/** An MCP server reached over HTTP. It never sees the caller's token, and we never follow where it points (MCS-06, T37). */
export interface HttpUpstream {
  forward(exchange: Exchange): Promise<void>;
  close(): Promise<void>;
}

/** Request headers that go through; everything else, identity headers and cookies above all, stays here. */
const passedOn = ['mcp-protocol-version', 'mcp-method', 'mcp-name', 'last-event-id'];
const maxJsonBytes = 16 * 1024 * 1024;
const headersTimeoutMs = 120_000;

/**
 * @param sessionSecret - binds the session ids of the upstream to their owner, without keeping a list of them
 */
export function createHttpUpstream(url: string, sessionSecret: string): HttpUpstream {
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, {
    connections: 64,
    headersTimeout: headersTimeoutMs,
    bodyTimeout: 0,
    connectTimeout: 3000,
  });

  return {
    async forward(exchange) {
      const { method, answer, signal, message } = exchange;
      const shown = sessionIdOf(exchange);
      const session = shown === undefined ? undefined : openSessionId(shown, exchange, sessionSecret);
      if (shown !== undefined && session === undefined) return noSession(exchange);
      let upstream: Dispatcher.ResponseData;
      try {
        const body = message && JSON.stringify(message.body);
        const headers = toHeaders(exchange, session);
        upstream = await pool.request({ method, path: pathname + search, headers, ...(body && { body }), signal });
      } catch {
        if (!signal.aborted) await upstreamFailed(exchange, 'The server behind this gateway does not answer.');
        return;
      }
      const own = upstream.headers['mcp-session-id'];
      if (typeof own === 'string') answer.headers['mcp-session-id'] = sealSessionId(own, exchange, sessionSecret);
      await passBack(upstream, exchange);
    },
    close: () => pool.destroy(),
  };
}

function toHeaders({ headers, message }: Exchange, session: string | undefined): Record<string, string> {
  const passed: Record<string, string> = { accept: 'application/json, text/event-stream' };
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && (passedOn.includes(name) || name.startsWith('mcp-param-'))) passed[name] = value;
  }
  if (message) passed['content-type'] = 'application/json';
  if (session !== undefined) passed['mcp-session-id'] = session;
  return passed;
}

/** Status and body go back, within bounds: JSON and event streams only, no redirects, no errors of its own making. */
async function passBack(upstream: Dispatcher.ResponseData, exchange: Exchange): Promise<void> {
  const { answer } = exchange;
  const { statusCode, body } = upstream;
  const type = String(upstream.headers['content-type'] ?? '')
    .split(';')[0]
    ?.trim()
    .toLowerCase();
  const isFine = (statusCode >= 200 && statusCode < 300) || [400, 404, 405].includes(statusCode);
  try {
    if (!isFine) {
      body.resume().on('error', () => undefined);
      return await upstreamFailed(exchange, `The server behind this gateway answered ${statusCode}.`);
    }
    if (type === 'text/event-stream') return await passEvents(body, exchange);
    if (type === 'application/json') return await passJson(statusCode, body, exchange);
    const text = await readAll(body, 64 * 1024);
    if (text.trim() === '' || !type) return await answer.empty(statusCode);
    await upstreamFailed(exchange, 'The server behind this gateway answered something that is not MCP.');
  } catch {
    if (exchange.signal.aborted || answer.isOver) return answer.end();
    await upstreamFailed(exchange, 'The answer of the server behind this gateway could not be passed on.');
  }
}

async function passEvents(body: AsyncIterable<Uint8Array>, exchange: Exchange): Promise<void> {
  for await (const event of readEvents(body)) {
    if (exchange.answer.isOver) return;
    if (event.data === '') {
      if (event.id !== undefined) await exchange.answer.event(event);
      continue;
    }
    const passed = judgeFromServer(parseStrictJson(event.data, 64), exchange);
    if (passed.pass) await exchange.answer.event({ ...event, data: JSON.stringify(passed.body) });
  }
  exchange.answer.end();
}

async function passJson(status: number, body: AsyncIterable<Uint8Array>, exchange: Exchange): Promise<void> {
  const passed = judgeFromServer(parseStrictJson(await readAll(body, maxJsonBytes), 64), exchange);
  if (passed.pass) return exchange.answer.json(status, passed.body);
  await upstreamFailed(exchange, 'The server behind this gateway answered something that is not MCP.');
}

async function readAll(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

export async function upstreamFailed({ answer, message }: Exchange, words: string): Promise<void> {
  if (answer.isOver) return;
  const id = message?.kind === 'request' ? message.id : null;
  await answer.json(502, rpcError(id, rpcCodes.upstream, words));
}

/** Unknown, ended, or somebody else's: the client cannot tell, and starts a new one (B81). */
export async function noSession({ answer, message }: Exchange): Promise<void> {
  const id = message?.kind === 'request' ? message.id : null;
  await answer.json(404, rpcError(id, rpcCodes.refused, 'There is no such session.'));
}

/** The id the client sees names its owner under our secret: another person's session id is no session id. */
function sealSessionId(id: string, exchange: Exchange, secret: string): string {
  return `${id}.${sessionTag(id, exchange, secret)}`;
}

function openSessionId(shown: string, exchange: Exchange, secret: string): string | undefined {
  const dot = shown.lastIndexOf('.');
  const id = shown.slice(0, dot);
  const [tag, expected] = [shown.slice(dot + 1), sessionTag(id, exchange, secret)].map((text) => Buffer.from(text));
  return dot > 0 && tag && expected && tag.length === expected.length && timingSafeEqual(tag, expected)
    ? id
    : undefined;
}

function sessionTag(id: string, { server, caller }: Exchange, secret: string): string {
  return createHmac('sha256', secret)
    .update(JSON.stringify([server.id, ownerOf(caller), id]))
    .digest('base64url');
}
