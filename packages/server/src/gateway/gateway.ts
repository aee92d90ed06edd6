import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EpochSeconds, JsonObject, Jwk, Refusal, VerifySignature } from '@credence/mcp/protocol';
import { type Caller, challenge, type GuardOptions, guard, resourceMetadata } from '@credence/mcp/resource';
import type { AuditRecord } from '../audit/record.ts';
import type { ResourceIndex } from '../policy/compile.ts';
import type { ResourceServer } from '../policy/model.ts';
import { Problem } from '../problem.ts';
import { type Answer, createAnswer } from './answer.ts';
import type { ChildOptions } from './child.ts';
import type { Exchange } from './exchange.ts';
import { createHttpUpstream, type HttpUpstream, upstreamFailed } from './http-upstream.ts';
import { judge, type ToolCall, type Verdict } from './judge.ts';
import { type Message, paramsOf, parseMessage, rpcCodes, rpcError } from './message.ts';
import { createStdioUpstream, type StdioUpstream } from './stdio-upstream.ts';
import { createToolBook } from './tools.ts';

/** What the gateway works with. */
export interface GatewayOptions extends ChildOptions {
  /** The RAS whose tokens are taken. */
  readonly issuer: string;
  readonly index: () => ResourceIndex;
  readonly keys: 'discovery' | ((header: JsonObject) => Promise<readonly Jwk[] | undefined>);
  readonly verifySignature: VerifySignature;
  readonly isRevoked: NonNullable<GuardOptions['isRevoked']>;
  readonly skewSeconds: number;
  readonly nowMs: () => number;
  readonly now: () => EpochSeconds;
  readonly newId: () => string;
  readonly addressOf: (incoming: IncomingMessage) => string;
  /** Makes records durable; rejects when it cannot. */
  readonly append: (records: readonly AuditRecord[]) => Promise<void>;
  /** A refusal of somebody unknown: resolves to the reference to tell. */
  readonly onStranger: (refusal: Refusal) => Promise<string | undefined>;
  readonly onFault: (fault: unknown) => void;
  /** Binds session ids of upstreams to their owners. */
  readonly sessionSecret: string;
}

export interface Gateway {
  /** Whether a request is for a guarded server or its metadata. */
  serves(incoming: IncomingMessage): boolean;
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

const maxBodyBytes = 4 * 1024 * 1024;

/** One guarded server: its check, its metadata and its upstream, for as long as its entry stays the same. */
interface Entry {
  readonly server: ResourceServer;
  readonly options: GuardOptions;
  readonly check: (request: Request) => Promise<Caller | Response>;
  upstream: Promise<HttpUpstream | StdioUpstream> | undefined;
}

/** `/<server>/mcp` in front of MCP servers that know nothing of authorization, guarded as an own server would be. */
export function createGateway(options: GatewayOptions): Gateway {
  const entries = new Map<string, Entry>();
  const tools = createToolBook();

  /** The entry of a server as the document has it now; one that changed is closed and made anew. */
  const entryOf = (server: ResourceServer): Entry => {
    const known = entries.get(server.id);
    if (known?.server === server) return known;
    known?.upstream?.then((upstream) => upstream.close()).catch(options.onFault);
    const guardOptions: GuardOptions = {
      resource: server.resource,
      issuer: options.issuer,
      keys: options.keys,
      scopes: server.defaultScopes,
      name: server.name,
      verifySignature: options.verifySignature,
      isRevoked: options.isRevoked,
      skewSeconds: options.skewSeconds,
      now: options.now,
      onRefusal: options.onStranger,
    };
    const entry: Entry = { server, options: guardOptions, check: guard(guardOptions), upstream: undefined };
    entries.set(server.id, entry);
    return entry;
  };

  const upstreamOf = (entry: Entry): Promise<HttpUpstream | StdioUpstream> => {
    const { server } = entry;
    entry.upstream ??= openUpstream(server, options);
    entry.upstream.catch(() => {
      entry.upstream = undefined; // tried again at the next request
    });
    return entry.upstream;
  };

  return {
    serves: ({ url = '' }) => findServer(url, options.index()) !== undefined,
    async handle(incoming, outgoing) {
      const found = findServer(incoming.url ?? '', options.index());
      if (!found) return void outgoing.writeHead(404).end();
      const entry = entryOf(found.server);
      if (found.isMetadata) return serveMetadata(incoming, outgoing, entry.options);
      try {
        await serveCall(incoming, outgoing, entry);
      } catch (fault) {
        options.onFault(fault);
        if (outgoing.headersSent) outgoing.destroy();
        else outgoing.writeHead(503, { 'retry-after': '1', 'cache-control': 'no-store' }).end();
      }
    },
    async close() {
      await Promise.all(
        [...entries.values()].map(async ({ upstream }) => (await upstream?.catch(() => undefined))?.close()),
      );
    },
  };

  async function serveCall(incoming: IncomingMessage, outgoing: ServerResponse, entry: Entry): Promise<void> {
    const { method } = incoming;
    const caller = await entry.check(toRequest(incoming, entry.server.resource));
    if (caller instanceof Response) return createAnswer(outgoing, async () => undefined).response(caller);
    if (method !== 'POST' && method !== 'GET' && method !== 'DELETE') {
      return void outgoing.writeHead(405, { allow: 'POST, GET, DELETE' }).end();
    }
    const message = method === 'POST' ? await readMessage(incoming) : undefined;
    if (message === 'malformed') return refuseMessage(outgoing);

    const verdict = message && judge(message, entry.server, caller.scopes);
    const headersAgree = !message || agreesWithHeaders(message, incoming);
    const record = toolRecord(verdict, headersAgree, entry.server, caller, incoming);
    const isHighRisk = verdict && 'tool' in verdict && verdict.tool?.risk === 'high';
    const written = record ? options.append([record]) : Promise.resolve();
    if (isHighRisk) await written; // an intent that is not on the record is not carried out (T26)
    const answer = createAnswer(outgoing, () => written);
    written.catch(() => undefined);

    if (!headersAgree)
      return answer.json(400, rpcError(null, rpcCodes.invalid, 'The Mcp headers and the body differ.'));
    if (verdict && !verdict.pass) return refuse(answer, verdict, entry.server, record);
    const { signal, done } = endWith(outgoing, caller, options);
    try {
      const passed = verdict?.pass ? verdict.message : undefined;
      const exchange: Exchange = {
        method,
        server: entry.server,
        caller,
        message: passed,
        headers: incoming.headers,
        answer,
        tools,
        signal,
      };
      await forward(exchange, entry);
    } finally {
      done();
    }
  }

  async function forward(exchange: Exchange, entry: Entry): Promise<void> {
    let upstream: HttpUpstream | StdioUpstream;
    try {
      upstream = await upstreamOf(entry);
    } catch (fault) {
      options.onFault(fault);
      return upstreamFailed(exchange, 'The server behind this gateway cannot be started.');
    }
    await upstream.forward(exchange);
  }

  /** Each tool call, let through or refused, is one line with the hash of the definition the caller was shown (T33). */
  function toolRecord(
    verdict: Verdict | undefined,
    headersAgree: boolean,
    server: ResourceServer,
    caller: Caller,
    incoming: IncomingMessage,
  ): AuditRecord | undefined {
    const tool: ToolCall | undefined = verdict && 'tool' in verdict ? verdict.tool : undefined;
    const refusal = headersAgree ? verdict && 'refusal' in verdict && verdict.refusal : 'mcp_headers_differ';
    if (!tool && !refusal) return undefined;
    return {
      v: 1,
      id: options.newId(),
      kind: tool ? 'tool_call' : 'refusal',
      domain: 'gateway',
      timeMs: options.nowMs(),
      outcome: refusal ? 'refused' : 'allowed',
      ...(refusal && { reason: refusal }),
      address: options.addressOf(incoming),
      person: caller.subject,
      client: caller.clientId,
      server: server.id,
      resource: server.resource,
      accessToken: caller.id,
      policy: { kind: 'resource', version: options.index().version },
      ...(tool && { tool: tool.name.slice(0, 256), toolHash: tools.hashOf(server.id, tool.name) }),
      ...(tool?.scope !== undefined && { scopesGranted: [tool.scope] }),
    };
  }
}

function openUpstream(server: ResourceServer, options: GatewayOptions): Promise<HttpUpstream | StdioUpstream> {
  const { upstream } = server;
  if (!upstream)
    return Promise.reject(new Problem(`The server ${server.id} has no upstream.`, 'Add one to its entry.'));
  if (upstream.kind === 'http') return Promise.resolve(createHttpUpstream(upstream.url, options.sessionSecret));
  return createStdioUpstream(server.id, upstream, options);
}

function findServer(url: string, index: ResourceIndex): { server: ResourceServer; isMetadata: boolean } | undefined {
  const [, wellKnown, id] =
    /^(\/\.well-known\/oauth-protected-resource)?\/([A-Za-z0-9._-]+)\/mcp(?:\?.*)?$/.exec(url) ?? [];
  const server = id === undefined ? undefined : index.servers.get(id);
  return server && { server, isMetadata: wellKnown !== undefined };
}

function serveMetadata(incoming: IncomingMessage, outgoing: ServerResponse, options: GuardOptions): void {
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD')
    return void outgoing.writeHead(405, { allow: 'GET' }).end();
  outgoing.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=300' });
  outgoing.end(JSON.stringify(resourceMetadata(options)));
}

/** What the guard looks at: method, URL and headers. The body is read only for who has passed it. */
function toRequest(incoming: IncomingMessage, resource: string): Request {
  const headers = new Headers();
  for (const name of ['authorization', 'dpop']) {
    for (const value of incoming.headersDistinct[name] ?? []) headers.append(name, value);
  }
  return new Request(new URL(incoming.url ?? '/', resource), { method: incoming.method ?? 'GET', headers });
}

async function readMessage(incoming: IncomingMessage): Promise<Message | 'malformed'> {
  const type = incoming.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return 'malformed';
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes) return 'malformed';
    chunks.push(chunk as Buffer);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
    return parseMessage(text) ?? 'malformed';
  } catch {
    return 'malformed';
  }
}

function refuseMessage(outgoing: ServerResponse): void {
  const body = rpcError(null, rpcCodes.invalid, 'One JSON-RPC message in application/json is expected, at most 4 MiB.');
  outgoing.writeHead(400, { 'content-type': 'application/json', 'cache-control': 'no-store', connection: 'close' });
  outgoing.end(JSON.stringify(body));
}

/** The headers of 2026-07-28 repeat what the body says; a proxy may have believed them (judged = sent). */
function agreesWithHeaders(message: Message, { headers }: IncomingMessage): boolean {
  const method = headers['mcp-method'];
  const name = headers['mcp-name'];
  if (message.kind === 'response') return true;
  if (method !== undefined && method !== message.method) return false;
  const { name: inBody, uri } = paramsOf(message);
  return name === undefined || decodeName(String(name)) === (inBody ?? uri);
}

/** A name beyond ASCII travels as `=?base64?...?=`. */
function decodeName(text: string): string {
  const encoded = /^=\?base64\?([A-Za-z0-9+/=]*)\?=$/.exec(text)?.[1];
  return encoded === undefined ? text : Buffer.from(encoded, 'base64').toString('utf8');
}

async function refuse(
  answer: Answer,
  verdict: Extract<Verdict, { pass: false }>,
  server: ResourceServer,
  record: AuditRecord | undefined,
): Promise<void> {
  if (verdict.swallow) return answer.empty(202);
  const { refusal, needs } = verdict;
  await answer.response(
    challenge(refusal, { resource: server.resource, scopes: needs, scheme: 'Bearer', reference: record?.id }),
  );
}

/** Ends what is under way when the client goes, and when the token does (MCS-14). */
function endWith(outgoing: ServerResponse, caller: Caller, { nowMs }: GatewayOptions) {
  const controller = new AbortController();
  const onClose = () => controller.abort();
  outgoing.once('close', onClose);
  const timer = setTimeout(
    () => {
      controller.abort();
      outgoing.end();
    },
    Math.max(0, caller.expiresAt * 1000 - nowMs()),
  ).unref();
  return {
    signal: controller.signal,
    done: () => {
      clearTimeout(timer);
      outgoing.off('close', onClose);
    },
  };
}
