import type { IncomingMessage } from 'node:http';
import { no, ok, type Result } from '@credence/mcp/protocol';
import { CallerGone } from '../../door.ts';

const maxBytes = 56 * 1024;

/** A request whose body may have been read before; then it is here as text. */
export type ReadRequest = IncomingMessage & { body?: string; isTooLarge?: true };

/** The whole body of a form as text, read once and left at `body`. */
export async function readFormBody(request: ReadRequest): Promise<Result<string>> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return no('wrong_content_type');
  if (request.body !== undefined) return ok(request.body);
  if (request.isTooLarge) return no('body_too_large'); // what is left of it is no form
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.isTooLarge = true;
        return no('body_too_large');
      }
      chunks.push(chunk);
    }
  } catch {
    throw new CallerGone();
  }
  request.body = Buffer.concat(chunks).toString('utf8');
  return ok(request.body);
}

/**
 * Lets the next reader find the body in the stream again, or another in its place. `oidc-provider` would take it from `body` too, with a warning on
 * the operator's terminal.
 */
export function unread(request: ReadRequest, text: string): void {
  if (request.headers['content-length'] !== undefined) {
    request.headers['content-length'] = String(Buffer.byteLength(text));
  }
  Object.defineProperties(request, {
    readable: { value: true, configurable: true },
    iterator: { value: () => [Buffer.from(text)], configurable: true },
  });
}
