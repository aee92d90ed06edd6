import { randomBytes } from 'node:crypto';
import { isObject } from '@credence/mcp/protocol';
import type { Caller, Standing } from '@credence/mcp/resource';
import type { Upstream } from '../policy/model.ts';
import { startChild } from './child.ts';
import { type Exchange, noSession, type OpenUpstream, ownerOf, sessionIdOf, tooMany } from './exchange.ts';
import type { GatewayOptions } from './gateway.ts';
import type { Launch } from './launch.ts';
import { answerId, revisionOf, rpcCodes, rpcError } from './message.ts';
import { createStdioSession, type StdioSession } from './stdio-session.ts';

const sweepMs = 500;
/** After so long a process that did not answer the probe may be asked again. */
const probeAgainMs = 60_000;
/** A process that says nothing to a probe for this long does not know it. */
const probeMs = 10_000;
/** The newest revision with sessions: what processes that know no newer one speak. */
const sessionRevision = '2025-11-25';
const statelessRevision = '2026-07-28';
/** What the processes of that revision are kept under begins with: no client is given it, and none may name one so. */
const noSessionId = 'stateless ';

/**
 * An MCP server that runs as child processes: one for each session, and each session for one person through one client.
 * Requests of 2026-07-28 know no sessions: they go to one process of that person and client, if the server speaks it.
 */
export function createStdioUpstream(
  upstream: Extract<Upstream, { kind: 'stdio' }>,
  launch: Launch,
  {
    nowMs,
    standingOf,
    onCutOff,
  }: Pick<GatewayOptions, 'nowMs'> & {
    standingOf(caller: Caller): Promise<Standing>;
    /** Told when a session ends because of that. */
    onCutOff(caller: Caller): void;
  },
): OpenUpstream {
  const sessions = new Map<string, StdioSession>();
  /** Processes that are being ended: they take room until they have, and one that is stubborn takes a second. */
  const ending = new Map<StdioSession, Promise<void>>();
  /** Chosen for a request that is not with it yet: not idle, although it is not busy. */
  const chosen = new WeakSet<StdioSession>();
  let speaksStateless: Promise<boolean> | undefined;
  let probeAgainAtMs = Number.POSITIVE_INFINITY;
  let isClosed = false;

  const sweep = setInterval(() => {
    for (const [id, session] of sessions) {
      if (isIdle(session)) void end(id, session);
      else void endRevoked(id, session);
    }
  }, sweepMs).unref();
  /** Whoever is cut off has nothing working here any more, under way or not. */
  const endRevoked = async (id: string, session: StdioSession) => {
    // While nobody can say, nobody gets in either; the session is looked at again.
    const standing = await standingOf(session.lastCaller).catch(() => 'unknown');
    if (standing !== 'revoked' || sessions.get(id) !== session) return;
    onCutOff(session.lastCaller);
    await end(id, session);
  };
  const isIdle = (session: StdioSession) =>
    !session.isBusy && nowMs() - session.lastUsedMs >= upstream.idleSeconds * 1000;
  const end = (id: string, session: StdioSession): Promise<void> => {
    if (sessions.get(id) === session) sessions.delete(id);
    const ended = ending.get(session) ?? session.stop().finally(() => ending.delete(session));
    ending.set(session, ended);
    return ended;
  };

  /** One person never holds more than half, or nobody else would get in. */
  const share = Math.ceil(upstream.maxSessions / 2);

  const sessionsOf = (person: string): number =>
    [...sessions.values(), ...ending.keys()].filter((session) => session.person === person).length;

  /** At a limit a person's own oldest idle session makes room, never anybody else's. @returns when there may be some, if ever */
  const makeRoom = (person: string): Promise<void> | undefined => {
    const own = [...sessions].filter(([, session]) => session.person === person);
    const idle = own.filter(([, session]) => !session.isBusy && !chosen.has(session));
    const [oldest] = idle.sort(([, a], [, b]) => a.lastUsedMs - b.lastUsedMs);
    if (oldest) return end(...oldest);
    return [...ending].find(([session]) => session.person === person || sessionsOf(person) < share)?.[1];
  };

  /** The session of this id, begun if it is not there; `undefined` where there is no room for it. */
  const enter = async (id: string, { caller, signal }: Exchange): Promise<StdioSession | undefined> => {
    const person = caller.subject;
    for (;;) {
      if (signal.aborted || isClosed) return undefined; // nobody would end what is started now
      const hasRoom = sessions.size + ending.size < upstream.maxSessions && sessionsOf(person) < share;
      const session = sessions.get(id) ?? (hasRoom ? start(id, ownerOf(caller), caller) : undefined);
      if (session) {
        chosen.add(session);
        return session;
      }
      const made = makeRoom(person);
      if (!made) return undefined;
      await made;
    }
  };

  const start = (id: string, owner: string, lastCaller: Caller): StdioSession => {
    const person = lastCaller.subject;
    const session = createStdioSession({ owner, person, lastCaller }, startChild(launch.planFor(person)), {
      allowed: upstream.allow,
      nowMs,
      onExit: () => {
        if (sessions.get(id) === session) sessions.delete(id);
      },
    });
    sessions.set(id, session);
    return session;
  };

  /** Asked once, of the first process there is reason to ask: some older servers end at a question they do not know. */
  const probe = async (session: StdioSession, stop: () => void): Promise<boolean> => {
    const timer = setTimeout(stop, probeMs);
    const answer = await session.ask(discoverRequest);
    clearTimeout(timer);
    // One process that ended, a person's own perhaps, does not speak for all that come after it.
    probeAgainAtMs = answer ? Number.POSITIVE_INFINITY : nowMs() + probeAgainMs;
    const versions = isObject(answer?.result) ? answer.result.supportedVersions : undefined;
    return Array.isArray(versions) && versions.includes(statelessRevision);
  };

  /** The person's process for requests without a session; `undefined` when the server does not speak that revision. */
  const stateless = async (exchange: Exchange): Promise<StdioSession | undefined | 'full'> => {
    if (nowMs() >= probeAgainAtMs) [speaksStateless, probeAgainAtMs] = [undefined, Number.POSITIVE_INFINITY];
    if (speaksStateless && !(await speaksStateless)) return undefined;
    const id = `${noSessionId}${ownerOf(exchange.caller)}`;
    const session = await enter(id, exchange);
    if (!session) return 'full';
    speaksStateless ??= probe(session, () => void end(id, session));
    if (await speaksStateless) return session;
    void end(id, session);
    return undefined;
  };

  return {
    async forward(exchange) {
      const { answer, caller, message } = exchange;
      const shown = sessionIdOf(exchange);
      if (shown !== undefined) {
        const session = shown.startsWith(noSessionId) ? undefined : sessions.get(shown);
        if (session?.owner !== ownerOf(caller)) return noSession(exchange);
        return pass(exchange, session, () => end(shown, session));
      }
      if (exchange.method !== 'POST') return answer.empty(405);
      if (message?.kind === 'request' && message.method === 'initialize') {
        const id = randomBytes(24).toString('base64url');
        const session = await enter(id, exchange);
        if (!session) return tooMany(exchange, ofSessions);
        answer.headers['mcp-session-id'] = id;
        return pass(exchange, session, () => end(id, session));
      }
      if (message === undefined || revisionOf(message) === undefined) return needsSession(exchange);
      if (message.kind !== 'request') return answer.empty(202); // nothing under way could be meant
      const session = await stateless(exchange);
      if (session === 'full') return tooMany(exchange, ofSessions);
      if (session) return pass(exchange, session, () => undefined);
      return message.method === 'server/discover' ? unknownMethod(exchange) : wrongRevision(exchange);
    },
    async close() {
      isClosed = true;
      clearInterval(sweep);
      for (const [id, session] of sessions) void end(id, session);
      await Promise.all(ending.values());
    },
  };

  async function pass(exchange: Exchange, session: StdioSession, end: () => unknown): Promise<void> {
    const { method, message, answer } = exchange;
    session.lastUsedMs = nowMs();
    session.lastCaller = exchange.caller;
    if (method === 'DELETE') {
      await end();
      return answer.empty(200);
    }
    if (method === 'GET') return session.listen(exchange);
    if (message?.kind === 'request') {
      const done = session.request(exchange);
      chosen.delete(session);
      await done;
      session.lastUsedMs = nowMs();
      return;
    }
    if (message) session.send(message);
    await answer.empty(202);
  }
}

const discoverRequest = {
  jsonrpc: '2.0',
  method: 'server/discover',
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': statelessRevision,
      'io.modelcontextprotocol/clientInfo': { name: 'credence-gateway', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
};

const ofSessions = 'sessions of this server are open';

async function needsSession({ answer, message }: Exchange): Promise<void> {
  const words = 'Mcp-Session-Id is missing; begin with initialize.';
  await answer.json(400, rpcError(answerId(message), rpcCodes.invalid, words));
}

async function unknownMethod({ answer, message }: Exchange): Promise<void> {
  await answer.json(404, rpcError(answerId(message), rpcCodes.unknownMethod, 'Method not found.'));
}

async function wrongRevision({ answer, message }: Exchange): Promise<void> {
  const requested = message && revisionOf(message);
  const data = { supported: [sessionRevision], requested };
  const words = 'This server speaks an older revision.';
  await answer.json(400, rpcError(answerId(message), rpcCodes.unsupportedRevision, words, data));
}
