import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isLoopbackHost } from '../config-check.ts';
import { Problem } from '../problem.ts';
import { metricsContentType } from './text.ts';

export interface MetricsListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly text: () => Promise<string>;
  readonly onFault: (fault: unknown) => void;
}

/**
 * `GET /metrics` on a listener of its own, in clear http and for whoever reaches it: loopback, unless the configuration says
 * that something else keeps strangers away. A page in a browser of this machine does not reach it (T38): it names another Host.
 */
export async function listenForMetrics(options: MetricsListenerOptions): Promise<{ close(): Promise<void> }> {
  const isLocal = isLoopbackHost(options.host);
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 15_000 }, (incoming, outgoing) => {
    if (isLocal && !namesThisMachine(incoming)) return answer(outgoing, 421, 'This listener is for this machine.\n');
    if (incoming.url?.split('?', 1)[0] !== '/metrics') return answer(outgoing, 404, 'Not found.\n');
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
      outgoing.setHeader('allow', 'GET, HEAD');
      return answer(outgoing, 405, 'GET it.\n');
    }
    options.text().then(
      (text) => answer(outgoing, 200, text, metricsContentType),
      (fault: unknown) => {
        options.onFault(fault);
        answer(outgoing, 500, 'The server met an unexpected condition.\n');
      },
    );
  });
  server.listen({ host: options.host, port: options.port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Problem(
      `Metrics cannot be served on ${options.host}:${options.port} (${code}).`,
      'Choose another with --metrics-port, or metrics in the configuration.',
    );
  }
  return {
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function namesThisMachine({ headers }: IncomingMessage): boolean {
  const url = `http://${headers.host}`;
  return URL.canParse(url) && isLoopbackHost(new URL(url).hostname);
}

function answer(outgoing: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  outgoing.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  outgoing.end(text);
}
