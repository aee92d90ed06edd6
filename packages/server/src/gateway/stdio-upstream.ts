import { randomBytes } from 'node:crypto';
import type { Upstream } from '../policy/model.ts';
import { type ChildOptions, type Launch, prepareLaunch, startChild } from './child.ts';
import { type Exchange, ownerOf, sessionIdOf } from './exchange.ts';
import { noSession, upstreamFailed } from './http-upstream.ts';
import { rpcCodes, rpcError } from './message.ts';
import { createStdioSession, type StdioSession } from './stdio-session.ts';

/** An MCP server that runs as child processes: one for each session, and each session for one person through one client. */
export interface StdioUpstream {
  forward(exchange: Exchange): Promise<void>;
  close(): Promise<void>;
}

/** A person's own oldest idle session makes room before anybody else's does. */
const maxSessionsOfOne = 4;

export async function createStdioUpstream(
  serverId: string,
  upstream: Extract<Upstream, { kind: 'stdio' }>,
  options: ChildOptions & { readonly nowMs: () => number },
): Promise<StdioUpstream> {
  const launch: Launch = await prepareLaunch(serverId, upstream, options);
  const sessions = new Map<string, StdioSession>();
  const idleMs = upstream.idleSeconds * 1000;

  const sweep = setInterval(() => {
    for (const [id, session] of sessions) if (isIdle(session)) end(id, session);
  }, 1000).unref();
  const isIdle = (session: StdioSession) => !session.isBusy && options.nowMs() - session.lastUsedMs > idleMs;
  const end = (id: string, session: StdioSession) => {
    sessions.delete(id);
    session.stop();
  };

  const makeRoom = (owner: string): boolean => {
    const own = [...sessions].filter(([, session]) => session.owner === owner);
    const isFull = own.length >= maxSessionsOfOne || sessions.size >= upstream.maxSessions;
    if (!isFull) return true;
    const idle = own.filter(([, session]) => !session.isBusy).sort(([, a], [, b]) => a.lastUsedMs - b.lastUsedMs);
    if (idle[0]) end(...idle[0]);
    return idle.length > 0;
  };

  const start = (id: string, owner: string, person: string): StdioSession => {
    const session = createStdioSession(owner, startChild(launch, upstream, person), options.nowMs, () => {
      if (sessions.get(id) === session) sessions.delete(id);
    });
    sessions.set(id, session);
    return session;
  };

  return {
    async forward(exchange) {
      const { answer, caller, message } = exchange;
      const owner = ownerOf(caller);
      const shown = sessionIdOf(exchange);
      const isStart = message?.kind === 'request' && message.method === 'initialize';
      // Without a session and without initialize it is a request of 2026-07-28, which stands alone: the person's own process.
      const id = shown ?? (isStart ? randomBytes(24).toString('base64url') : `stateless ${owner}`);
      const known = sessions.get(id);
      if (shown !== undefined && known?.owner !== owner) return noSession(exchange);
      if (known === undefined && exchange.method !== 'POST') return noSession(exchange);
      if (known === undefined && message?.kind !== 'request') return answer.empty(202);
      if (known === undefined && !makeRoom(owner)) return tooMany(exchange);

      const session = known ?? start(id, owner, caller.subject);
      session.lastUsedMs = options.nowMs();
      if (isStart) answer.headers['mcp-session-id'] = id;
      try {
        await pass(exchange, session, () => end(id, session));
      } finally {
        session.lastUsedMs = options.nowMs();
      }
    },
    async close() {
      clearInterval(sweep);
      for (const [id, session] of sessions) end(id, session);
    },
  };
}

async function pass(exchange: Exchange, session: StdioSession, end: () => void): Promise<void> {
  const { method, message, answer } = exchange;
  if (method === 'DELETE') {
    end();
    return answer.empty(200);
  }
  if (method === 'GET') return session.listen(exchange);
  if (message?.kind === 'request') return session.request(exchange);
  if (!message) return upstreamFailed(exchange, 'There is nothing to pass on.');
  session.send(message.body);
  await answer.empty(202);
}

async function tooMany({ answer, message }: Exchange): Promise<void> {
  answer.headers['retry-after'] = '10';
  const id = message?.kind === 'request' ? message.id : null;
  await answer.json(503, rpcError(id, rpcCodes.upstream, 'Too many sessions of this server are open; try again.'));
}
