import { hash } from 'node:crypto';
import {
  type BroadStop,
  type EpochSeconds,
  mintRevocationFrame,
  type PersonCutOff,
  type Sign,
  type TokenCutOff,
  toWhoInput,
} from '@credence/mcp/protocol';
import { type Stop, standingOf, untilOf } from '../store/stop.ts';
import type { Store } from '../store/store.ts';

/** Who follows what is revoked: one connection of one MCP server. */
export interface Subscription {
  /** The server, by its id here; what is counted against its limit. */
  readonly server: string;
  readonly resource: string;
  /** Chosen by the subscriber, and in every frame. */
  readonly nonce: string;
  /** The change up to which it knows everything; 0 = nothing. */
  readonly after: number;
  /** Whether it said that it judges stops. */
  readonly judgesStops: boolean;
  /** Whether the server is still one of ours, with the secret that it came with; asked again and again. */
  readonly isServed: () => boolean;
}

/** Streams of signed frames that tell MCP servers who is cut off (SIG-02, T20). */
export interface RevocationStreams {
  /** Events of a new stream, as bytes of `text/event-stream`; `undefined` when the server has too many. */
  open(subscription: Subscription): ReadableStream<Uint8Array> | undefined;
  /** How many there are, by server. */
  counts(): ReadonlyMap<string, number>;
  /** Ends all of them. */
  close(): void;
}

export interface RevocationStreamOptions {
  readonly store: Pick<Store, 'changeSequence' | 'cutOffs' | 'stops'>;
  /** Whether a stop concerns tokens for this resource, or concerned them a moment ago. */
  readonly isStopped: (resource: string) => boolean;
  readonly issuer: string;
  /** The epoch whose tokens count; absent or '' before the first. */
  readonly epoch?: () => string;
  /** Of a purpose of its own. */
  readonly signer: () => { readonly kid: string; readonly algorithm: string; readonly sign: Sign };
  readonly nowMs: () => number;
  readonly newId: () => string;
  readonly onFault: (fault: unknown) => void;
  readonly maxPerServer?: number;
  /** Bytes that may wait for a reader. */
  readonly maxWaiting?: number;
}

/** With the time of a poll at the other end well below the second in which a cut-off has to arrive. */
const pollMs = 200;
const heartbeatMs = 2500;
/** A reader that takes nothing for so long is dropped: it comes back and hears the rest. */
const patienceMs = 5000;
/** Then the subscriber comes anew, with its credentials, and measures the clocks anew. */
const lifeMs = 3_600_000;
const maxPerFrame = 500;
/**
 * So much of a frame may be stops. A guard takes 512 KiB of one, in base64url and with people and tokens beside, and what a stop of
 * another issuer names is as long as that issuer likes: all guards of everybody would hear nothing more (T09).
 */
const maxStopBytes = 128 * 1024;

interface Stream extends Subscription {
  readonly openedMs: number;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  position: number;
  /** The epoch that it was told. */
  epoch: string;
  seq: number;
  sentMs: number;
  /** Since when it has taken nothing; `undefined` = it takes what comes. */
  fullSinceMs: number | undefined;
  busy: boolean;
}

/** One watch on the store for all streams of a process; it runs while there are any. */
export function createRevocationStreams(options: RevocationStreamOptions): RevocationStreams {
  const { store, nowMs, maxPerServer = 32, maxWaiting = 256 * 1024 } = options;
  const epochNow = options.epoch ?? (() => '');
  const streams = new Set<Stream>();
  let timer: NodeJS.Timeout | undefined;
  let polling = false;

  const drop = (stream: Stream): void => {
    if (!streams.delete(stream)) return;
    try {
      stream.controller.close();
    } catch {
      // The reader has gone already.
    }
    if (streams.size === 0) clearInterval(timer);
  };

  /** Whether there is room for one more frame; whoever leaves none for long is dropped, never waited for in memory. */
  const hasRoom = (stream: Stream): boolean => {
    if ((stream.controller.desiredSize ?? 0) > 0) {
      stream.fullSinceMs = undefined;
      return true;
    }
    stream.fullSinceMs ??= nowMs();
    if (nowMs() - stream.fullSinceMs >= patienceMs) drop(stream);
    return false;
  };

  const send = async (stream: Stream, news: News): Promise<void> => {
    const atMs = nowMs();
    const { issuer, signer, newId } = options;
    const { resource, nonce } = stream;
    const people = news.people.map(({ account, ...one }) => ({ ...one, who: toWho(resource, account) }));
    const tokens = news.tokens.filter((token) => token.resource === resource).map(({ id, until }) => ({ id, until }));
    const stops = news.stops.filter((stop) => stop.resource === undefined || stop.resource === resource);
    const said = { people, tokens, stops: stops.map((stop) => toBroadStop(stop, resource)) };
    const frame = { nonce, seq: ++stream.seq, atMs, position: news.position, complete: news.complete, ...said };
    const epoch = epochNow();
    const text = await mintRevocationFrame(
      { ...frame, epoch: epoch || undefined },
      { issuer, resource, id: newId() },
      signer(),
    );
    if (!streams.has(stream)) return;
    stream.controller.enqueue(new TextEncoder().encode(`id: ${news.position}\ndata: ${text}\n\n`));
    stream.position = news.position;
    stream.epoch = epoch;
    stream.sentMs = atMs;
  };

  /** Everything that has changed for one stream, frame by frame while it takes them; a sign of life when that was nothing. */
  const tell = async (
    stream: Stream,
    latest: number,
    newsAfter: (position: number) => Promise<News>,
  ): Promise<void> => {
    // It would let in what it cannot judge: so it hears nothing more, and refuses.
    if (!stream.judgesStops && options.isStopped(stream.resource)) return drop(stream);
    if (!stream.isServed() || nowMs() - stream.openedMs >= lifeMs) return drop(stream);
    while (streams.has(stream) && hasRoom(stream)) {
      const isNew = stream.position < latest || stream.seq === 0 || stream.epoch !== epochNow();
      if (!isNew && nowMs() - stream.sentMs < heartbeatMs) return;
      const news = isNew ? await newsAfter(stream.position) : nothing(stream.position);
      const concerns =
        news.people.length > 0 ||
        news.tokens.some(({ resource }) => resource === stream.resource) ||
        news.stops.some(({ resource }) => resource === undefined || resource === stream.resource);
      if (concerns || !isNew || stream.seq === 0 || stream.epoch !== epochNow()) await send(stream, news);
      else stream.position = news.position;
    }
  };

  const poll = async (): Promise<void> => {
    const latest = await store.changeSequence();
    // Streams that are equally far hear the same: it is read once.
    const read = new Map<number, Promise<News>>();
    const newsAfter = (position: number): Promise<News> => {
      const known = read.get(position) ?? readNews(store, position, latest, Math.floor(nowMs() / 1000));
      read.set(position, known);
      return known;
    };
    for (const stream of streams) {
      if (stream.busy) continue;
      stream.busy = true;
      tell(stream, latest, newsAfter)
        .catch((fault) => {
          options.onFault(fault);
          drop(stream);
        })
        .finally(() => {
          stream.busy = false;
        });
    }
  };

  const run = (): void => {
    if (polling) return;
    polling = true;
    // While the store is away nobody hears a sign of life, and whoever follows takes that for what it is.
    poll()
      .catch(options.onFault)
      .finally(() => {
        polling = false;
      });
  };

  return {
    open(subscription) {
      const own = [...streams].filter(({ server }) => server === subscription.server);
      if (own.length >= maxPerServer) return undefined;
      let stream: Stream | undefined;
      return new ReadableStream<Uint8Array>(
        {
          start(controller) {
            const openedMs = nowMs();
            const times = { openedMs, sentMs: openedMs, fullSinceMs: undefined };
            stream = {
              ...subscription,
              ...times,
              controller,
              position: subscription.after,
              epoch: '',
              seq: 0,
              busy: false,
            };
            if (streams.size === 0) timer = setInterval(run, pollMs).unref();
            streams.add(stream);
            run();
          },
          cancel() {
            if (stream) drop(stream);
          },
        },
        new ByteLengthQueuingStrategy({ highWaterMark: maxWaiting }),
      );
    },
    counts() {
      const counts = new Map<string, number>();
      for (const { server } of streams) counts.set(server, (counts.get(server) ?? 0) + 1);
      return counts;
    },
    close() {
      for (const stream of streams) drop(stream);
    },
  };
}

/** What changed after a position, as the store has it. */
interface News {
  readonly position: number;
  readonly complete: boolean;
  readonly people: readonly (Omit<PersonCutOff, 'who'> & { readonly account: string })[];
  readonly tokens: readonly (TokenCutOff & { readonly resource: string })[];
  readonly stops: readonly StopNews[];
}

/** A stop as it is at side B; `resource` is the one server that it is about, `account` the one person. */
export interface StopNews extends Omit<BroadStop, 'who'> {
  readonly resource: string | undefined;
  readonly account: string | undefined;
}

function nothing(position: number): News {
  return { position, complete: true, people: [], tokens: [], stops: [] };
}

async function readNews(
  { cutOffs, stops: kept }: Pick<Store, 'cutOffs' | 'stops'>,
  after: number,
  latest: number,
  now: EpochSeconds,
): Promise<News> {
  // A position that has not been yet is of another store, or of one that was restored: then everything is told.
  const from = after > latest ? 0 : after;
  const people = await cutOffs.people(from, now, maxPerFrame);
  const tokens = await cutOffs.tokens(from, now, maxPerFrame);
  const changed = await kept.changed(from, now, maxPerFrame);
  const stops = fitting(changed);
  // Where one list was cut short, the other is told only as far: no position is passed with something left before it.
  const ends = [people, tokens, stops]
    .filter((list) => list.length === maxPerFrame || (list === stops && stops.length < changed.length))
    .map((list) => list.at(-1)?.position ?? 0);
  const position = Math.min(Math.max(latest, from), ...ends);
  return {
    position,
    complete: ends.length === 0,
    people: people
      .filter((one) => one.position <= position)
      .map(({ account, tokensBefore, blocked, until }) => ({ account, before: tokensBefore, blocked, until })),
    tokens: tokens.filter((one) => one.position <= position),
    stops: stops.filter((one) => one.position <= position).flatMap(toStopNews),
  };
}

/** As many as go into one frame, and one at least. */
function fitting(stops: readonly Stop[]): readonly Stop[] {
  let bytes = 0;
  const end = stops.findIndex((stop, at) => {
    bytes += Buffer.byteLength(JSON.stringify(toStopNews(stop)));
    return at > 0 && bytes > maxStopBytes;
  });
  return end === -1 ? stops : stops.slice(0, end);
}

/** What of a stop is for guards: hits at side B, but for single ID-JAGs, of which they know nothing. */
function toStopNews(stop: Stop): StopNews[] {
  const hits = stop.hits.filter(({ at, what }) => at === 'ras' && what !== 'id_jag');
  return hits.map((hit, at) => {
    const { stands, tokensBefore } = standingOf(stop, hit);
    const { what, value } = hit;
    const from = what === 'issuer' || what === 'key' ? value : hit.from;
    return {
      id: `${stop.id}.${at}`,
      client: what === 'client' ? value : undefined,
      resource: what === 'server' ? value : undefined,
      account: what === 'account' ? value : undefined,
      from,
      before: tokensBefore,
      stands,
      until: stop.resumed?.until ?? untilOf(stop.at),
    };
  });
}

function toBroadStop({ resource: _, account, ...stop }: StopNews, resource: string): BroadStop {
  return { ...stop, who: account === undefined ? undefined : toWho(resource, account) };
}

function toWho(resource: string, account: string): string {
  return hash('sha256', toWhoInput(resource, account), 'base64url');
}
