import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { compactVerify, createLocalJWKSet } from 'jose';
import type { Jwk } from '../packages/mcp/src/protocol/index.ts';

/** A RAS of somebody else, as far as it takes security events (RFC 8935): it verifies them with `jose` and keeps what they say. */
export interface EventReceiver {
  /** Its issuer. */
  readonly ras: string;
  /** What it has accepted, in the order of arrival. */
  readonly events: readonly ReceivedEvent[];
  /** Requests, whatever was answered. */
  readonly requests: readonly { readonly path: string; readonly authorization: string | undefined }[];
  /** What it answers from here on; `undefined` = as it should. */
  answer(next: { readonly status: number; readonly body?: string } | undefined): void;
  /** Resolves once so many were accepted, and rejects when that takes too long. */
  accepted(count: number): Promise<readonly ReceivedEvent[]>;
  /** Takes no connections any more. */
  close(): Promise<void>;
  open(): Promise<void>;
}

export interface ReceivedEvent {
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
  /** Last part of the URI of its one event, with what it says. */
  readonly name: string;
  readonly payload: Record<string, unknown>;
  /** `sub` of its subject. */
  readonly subject: string;
}

/** @param keys - what the transmitter publishes */
export async function openEventReceiver(keys: () => readonly Jwk[]): Promise<EventReceiver> {
  const events: ReceivedEvent[] = [];
  const requests: { path: string; authorization: string | undefined }[] = [];
  let scripted: { readonly status: number; readonly body?: string } | undefined;
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    requests.push({ path: incoming.url ?? '', authorization: incoming.headers.authorization });
    const isSet = incoming.method === 'POST' && incoming.headers['content-type'] === 'application/secevent+jwt';
    const event = isSet ? await read(Buffer.concat(chunks).toString()).catch(() => undefined) : undefined;
    const answer = scripted ?? (event ? { status: 202 } : { status: 400, body: '{"err":"invalid_request"}' });
    if (event && answer.status === 202) events.push(event);
    outgoing.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });

  async function read(set: string): Promise<ReceivedEvent> {
    const jwks = createLocalJWKSet({ keys: keys().map((key) => ({ ...key })) });
    const { payload: bytes, protectedHeader } = await compactVerify(set, jwks);
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    const [[uri, payload]] = Object.entries(claims.events) as [[string, Record<string, unknown>]];
    const about = claims.sub_id ?? { sub: '' }; // a stop is about nobody
    const subject = about.format === 'complex' ? about.user.sub : about.sub;
    return { header: { ...protectedHeader }, claims, name: uri.split('/').at(-1) ?? '', payload, subject };
  }

  let port = 0;
  const open = async () => {
    server.listen(port, 'localhost');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  await open();
  return {
    ras: `http://localhost:${port}`,
    events,
    requests,
    answer(next) {
      scripted = next;
    },
    async accepted(count) {
      const until = performance.now() + 8000;
      while (events.length < count) {
        if (performance.now() > until) throw new Error(`${events.length} of ${count} events`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return events;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    open,
  };
}
