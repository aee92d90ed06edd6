import {
  checkRevocationFrame,
  chooseKey,
  encodeBase64url,
  type JsonObject,
  type Jwk,
  judgesStops,
  parseJws,
  type RevocationFrame,
  type VerifySignature,
} from '../protocol/index.ts';

type MaybeKeys = readonly Jwk[] | undefined;

/** One connection to the stream of revocations, and what it takes to believe what comes. */
export interface StreamOptions {
  readonly url: string;
  readonly issuer: string;
  readonly resource: string;
  readonly authorization: string;
  /** The position up to which everything is known; 0 = nothing is. */
  readonly after: number;
  readonly keysOf: (header: JsonObject) => MaybeKeys | Promise<MaybeKeys>;
  readonly verifySignature: VerifySignature;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

/** The authorization server refused: asking again soon does not help. */
export class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
}

const maxEventLength = 512 * 1024;

/**
 * Frames of one connection, in order, each verified. Throws at the first that is not the one that comes next: changed, left out,
 * repeated, or from another connection (T20). Ends when the other side ends it.
 */
export async function* readFrames(options: StreamOptions): AsyncGenerator<RevocationFrame> {
  const { issuer, resource } = options;
  const nonce = encodeBase64url(crypto.getRandomValues(new Uint8Array(24)));
  const response = await options.fetch(`${options.url}?nonce=${nonce}&${judgesStops}=1`, {
    redirect: 'error',
    headers: {
      accept: 'text/event-stream',
      authorization: options.authorization,
      ...(options.after > 0 && { 'last-event-id': String(options.after) }),
    },
    signal: options.signal,
  });
  if ([400, 401, 403, 404].includes(response.status)) throw new StreamRefused(`answered ${response.status}`);
  if (response.status !== 200 || !response.body) throw new Error(`answered ${response.status}`);
  let seq = 0;
  for await (const data of readEvents(response.body)) {
    seq += 1;
    const jws = parseJws(data, maxEventLength);
    if (!jws) throw new Error('a frame is malformed');
    const choice = chooseKey(jws.header, (await options.keysOf(jws.header)) ?? []);
    if (!choice.ok) throw new Error('a frame is not signed with a key of the issuer');
    const isGood = await options.verifySignature(jws, choice.key, choice.algorithm);
    if (!isGood) throw new Error('the signature of a frame is not good');
    const frame = checkRevocationFrame(jws, { issuer, resource, nonce, seq });
    if (!frame) throw new Error('a frame is not the one that comes next');
    yield frame;
  }
}

/** The data of each server-sent event. @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > maxEventLength) throw new Error('an event is too large');
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data: '));
      if (data !== undefined) yield data.slice('data: '.length);
    }
  }
}
