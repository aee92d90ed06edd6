import type { IncomingMessage, ServerResponse } from 'node:http';
import { type EpochSeconds, isBound, type Refusal, type VerifySignature } from '@credence/mcp/protocol';
import {
  type Caller,
  type GuardOptions,
  guard,
  type ProofMemory,
  rememberProofs,
  resourceMetadata,
  type Told,
} from '@credence/mcp/resource';
import type { AuditRecord } from '../audit/record.ts';
import { traceIdOf } from '../call.ts';
import type { ClientCertificate } from '../clients/client-certificate.ts';
import type { ResourceIndex } from '../policy/compile.ts';
import type { ResourceServer, Upstream } from '../policy/model.ts';
import { Problem } from '../problem.ts';
import type { Watch } from '../watch.ts';
import { type Answer, createAnswer } from './answer.ts';
import { toCallRecord } from './call-record.ts';
import { type Exchange, type OpenUpstream, onlyListens, upstreamFailed } from './exchange.ts';
import { type Followed, standingAt } from './follow.ts';
import { disagreement } from './header-agreement.ts';
import { createHttpUpstream } from './http-upstream.ts';
import { acceptsOf, ClientLeft, findServer, readMessage, toGuarded } from './incoming.ts';
import { judge, type ToolCall, type Verdict } from './judge.ts';
import { createLauncher, type LaunchOptions } from './launch.ts';
import { answerId, rpcCodes, rpcError } from './message.ts';
import { answerFault, refuse, refuseMessage, refuseToken, unknownMethod } from './refusal-answers.ts';
import { createStdioUpstream } from './stdio-upstream.ts';
import { checkEveryMs, endWith } from './stream-end.ts';
import { createToolBook } from './tools.ts';

/** What the gateway works with. */
export interface GatewayOptions extends LaunchOptions {
  /** The RAS whose tokens are taken. */
  readonly issuer: string;
  readonly index: () => ResourceIndex;
  readonly keys: NonNullable<GuardOptions['keys']>;
  readonly verifySignature: VerifySignature;
  readonly isRevoked: NonNullable<GuardOptions['isRevoked']>;
  /** Where the RAS is elsewhere: who is cut off, as it tells. */
  readonly followed?: Followed | undefined;
  readonly skewSeconds: number;
  readonly nowMs: () => number;
  readonly now: () => EpochSeconds;
  readonly newId: () => string;
  readonly addressOf: (incoming: IncomingMessage) => string;
  /** The certificate a caller showed; absent where none is looked for. */
  readonly certificateOf?:
    | ((incoming: IncomingMessage) => Pick<ClientCertificate, 'thumbprint'> | undefined)
    | undefined;
  /** Makes records durable; rejects when it cannot. */
  readonly append: (records: readonly AuditRecord[]) => Promise<void>;
  /** A refusal at the door: resolves to what to tell. `from`: whose token it was, where it was good before. */
  readonly onStranger: (refusal: Refusal, from?: From) => Promise<Told>;
  /** Where the person reads why a call was refused, by its reference; absent where no identity provider of ours could tell them. */
  readonly pageOf?: ((refusal: Refusal, caller: Caller, reference: string) => Promise<string | undefined>) | undefined;
  readonly onFault: (fault: unknown) => void;
  /** What was open of somebody, and ends because they are cut off. */
  readonly onCutOff?: (server: string, caller: Caller, what: 'stream' | 'session') => void;
  /** Where proofs that were used are remembered; in this process when absent, which is enough where it is the only gateway. */
  readonly proofs?: ProofMemory | undefined;
  /** Counts, measures and traces; absent where nobody wants to know. */
  readonly watch?: Watch | undefined;
  /** Binds session ids of upstreams to their owners. */
  readonly sessionSecret: string;
}

/** At which server, and with which token. */
export interface From {
  readonly server: ResourceServer;
  readonly caller: Caller;
}

export interface Gateway {
  /** Whether a request is for a guarded server or its metadata. */
  serves(incoming: IncomingMessage): boolean;
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  /** Throws `Problem` when a stdio upstream could not be started, or not contained: to be called before the first request. */
  checkUpstreams(): Promise<void>;
  /** Ends the streams that only listen: they would keep a stop waiting although nothing is under way. */
  drain(): void;
  /** Streams that only listen. */
  listening(): number;
  close(): Promise<void>;
}

/** One guarded server: its check, its metadata and its upstream. */
interface Entry {
  readonly server: ResourceServer;
  readonly options: GuardOptions;
  readonly check: ReturnType<typeof guard>;
  readonly upstream: { open: Promise<OpenUpstream> | undefined; isClosed: boolean };
}

/** `/<server>/mcp` in front of MCP servers that know nothing of authorization, guarded as an own server would be. */
export function createGateway(options: GatewayOptions): Gateway {
  const entries = new Map<string, Entry>();
  const tools = createToolBook();
  const launcher = createLauncher(options);
  const listening = new Set<Answer>();
  // One memory for all guards: each version of the document makes new ones, and a used proof stays used (MCS-11).
  const shared = { ...options, proofs: options.proofs ?? rememberProofs(options.now) };

  const closeUpstream = ({ server, upstream }: Entry): void => {
    tools.forget(server.id);
    upstream.isClosed = true; // whoever was let in before does not open it again: nobody would close it
    upstream.open?.then((open) => open.close()).catch(options.onFault);
  };

  /** What the document names no longer ends: processes with their folders, connections, what is known of tools. */
  const forgetRemoved = (index: ResourceIndex): void => {
    for (const [id, entry] of entries) {
      if (index.servers.has(id)) continue;
      entries.delete(id);
      closeUpstream(entry);
    }
  };
  let seenIndex: ResourceIndex | undefined;

  /** The entry of a server as the document has it now. Sessions outlive a new version that leaves their upstream alone. */
  const entryOf = (server: ResourceServer): Entry => {
    const known = entries.get(server.id);
    if (known?.server === server) return known;
    const isSame = known && sameUpstream(known.server.upstream, server.upstream);
    if (known && !isSame) closeUpstream(known);
    const guardOptions = toGuardOptions(server, shared);
    const entry: Entry = {
      server,
      options: guardOptions,
      check: guard(guardOptions),
      upstream: isSame ? known.upstream : { open: undefined, isClosed: false },
    };
    entries.set(server.id, entry);
    return entry;
  };

  const open = async (server: ResourceServer): Promise<OpenUpstream> => {
    const { id, upstream } = server;
    if (!upstream) throw new Problem(`servers.${id} has no upstream.`, 'Add one to its entry.');
    if (upstream.kind === 'http') return createHttpUpstream(upstream.url, options.sessionSecret);
    return createStdioUpstream(upstream, await launcher.prepare(id, upstream), {
      nowMs: options.nowMs,
      standingOf: (caller) => standingAt(server, caller, options),
      onCutOff: (caller) => options.onCutOff?.(id, caller, 'session'),
    });
  };

  const upstreamOf = async ({ server, upstream }: Entry): Promise<OpenUpstream> => {
    upstream.open ??= open(server);
    try {
      return await upstream.open;
    } catch (fault) {
      upstream.open = undefined; // tried again at the next request
      throw fault;
    }
  };

  return {
    serves: ({ url = '' }) => findServer(url, options.index()) !== undefined,
    async handle(incoming, outgoing) {
      const index = options.index();
      if (index !== seenIndex) forgetRemoved(index);
      seenIndex = index;
      const found = findServer(incoming.url ?? '', index);
      if (!found) return void outgoing.writeHead(404).end();
      const entry = entryOf(found.server);
      if (found.isMetadata) return serveMetadata(incoming, outgoing, entry.options);
      const { watch } = options;
      if (!watch) return serveOrExcuse(incoming, outgoing, entry);
      return watch.call(found.server.id, incoming, outgoing, () => serveOrExcuse(incoming, outgoing, entry));
    },
    async checkUpstreams() {
      for (const { id, upstream } of options.index().servers.values()) {
        if (upstream?.kind === 'stdio') await launcher.prepare(id, upstream);
      }
    },
    drain() {
      for (const answer of listening) answer.endStream();
    },
    listening: () => listening.size,
    async close() {
      await Promise.all(
        [...entries.values()].map(async ({ upstream }) => (await upstream.open?.catch(() => undefined))?.close()),
      );
    },
  };

  async function serveOrExcuse(incoming: IncomingMessage, outgoing: ServerResponse, entry: Entry): Promise<void> {
    try {
      await serveCall(incoming, outgoing, entry);
    } catch (fault) {
      if (fault instanceof ClientLeft) return void outgoing.destroy();
      options.onFault(fault);
      answerFault(outgoing, fault);
    }
  }

  /** One request, in this order: who, what, may they, on the record, pass on. */
  async function serveCall(incoming: IncomingMessage, outgoing: ServerResponse, entry: Entry): Promise<void> {
    const { method } = incoming;
    const traceparent = incoming.headers.traceparent?.toString();
    let recorded: Promise<unknown> = Promise.resolve();
    const released = async () => {
      await Promise.resolve(); // what is passed on is put on the record in the same turn, but only then
      await recorded;
    };
    const answer = createAnswer(outgoing, acceptsOf(incoming), released);

    const { certificateOf } = options;
    const connection = certificateOf && { certificateThumbprint: () => certificateOf(incoming)?.thumbprint };
    const caller = await entry.check(toGuarded(incoming, entry.server.resource), connection);
    if (caller instanceof Response) return answer.response(caller);
    if (method !== 'POST' && method !== 'GET' && method !== 'DELETE') {
      answer.headers.allow = 'POST, GET, DELETE';
      return answer.empty(405);
    }
    const letInMs = performance.now();
    const read = method === 'POST' ? await readMessage(incoming) : undefined;
    // Bodies take their time: what is done is done as the document and the stops are now.
    const server = options.index().servers.get(entry.server.id);
    if (server?.resource !== entry.server.resource) return answer.empty(404);
    const current = entryOf(server); // at once: later it would put back what a newer document has replaced
    const turnAway = async (ended: Refusal): Promise<void> =>
      refuseToken(answer, ended, { server, caller, told: await options.onStranger(ended, { server, caller }) });
    const ended = await endedSince(letInMs, server, caller);
    if (ended) return turnAway(ended);
    const record = (refusal: Refusal | undefined, tool?: ToolCall, needs?: readonly string[]): string => {
      const { newId, nowMs, addressOf, index } = options;
      const line = toCallRecord({
        id: newId(),
        timeMs: nowMs(),
        address: addressOf(incoming),
        correlation: traceIdOf(traceparent) ?? options.watch?.traceId(),
        server,
        caller,
        policyVersion: index().version,
        refusal,
        tool,
        toolHash: tool && tools.hashOf(server.id, tool.name),
        missing: needs?.filter((scope) => !caller.scopes.includes(scope)),
      });
      recorded = Promise.all([recorded, options.append([line])]);
      recorded.catch(() => undefined); // whoever answers waits for it and meets the fault
      return line.id;
    };

    if (read && !read.ok) return refuseMessage(answer, read.refusal, record(read.refusal));
    const message = read?.value;
    const differs = message && disagreement(message, incoming.headers);
    if (differs) {
      record('mcp_headers_differ');
      return answer.json(400, rpcError(answerId(message), rpcCodes.headersDiffer, differs));
    }
    const { json, stream } = acceptsOf(incoming);
    if (method === 'GET' ? !stream : !json && !stream) return answer.empty(406);

    const verdict: Verdict = judge(message, server, caller.scopes);
    if (verdict.outcome === 'swallow') return answer.empty(202);
    if (verdict.outcome === 'unknown_method') return unknownMethod(answer, verdict.message);
    if (verdict.outcome === 'refuse') {
      const reference = record(verdict.refusal, verdict.tool, verdict.needs);
      const page = await options.pageOf?.(verdict.refusal, caller, reference);
      return refuse(answer, verdict, { server, caller, message, reference, page });
    }
    const { tool } = verdict;
    if (tool?.risk === 'high') {
      const writtenMs = performance.now();
      record(undefined, tool);
      await recorded; // an intent that is not on the record is not carried out (T26)
      const late = await endedSince(writtenMs, server, caller); // a store may take its time as well
      if (late) return turnAway(late);
    }
    const isServed = () => {
      const now = options.index().servers.get(server.id);
      return now?.resource === server.resource && isBoundEnough(now, caller);
    };
    const { signal, done } = endWith(outgoing, answer, caller, {
      ...options,
      isServed,
      standingOf: (token) => standingAt(server, token, options),
      onCutOff: () => options.onCutOff?.(server.id, caller, 'stream'),
    });
    const passed = verdict.message;
    if (onlyListens({ method, message: passed })) listening.add(answer);
    try {
      if (signal.aborted) throw new ClientLeft();
      const exchange: Exchange = {
        method,
        server,
        caller,
        message: passed,
        headers: incoming.headers,
        traceparent: traceIdOf(traceparent) && traceparent,
        answer,
        tools,
        signal,
        recordRefusal: (refusal) => void record(refusal),
      };
      const upstream = await openOrExcuse(current);
      const forwarded = forward(upstream, exchange); // has sent it when it returns: the upstream works while we write
      if (tool && tool.risk !== 'high') record(undefined, tool);
      await forwarded;
    } finally {
      listening.delete(answer);
      done();
    }
  }

  /** Why a token that was good at a time is none any more; of less than the time between two looks only the document is asked. */
  async function endedSince(sinceMs: number, server: ResourceServer, caller: Caller): Promise<Refusal | undefined> {
    if (!isBoundEnough(server, caller)) return 'token_not_bound';
    if (performance.now() - sinceMs < checkEveryMs) return undefined;
    if (options.now() >= caller.expiresAt + options.skewSeconds) return 'token_expired';
    const standing = await standingAt(server, caller, options);
    if (standing === 'holds') return undefined;
    return standing === 'revoked' ? 'token_revoked' : 'revocations_unknown';
  }

  function forward(upstream: Pick<OpenUpstream, 'forward'>, exchange: Exchange): Promise<void> {
    const { watch } = options;
    if (!watch) return upstream.forward(exchange);
    const { server, answer, traceparent } = exchange;
    return watch.upstream(
      server.id,
      () => answer.isStream || exchange.method !== 'POST',
      (own = traceparent) => upstream.forward({ ...exchange, traceparent: own }),
    );
  }

  async function openOrExcuse(entry: Entry): Promise<Pick<OpenUpstream, 'forward'>> {
    if (entry.upstream.isClosed) {
      return { forward: (exchange) => upstreamFailed(exchange, 'The server behind this gateway was just replaced.') };
    }
    try {
      return await upstreamOf(entry);
    } catch (fault) {
      options.onFault(fault);
      return { forward: (exchange) => upstreamFailed(exchange, 'The server behind this gateway cannot be started.') };
    }
  }
}

/** The same few lines an own server would write. */
function toGuardOptions(
  server: ResourceServer,
  options: GatewayOptions & Required<Pick<GuardOptions, 'proofs'>>,
): GuardOptions {
  const { resource, defaultScopes: scopes, name, requiresBoundTokens: requireBoundTokens } = server;
  const { issuer, keys, verifySignature, isRevoked, skewSeconds, now, proofs } = options;
  const onRefusal = (refusal: Refusal, caller?: Caller) => options.onStranger(refusal, caller && { server, caller });
  const certificates = options.certificateOf !== undefined;
  return {
    resource,
    issuer,
    scopes,
    name,
    keys,
    verifySignature,
    isRevoked,
    ...(options.followed && { revocations: options.followed.of(server) }),
    skewSeconds,
    now,
    onRefusal,
    proofs,
    certificates,
    requireBoundTokens,
  };
}

/** A document may demand more than the one under which a token was issued, or let in (RAS-30). */
function isBoundEnough({ requiresBoundTokens }: ResourceServer, caller: Caller): boolean {
  return !requiresBoundTokens || isBound(caller);
}

function sameUpstream(one: Upstream | undefined, other: Upstream | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function serveMetadata(incoming: IncomingMessage, outgoing: ServerResponse, options: GuardOptions): void {
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
    return void outgoing.writeHead(405, { allow: 'GET' }).end();
  }
  outgoing.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=300' });
  outgoing.end(JSON.stringify(resourceMetadata(options)));
}
