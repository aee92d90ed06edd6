import type { IncomingMessage } from 'node:http';
import { no, ok, type Result } from '@credence/mcp/protocol';
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
export function toRequest(incoming: IncomingMessage, resource: string): Request {
  const headers = new Headers();
  for (const name of ['authorization', 'dpop']) {
    for (const value of incoming.headersDistinct[name] ?? []) headers.append(name, value);
  }
  return new Request(new URL(incoming.url ?? '/', resource), { method: incoming.method ?? 'GET', headers });
}

/** Reads the one message of a POST; what is more than 4 MiB is not read to its end. */
export async function readMessage(incoming: IncomingMessage): Promise<Result<Message>> {
  const type = incoming.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return no('mcp_wrong_content_type');
  if (Number(incoming.headers['content-length'] ?? 0) > maxBodyBytes) return no('mcp_message_too_large');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes) return no('mcp_message_too_large');
    chunks.push(chunk as Buffer);
  }
  try {
    const message = parseMessage(strictUtf8.decode(Buffer.concat(chunks)));
    return message ? ok(message) : no('mcp_message_malformed');
  } catch {
    return no('mcp_message_malformed'); // not UTF-8
  }
}

/** What the client can read; one that says nothing reads both, as the transport demands of it. */
export function acceptsOf({ headers }: IncomingMessage): Accepts {
  const types = (headers.accept ?? '*/*').split(',').map((type) => type.split(';')[0]?.trim().toLowerCase());
  const takes = (type: string, group: string) => ['*/*', group, type].some((one) => types.includes(one));
  return { json: takes('application/json', 'application/*'), stream: takes('text/event-stream', 'text/*') };
}
