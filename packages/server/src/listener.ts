import { constants } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, BlockList } from 'node:net';
import { isLoopbackHost } from './config-check.ts';
import { isIn } from './egress.ts';
import type { Health } from './health.ts';
import { Problem } from './problem.ts';
import type { RequestLog } from './request-log.ts';
import { responseWith } from './response-with.ts';

/** One origin: where it listens and the only name it answers to. */
export interface ListenerOptions {
  /** What it is called when something is wrong with it. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Its public origin, such as `https://id.acme.example`: the one Host that is served (T38). */
  readonly origin: string;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  /** Authorities of client certificates (PEM): with them every TLS caller is asked for one, and may show none. */
  readonly clientCa?: readonly string[] | undefined;
  /** Proxies that may speak clear http with us from another machine (TLS-02). */
  readonly trustedHops: BlockList;
  readonly handle: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown;
  /** Answers probes, whatever Host they name. */
  readonly health?: Health;
  /** Told of each request that is no probe, where requests are logged. */
  readonly onRequest?: RequestLog | undefined;
  /** Told of a handler that threw; the caller gets a 500 that says nothing more. */
  readonly onFault: (fault: unknown) => void;
}

export interface Listener {
  readonly name: string;
  readonly origin: string;
  readonly port: number;
  /** Stops accepting, lets running requests end for `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1000, // or the two above are looked at every half minute only
  keepAliveTimeout: 65_000,
  // Node would keep the first of two `Authorization` headers, and whoever stands before us may have judged the other (HTP-02).
  joinDuplicateHeaders: true,
};

/** Opens the listener; a port that cannot be had is the operator's problem and says so. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { host: expectedHost, hostname, protocol } = new URL(options.origin);
  const isPublicHttps = protocol === 'https:' && !isLoopbackHost(hostname);
  const response = {
    ServerResponse: responseWith({
      'x-content-type-options': 'nosniff',
      ...(isPublicHttps && { 'strict-transport-security': 'max-age=31536000' }),
    }),
  };
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (options.health?.(incoming, outgoing)) return;
    options.onRequest?.(incoming, outgoing);
    const refusal = checkPeer(incoming, options) ?? checkTarget(incoming, expectedHost);
    if (refusal) return answer(outgoing, ...refusal);
    try {
      await options.handle(incoming, outgoing);
    } catch (fault) {
      options.onFault(fault);
      if (outgoing.headersSent) outgoing.destroy();
      else answer(outgoing, 500, 'The server met an unexpected condition.');
    }
  };
  const server = options.tls
    ? createTlsServer(
        { ...limits, ...response, ...options.tls, ...askForCertificate(options), minVersion: 'TLSv1.2' },
        handle,
      )
    : createServer({ ...limits, ...response }, handle);
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  await opened(server, options);
  return {
    name: options.name,
    origin: options.origin,
    port: (server.address() as AddressInfo).port,
    stop: (graceMs) => stopped(server, graceMs),
  };
}

/**
 * Whoever shows none, or one of a stranger, is still served: what it is good for is judged where it is used. A connection has
 * one certificate: in TLS 1.2 a client could begin with one we vouch for and show another in a second handshake.
 */
function askForCertificate({ clientCa }: ListenerOptions) {
  const secureOptions = constants.SSL_OP_NO_RENEGOTIATION;
  return clientCa && { requestCert: true, rejectUnauthorized: false, ca: [...clientCa], secureOptions };
}

/** Clear http is for this machine and for the proxies that are named: anybody else would send secrets in the open (TLS-02). */
export function checkPeer(
  { socket }: { readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'> },
  { tls, trustedHops }: Pick<ListenerOptions, 'tls' | 'trustedHops'>,
): [status: number, text: string] | undefined {
  const peer = socket.remoteAddress ?? '';
  const isFine = tls !== undefined || isLoopbackHost(peer.replace(/^::ffff:/i, '')) || isTrusted(peer, trustedHops);
  return isFine ? undefined : [403, 'This server speaks https, through its proxy.'];
}

/**
 * A foreign Host is a rebinding attack or a mistake; a path with a second spelling is how rules get walked round (T38).
 * Both are refused before anything reads the request.
 */
export function checkTarget(
  { headers, rawHeaders, url = '' }: Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'url'>,
  expectedHost: string,
): [status: number, text: string] | undefined {
  if (hasSeveralHosts(rawHeaders)) return [400, 'More than one Host.']; // RFC 9112 §3.2
  if (headers.host?.toLowerCase() !== expectedHost) return [421, `This server is ${expectedHost}.`];
  const path = url.split('?', 1)[0] ?? '';
  const isCanonical = path.startsWith('/') && /^[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*$/.test(path);
  const hasSecondSpelling = /\/\/|\/\.{1,2}(\/|$)|%(2f|5c|2e|00|25)/i.test(path);
  if (!isCanonical || hasSecondSpelling) return [400, 'The path is not in canonical form.'];
  return undefined;
}

function hasSeveralHosts(raw: readonly string[]): boolean {
  let hosts = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1;
}

/**
 * Network address of the caller. `X-Forwarded-For` counts only as far as every hop that added to it is trusted (TLS-02).
 */
export function clientAddress(incoming: IncomingMessage | undefined, trustedHops: BlockList): string {
  const peer = incoming?.socket.remoteAddress ?? 'unknown';
  const header = incoming?.headers['x-forwarded-for'];
  if (header === undefined) return peer;
  const forwarded = String(header)
    .split(',')
    .map((hop) => withoutPort(hop.trim()))
    .filter((hop) => hop !== '');
  const hops = [...forwarded, peer];
  while (hops.length > 1 && isTrusted(hops.at(-1) ?? '', trustedHops)) hops.pop();
  return hops.at(-1) ?? peer;
}

/** Some proxies write the port too. It is another for each connection: what is limited by address would have no limit. */
function withoutPort(hop: string): string {
  const [, inBrackets, ipv4] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(hop) ?? [];
  return inBrackets ?? ipv4 ?? hop;
}

export function isTrusted(address: string, trustedHops: BlockList): boolean {
  try {
    return isIn(trustedHops, address);
  } catch {
    return false; // not an address at all
  }
}

function answer(outgoing: ServerResponse, status: number, text: string): void {
  outgoing.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    connection: 'close',
  });
  outgoing.end(`${text}\n`);
}

function opened(server: Server, { name, host, port }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(toProblem(error, name, host, port));
    });
    server.listen({ host, port }, resolve);
  });
}

function toProblem(error: NodeJS.ErrnoException, name: string, host: string, port: number): Error {
  const flag = `--${name}-port`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new Problem(
        `Port ${port} on ${host} is already in use.`,
        `Stop what uses it, or choose another with ${flag}.`,
      );
    case 'EACCES':
      return new Problem(`Port ${port} may not be opened by this user.`, `Choose one above 1023 with ${flag}.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Problem(`${host} is not an address of this machine.`, 'Choose another with --host.');
    default:
      return error;
  }
}

function stopped(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    // A connection that becomes idle only now would otherwise be kept alive for another request that never comes.
    const sweep = setInterval(() => server.closeIdleConnections(), 25);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}
