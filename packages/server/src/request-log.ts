import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';

/** Writes a line for each request of a listener when it is over. */
export type RequestLog = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/**
 * Method, where, status, time. Nothing of what was sent: no query, no header, no address, and of the path only what cannot be a
 * secret. Who it was and what came of it is on the record.
 */
export function createRequestLog(log: Logger, listener: string): RequestLog {
  return (incoming, outgoing) => {
    const startedMs = performance.now();
    outgoing.once('close', () => {
      const ms = Math.round((performance.now() - startedMs) * 10) / 10;
      const { method } = incoming;
      const status = outgoing.writableFinished ? outgoing.statusCode : 'cut off';
      log.info({ listener, method, path: toShape(incoming.url ?? ''), status, ms }, 'request');
    });
  };
}

/** A path with whatever may be an id, a code or a link's secret left out. */
export function toShape(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path
    .split('/')
    .map((segment) => (/^(?:\.?[a-z]{1,20}(?:[-_.][a-z]{1,20}){0,3}|v[0-9])?$/.test(segment) ? segment : ':id'))
    .slice(0, 8)
    .join('/');
}
