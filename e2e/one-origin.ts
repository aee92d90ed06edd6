import { type IncomingMessage, request, type ServerResponse } from 'node:http';

/** The proxy that makes one origin of two programs. */
export function passOn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { rasPort, gatewayPort }: { readonly rasPort: number; readonly gatewayPort: number },
): void {
  const { url: path = '', method, headers } = incoming;
  const port = /^\/[a-z]+\/mcp/.test(path) ? gatewayPort : rasPort;
  const passed = request({ host: 'localhost', port, path, method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
    answer.pipe(outgoing);
    answer.once('error', () => outgoing.destroy());
  });
  passed.once('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()));
  outgoing.once('close', () => passed.destroy());
  incoming.pipe(passed);
}
