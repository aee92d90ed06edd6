import { lookup as dnsLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';
import { type JsonObject, parseStrictObject } from '@credence/mcp/protocol';
import { Agent, request } from 'undici';

/** The one way out (T16, T17): every request Credence makes to an address somebody else named goes through here. */
export interface Egress {
  /** Fetches a JSON object; throws {@link EgressRefused} or a network error. The answer is never echoed to a caller. */
  getJson(url: string): Promise<JsonObject>;
  close(): Promise<void>;
}

/** The request was not made, or its answer not accepted. */
export class EgressRefused extends Error {
  override readonly name = 'EgressRefused';
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
const maxBytes = 256 * 1024;

/**
 * https only, no redirects, 3 s, 256 KiB. The address actually connected to is checked, after the name was resolved, so
 * that a name that resolves differently the second time gains nothing (rebinding, CIM-04).
 */
export function createEgress(options: EgressOptions): Egress {
  const allowed = toBlockList(options.internalRanges);
  if (options.allowLoopback) for (const [range, bits, family] of loopback) allowed.addSubnet(range, bits, family);
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
    connect: { lookup, timeout: timeoutMs, ca: [...getCACertificates('default'), ...options.extraCa] },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxBytes,
  });

  return {
    async getJson(text) {
      const url = parseUrl(text);
      checkUrl(url, options.allowLoopback, mayConnect);
      const { statusCode, headers, body } = await request(url, {
        dispatcher: agent,
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(timeoutMs),
      });
      const content = await body.text();
      const isJson = /^application\/([a-z0-9.+-]+\+)?json\b/i.test(String(headers['content-type'] ?? ''));
      if (statusCode !== 200 || !isJson) throw new EgressRefused(`${url.host} answered ${statusCode}, JSON expected`);
      const value = parseStrictObject(content);
      if (!value) throw new EgressRefused(`${url.host} answered something that is not one JSON object`);
      return value;
    },
    close: () => agent.close(),
  };
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
  ['::', 128, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
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
