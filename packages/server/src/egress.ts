import { isUtf8 } from 'node:buffer';
import { lookup as dnsLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { getCACertificates } from 'node:tls';
import { type JsonObject, parseStrictObject } from '@credence/mcp/protocol';
import { Agent, request } from 'undici';

/** The one way out (T16, T17): every request Credence makes to an address somebody else named goes through here. */
export interface Egress {
  /** Fetches a JSON object; throws {@link EgressRefused} or a network error. The answer is never echoed to a caller. */
  getJson(url: string, limits?: EgressLimits): Promise<JsonObject>;
  /** The same with the headers of the answer, which say how long it may be kept. */
  fetchJson(url: string, limits?: EgressLimits): Promise<EgressAnswer>;
  /**
   * `fetch` for libraries that bring their own requests, under the same rules; whatever status comes back is theirs to
   * judge, a redirect included, which is never followed. Dispatcher and signal of the caller play no part.
   */
  fetch(url: string | URL, init?: EgressInit): Promise<Response>;
  /**
   * An answer that goes on for as long as both sides want, under the same rules: its first words are there in 3 s, silence ends
   * it after a minute, and how much comes is for the reader to bound. What is not status 200 has no body.
   */
  stream(url: string, init?: Pick<RequestInit, 'headers' | 'signal'>): Promise<Response>;
  close(): Promise<void>;
}

/** How one request is held tighter than others. */
export interface EgressLimits {
  /** The largest answer that is read; 256 KiB at most. */
  readonly maxBytes?: number;
  /** Nobody here wrote this URL: internal ranges are closed to it, also those that are open to others. */
  readonly publicOnly?: boolean;
}

export interface EgressAnswer {
  readonly value: JsonObject;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The request was not made, or its answer not accepted. */
export class EgressRefused extends Error {
  override readonly name = 'EgressRefused';
}

/** What is taken of a `RequestInit`. */
export interface EgressInit {
  /** The answer is read as JSON: one that is not UTF-8 is refused (KEY-06). Of others only the status counts. */
  readonly readsJson?: boolean | undefined;
  readonly method?: string | undefined;
  readonly headers?: RequestInit['headers'] | undefined;
  readonly body?: unknown;
}

export interface EgressOptions {
  /** CIDR ranges of the organisation's own network that may be reached although they are special-use. */
  readonly internalRanges: readonly string[];
  /** Lets `http` and `https` to localhost through: for development, where both halves run on one machine. */
  readonly allowLoopback: boolean;
  /** PEM certificates trusted besides the system's, such as that of the development CA. */
  readonly extraCa: readonly string[];
}

const timeoutMs = 3000;
const mostBytes = 256 * 1024;
const silenceMs = 60_000;

/**
 * https only, no redirects, 3 s, 256 KiB. The address actually connected to is checked, after the name was resolved, so
 * that a name that resolves differently the second time gains nothing (rebinding, CIM-04).
 */
export function createEgress(options: EgressOptions): Egress {
  const ways = {
    any: createWay(options, options.internalRanges),
    publicOnly: createWay(options, []),
    streams: createWay(options, options.internalRanges, { bodyTimeout: silenceMs, maxResponseSize: -1 }),
  };

  async function fetchJson(text: string, { maxBytes = mostBytes, publicOnly = false }: EgressLimits = {}) {
    const way = publicOnly ? ways.publicOnly : ways.any;
    const url = parseUrl(text);
    checkUrl(url, options.allowLoopback, way.mayConnect);
    const { statusCode, headers, body } = await request(url, {
      dispatcher: way.agent,
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    const content = await readText(body, maxBytes, url.host, isJson(headers));
    if (statusCode !== 200 || !isJson(headers)) {
      throw new EgressRefused(`${url.host} answered ${statusCode}, JSON expected`);
    }
    const value = parseStrictObject(content);
    if (!value) throw new EgressRefused(`${url.host} answered something that is not one JSON object`);
    return { value, headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, textOf(text)])) };
  }

  async function fetch(
    text: string | URL,
    { method = 'GET', headers: sent, body: form, readsJson = false }: EgressInit = {},
  ) {
    const url = parseUrl(String(text));
    checkUrl(url, options.allowLoopback, ways.any.mayConnect);
    const { statusCode, headers, body } = await request(url, {
      dispatcher: ways.any.agent,
      method: method as 'GET',
      headers: Object.fromEntries(new Headers(sent)),
      body: toBody(form),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const content = await readText(body, mostBytes, url.host, readsJson && isJson(headers));
    const answer = new Headers();
    for (const [name, value] of Object.entries(headers)) {
      for (const each of [value ?? []].flat()) answer.append(name, each);
    }
    return new Response(withoutBody.has(statusCode) ? null : content, { status: statusCode, headers: answer });
  }

  async function stream(text: string, { headers: sent, signal }: Pick<RequestInit, 'headers' | 'signal'> = {}) {
    const url = parseUrl(text);
    checkUrl(url, options.allowLoopback, ways.streams.mayConnect);
    const { statusCode, headers, body } = await request(url, {
      dispatcher: ways.streams.agent,
      headers: Object.fromEntries(new Headers(sent)),
      signal: signal ?? null,
    });
    const type = textOf(headers['content-type']);
    const answer = { status: statusCode, headers: type === undefined ? {} : { 'content-type': type } };
    if (statusCode === 200) return new Response(Readable.toWeb(body) as ReadableStream<Uint8Array>, answer);
    body.on('error', () => undefined).destroy();
    return new Response(null, answer);
  }

  return {
    fetch,
    stream,
    fetchJson,
    getJson: async (url, limits) => (await fetchJson(url, limits)).value,
    close: async () => {
      // Streams do not end by themselves.
      await Promise.all([ways.any.agent.close(), ways.publicOnly.agent.close(), ways.streams.agent.destroy()]);
    },
  };
}

/** Connections of one kind, and which addresses they may lead to. */
function createWay(
  { allowLoopback, extraCa }: EgressOptions,
  internalRanges: readonly string[],
  limits: Pick<Agent.Options, 'bodyTimeout' | 'maxResponseSize'> = {},
) {
  const allowed = toBlockList(internalRanges);
  if (allowLoopback) for (const [range, bits, family] of loopback) allowed.addSubnet(range, bits, family);
  const mayConnect = (address: string) => isIn(allowed, address) || !isIn(specialUse, address);

  const lookup: LookupFunction = (host, lookupOptions, callback) => {
    dnsLookup(host, { ...lookupOptions, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const bad = addresses.find(({ address }) => !mayConnect(address));
      const first = addresses[0];
      if (bad || !first) return callback(new EgressRefused(`${host} resolves to a special-use address`), '');
      return lookupOptions.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
  const agent = new Agent({
    connect: { lookup, timeout: timeoutMs, ca: [...getCACertificates('default'), ...extraCa] },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: mostBytes,
    ...limits,
  });

  return { agent, mayConnect };
}

type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

function isJson(headers: AnswerHeaders): boolean {
  return /^application\/([a-z0-9.+-]+\+)?json\b/i.test(textOf(headers['content-type']) ?? '');
}

async function readText(body: AsyncIterable<Buffer>, maxBytes: number, host: string, asJson: boolean): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new EgressRefused(`${host} answered more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const content = Buffer.concat(chunks);
  // What is no UTF-8 would be read as something else than was written: two names could become one (KEY-06).
  if (asJson && !isUtf8(content)) throw new EgressRefused(`${host} answered JSON that is not UTF-8`);
  return content.toString('utf8');
}

/** A header sent twice says nothing. */
function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Statuses for which a `Response` has none. */
const withoutBody = new Set([204, 205, 304]);

function toBody(body: unknown): string | null {
  if (body === undefined || body === null) return null;
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new EgressRefused('only text and forms are sent');
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new EgressRefused('not a URL');
  return new URL(text);
}

/** Judges the URL itself; a name is judged again by what it resolves to. */
function checkUrl(url: URL, allowLoopback: boolean, mayConnect: (address: string) => boolean): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLocal = host === 'localhost' || (isIP(host) !== 0 && isIn(loopbackOnly, host));
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal && allowLoopback)) {
    throw new EgressRefused(`${url.host}: only https is fetched`);
  }
  if (url.username || url.password) throw new EgressRefused(`${url.host}: no credentials in a URL`);
  if (isIP(host) !== 0 && !mayConnect(host)) throw new EgressRefused(`${host} is a special-use address`);
}

type Subnet = readonly [range: string, bits: number, family: 'ipv4' | 'ipv6'];

const loopback: readonly Subnet[] = [
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
];

/** Special-use addresses. @see https://www.rfc-editor.org/rfc/rfc6890 */
const special: readonly Subnet[] = [
  ...loopback,
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 96, 'ipv6'], // IPv4 written into IPv6, the old way
  ['::ffff:0:0:0', 96, 'ipv6'], // and translated, RFC 2765
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
  ['5f00::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'], // site-local: given up, and still in use inside
  ['ff00::', 8, 'ipv6'],
];

const specialUse = subnets(special);
const loopbackOnly = subnets(loopback);

function subnets(list: readonly Subnet[]): BlockList {
  const blockList = new BlockList();
  for (const [range, bits, family] of list) blockList.addSubnet(range, bits, family);
  return blockList;
}

/** CIDR texts, already validated by the configuration. */
export function toBlockList(ranges: readonly string[]): BlockList {
  const blockList = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    blockList.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return blockList;
}

/** Whether an address lies in the list; an IPv4 address mapped into IPv6 is judged as what it is. */
export function isIn(list: BlockList, address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return list.check(mapped, 'ipv4');
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
