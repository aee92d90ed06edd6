import type { IncomingMessage } from 'node:http';
import { no, ok, type Result } from '@credence/mcp/protocol';
import type { GuardedRequest } from '@credence/mcp/resource';
import type { ResourceIndex } from '../policy/compile.ts';
import type { ResourceServer } from '../policy/model.ts';
import type { Accepts } from './answer.ts';
import { type Message, parseMessage } from './message.ts';

const maxBodyBytes = 4 * 1024 * 1024;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Which guarded server a URL is for, and whether it asks for its metadata. */
export function findServer(
  url: string,
  index: ResourceIndex,
): { readonly server: ResourceServer; readonly isMetadata: boolean } | undefined {
  const [, wellKnown, id] =
    /^(\/\.well-known\/oauth-protected-resource)?\/([A-Za-z0-9._-]+)\/mcp(?:\?.*)?$/.exec(url) ?? [];
  const server = id === undefined ? undefined : index.servers.get(id);
  return server && { server, isMetadata: wellKnown !== undefined };
}

/** What the guard looks at: method, URL and headers. The body is read only for who has passed it. */
export function toGuarded(
  { method = 'GET', url = '/', rawHeaders }: IncomingMessage,
  resource: string,
): GuardedRequest {
  return {
    method,
    url: new URL(resource).origin + url,
    headers: {
      // From the raw list, so that a header sent twice is seen twice: Node keeps the first of two Authorization headers.
      get(name) {
        const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
        return values.length === 0 ? null : values.join(', ');
      },
    },
  };
}

/** Reads the one message of a POST; what is more than 4 MiB is not read to its end. */
export async function readMessage(incoming: IncomingMessage): Promise<Result<Message>> {
  const type = incoming.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return no('mcp_wrong_content_type');
  const body = await readBody(incoming);
  if (!body) return no('mcp_message_too_large');
  try {
    const message = parseMessage(strictUtf8.decode(body));
    return message ? ok(message) : no('mcp_message_malformed');
  } catch {
    return no('mcp_message_malformed'); // not UTF-8
  }
}

/** The body, or `undefined` when it is too large. By events: iterating a request costs several times as much. */
function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    if (Number(incoming.headers['content-length'] ?? 0) > maxBodyBytes) return resolve(undefined);
    if (incoming.destroyed && !incoming.complete) return reject(new ClientLeft()); // while the token was looked at
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBodyBytes) return void chunks.push(chunk);
      incoming.pause();
      resolve(undefined);
    });
    incoming.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    // A connection that breaks is told as an error, which is none of ours. After the end neither changes anything.
    const leave = () => reject(new ClientLeft());
    incoming.once('error', leave);
    incoming.once('close', leave);
  });
}

/** The client went away in the middle of its request: nobody is left to answer, and nothing is wrong here. */
export class ClientLeft extends Error {
  override readonly name = 'ClientLeft';
}

/** What the client can read; one that says nothing reads both, as the transport demands of it. */
export function acceptsOf({ headers }: IncomingMessage): Accepts {
  const types = (headers.accept ?? '*/*').split(',').map((type) => type.split(';')[0]?.trim().toLowerCase());
  const takes = (type: string, group: string) => ['*/*', group, type].some((one) => types.includes(one));
  return { json: takes('application/json', 'application/*'), stream: takes('text/event-stream', 'text/*') };
}
