// node mcp-servers.ts NAME...
//
// MCP servers over HTTP made with the official library, one at each path `/NAME/mcp`, in one process. They know nothing of
// authorization. Prints its port when it listens; ends with its standard input.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { tool } from './organisation.ts';

const handlers = new Map(
  process.argv.slice(2).map((name) => [
    `/${name}/mcp`,
    createMcpHandler(() => {
      const server = new McpServer({ name, version: '1.0.0' });
      const content = [{ type: 'text' as const, text: `latest of ${name}` }];
      server.registerTool(tool, { description: `What is new in ${name}` }, () => ({ content }));
      return server;
    }),
  ]),
);

const server = createServer((incoming, outgoing) => {
  answer(incoming, outgoing).catch(() => outgoing.destroy());
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().once('end', () => process.exit(0));

async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const handler = handlers.get(incoming.url ?? '');
  if (!handler || incoming.method !== 'POST') {
    outgoing.writeHead(handler ? 405 : 404).end();
    return;
  }
  const parsedBody = await json(incoming);
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) if (typeof value === 'string') headers.set(name, value);
  const request = new Request(`http://127.0.0.1${incoming.url}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(parsedBody),
  });
  const response = await handler.fetch(request, { parsedBody });
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(await response.text());
}
