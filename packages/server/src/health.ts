import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import { isLoopbackHost } from './config-check.ts';
import { isIn } from './egress.ts';

/** Why a process is not to be sent requests. */
export const notReadyReasons = ['stopping', 'store', 'policy', 'keys', 'clock'] as const;
export type NotReady = (typeof notReadyReasons)[number];

export interface HealthOptions {
  /** Asked for `/readyz`; empty = ready. MUST NOT reject, and costs next to nothing however often it is asked. */
  readonly notReady: () => Promise<readonly NotReady[]>;
  /** What this machine is told besides, when all is well. */
  readonly remarked?: () => string | undefined;
  readonly trustedHops: BlockList;
}

/** Answers a probe; false when the request is none and nothing was done. */
export type Health = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

/**
 * `/healthz`: the process answers. `/readyz`: it can do its work, else 503. A probe names the address it connects to and not
 * our Host, and may come without TLS, so that it is answered before either is looked at; what it learns is one bit. Why not
 * is for this machine only.
 */
export function createHealth({ notReady, remarked, trustedHops }: HealthOptions): Health {
  return (incoming, outgoing) => {
    const path = incoming.url?.split('?', 1)[0];
    if (path !== '/healthz' && path !== '/readyz') return false;
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD')
      answer(outgoing, 405, 'not ok', { allow: 'GET, HEAD' });
    else if (path === '/healthz') answer(outgoing, 200, 'ok');
    else {
      const isTold = isOfThisMachine(incoming, trustedHops);
      void notReady().then((reasons) => {
        const remark = isTold ? remarked?.() : undefined;
        if (reasons.length === 0) return answer(outgoing, 200, remark ? `ok\n${remark}` : 'ok');
        answer(outgoing, 503, isTold ? `not ok: ${reasons.join(', ')}` : 'not ok', { 'retry-after': '1' });
      });
    }
    return true;
  };
}

/**
 * Whether somebody on this machine asks, for themselves. A proxy beside us asks for anybody, and a browser here may be led
 * by a foreign page, which shows in the Host.
 */
function isOfThisMachine({ socket, headers }: IncomingMessage, trustedHops: BlockList): boolean {
  const peer = socket.remoteAddress ?? '';
  const isPassedOn = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined);
  const host = URL.canParse(`http://${headers.host}`) ? new URL(`http://${headers.host}`).hostname : '';
  return (
    isLoopbackHost(peer.replace(/^::ffff:/i, '')) && !isIn(trustedHops, peer) && !isPassedOn && isLoopbackHost(host)
  );
}

function answer(outgoing: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  outgoing.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  outgoing.end(`${text}\n`);
}
