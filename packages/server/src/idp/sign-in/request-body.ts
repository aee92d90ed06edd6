import type { IncomingMessage } from 'node:http';

const maxBytes = 56 * 1024;

/** A request whose body may have been read before; then it is here as text. */
export type ReadRequest = IncomingMessage & { body?: string };

/** The whole body as text, read once and left at `body`; `undefined` when it is too large or not a form. */
export async function readFormBody(request: ReadRequest): Promise<string | undefined> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return undefined;
  if (request.body !== undefined) return request.body;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  request.body = Buffer.concat(chunks).toString('utf8');
  return request.body;
}

/**
 * Lets the next reader find the body in the stream again. `oidc-provider` would take it from `body` too, with a warning on
 * the operator's terminal.
 */
export function unread(request: ReadRequest, text: string): void {
  Object.defineProperties(request, {
    readable: { value: true, configurable: true },
    iterator: { value: () => [Buffer.from(text)], configurable: true },
  });
}
