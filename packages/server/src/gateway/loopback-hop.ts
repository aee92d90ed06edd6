import type { BlockList } from 'node:net';
import { isTrusted } from '../listener.ts';
import type { ResourceIndex } from '../policy/compile.ts';
import { Problem } from '../problem.ts';

/**
 * Throws `Problem` where whoever speaks from this machine is believed about certificates, and hostile programs run on it: a
 * stdio upstream could call our own endpoints with the certificate of any client in the header (T36, TLS-02).
 */
export function refuseLoopbackHop(index: ResourceIndex, header: string | undefined, trustedHops: BlockList): void {
  const hop = ['127.0.0.1', '::1'].find((address) => isTrusted(address, trustedHops));
  const stdio = [...index.servers.values()].find(({ upstream }) => upstream?.kind === 'stdio');
  if (header === undefined || hop === undefined || stdio === undefined) return;
  throw new Problem(
    `clientCertificates.header is believed from ${hop}, and servers.${stdio.id} runs on this machine: it could forge the header.`,
    'Put the proxy on another address and take loopback out of proxy.trusted, or run the stdio upstreams elsewhere.',
  );
}
