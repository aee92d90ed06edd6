import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Parts } from '../roles.ts';

/** Who called, as the worker saw them; told to the gateway over a socket that only our own user can open. */
const callerHeaders = {
  address: 'credence-caller-address',
  certificate: 'credence-caller-certificate',
} as const;

/** Who called, as the gateway reads it from what a worker passed on. */
export const forwardedCaller = {
  addressOf: ({ headers }: Pick<IncomingMessage, 'headers'>): string =>
    String(headers[callerHeaders.address] ?? 'unknown'),
  certificateOf({ headers }: Pick<IncomingMessage, 'headers'>): { readonly thumbprint: string } | undefined {
    const thumbprint = headers[callerHeaders.certificate];
    return typeof thumbprint === 'string' ? { thumbprint } : undefined;
  },
};

/** Passes requests on to the process of the gateway. */
export interface Forward {
  handle(incoming: IncomingMessage, outgoing: ServerResponse): void;
  close(): void;
}

/**
 * The gateway is one process, whoever takes the connection: its sessions, its child processes and its memory of used proofs
 * are in one place (MCS-11, MCS-13). A worker passes on what is for it, byte by byte, and who sent it.
 */
export function forwardTo(socketPath: string, { edge }: Pick<Parts, 'edge'>): Forward {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  return {
    handle(incoming, outgoing) {
      const caller = [callerHeaders.address, edge.addressOf(incoming)];
      const certificate = edge.certificateOf?.(incoming)?.thumbprint;
      if (certificate !== undefined) caller.push(callerHeaders.certificate, certificate);
      const headers = [...withoutOurs(incoming.rawHeaders), ...caller];
      const onward = request({ socketPath, agent, method: incoming.method, path: incoming.url, headers });
      onward.on('response', (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        outgoing.flushHeaders(); // a stream may say nothing for a long time
        answer.pipe(outgoing);
        answer.on('error', () => outgoing.destroy());
      });
      onward.on('error', (fault) => {
        if (outgoing.destroyed) return;
        edge.onFault(fault);
        if (outgoing.headersSent) outgoing.destroy();
        else outgoing.writeHead(503, { 'retry-after': '1' }).end();
      });
      outgoing.on('close', () => onward.destroy());
      incoming.pipe(onward);
    },
    close: () => agent.destroy(),
  };
}

const dropped: ReadonlySet<string> = new Set([...Object.values(callerHeaders), 'connection', 'keep-alive']);

/** Headers as they came, one sent twice still twice; without what only we may say, and what is about the connection. */
function withoutOurs(raw: readonly string[]): string[] {
  return raw.filter((_, at) => !dropped.has(raw[at - (at % 2)]?.toLowerCase() ?? ''));
}
