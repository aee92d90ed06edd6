import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * A request for an endpoint that programs post forms to, whichever way it came in: from `node:http` when served, or as a
 * web `Request`. Going through a `Request` in both cases would cost a tenth of a token.
 */
export interface Asked {
  readonly method: string;
  /** A header as sent; one sent twice is joined by a comma, as everywhere in HTTP. */
  header(name: string): string | undefined;
  /** The body as UTF-8, read once; `undefined` when it is longer than {@link maxBodyBytes}. */
  text(): Promise<string | undefined>;
  /** The request of `node:http`, where there is one. */
  readonly incoming: IncomingMessage | undefined;
}

/** What goes back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
}

export const maxBodyBytes = 64 * 1024;

/** The caller went away before the request was complete: there is nobody to answer. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone';
}

export function fromNode(incoming: IncomingMessage): Asked {
  const { headers } = incoming;
  return {
    method: incoming.method ?? '',
    header: (name) => headers[name] as string | undefined,
    text: () => readBody(incoming),
    incoming,
  };
}

/** @param maxBytes - where more is expected than by {@link maxBodyBytes} */
export function fromRequest(request: Request, maxBytes = maxBodyBytes): Asked {
  return {
    method: request.method,
    header: (name) => request.headers.get(name) ?? undefined,
    text: () => readStream(request, maxBytes),
    incoming: undefined,
  };
}

/** Writes head and body in one piece. What was not read of the request ends the connection. */
export function send(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  const list = ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))];
  for (const name in headers) list.push(name, headers[name] as string);
  if (!outgoing.req.complete) list.push('connection', 'close');
  outgoing.writeHead(status, list);
  outgoing.end(body);
}

export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } });
}

/** A body of stated length is judged by that: Node reads no more than it. Any other is counted while it comes in. */
function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  if (Number(incoming.headers['content-length'] ?? 0) > maxBodyBytes) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) chunks.push(chunk);
      else resolve(undefined);
    });
    incoming.on('end', () => resolve((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString('utf8')));
    incoming.on('error', () => reject(new CallerGone()));
  });
}

async function readStream({ body }: Request, maxBytes: number): Promise<string | undefined> {
  if (!body) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > maxBytes) return undefined; // Leaving the loop cancels the rest.
      chunks.push(chunk);
    }
  } catch {
    throw new CallerGone(); // A body comes from the caller alone.
  }
  return Buffer.concat(chunks).toString('utf8');
}
