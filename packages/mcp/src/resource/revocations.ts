import type { AccessToken, RevocationFrame, VerifySignature } from '../protocol/index.ts';
import { openBook } from './book.ts';
import { getJson } from './get-json.ts';
import type { GuardOptions } from './guard.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { readFrames, StreamRefused } from './revocation-stream.ts';
import { verifyWithWebCrypto } from './verify-signature.ts';

/** What is known of a token: it holds, it is revoked, or nobody has said anything for too long. */
export type Standing = 'holds' | 'revoked' | 'unknown';

/** Who is cut off, as the authorization server tells it, in the memory of this process. */
export interface Revocations {
  /** Resolves when everything is known for the first time: before that, all is `unknown`. */
  readonly ready: Promise<void>;
  /** At once, but for the first look at a person while anybody is cut off. */
  standingOf(token: AccessToken): Standing | Promise<Standing>;
  /**
   * Aborts when this caller is cut off, the token ends, or nothing is heard for too long: for streams and whatever else goes on
   * after the request was let in. The same signal each time for the same token.
   */
  signalOf(caller: AccessToken): AbortSignal;
  /** Whether nothing has been heard for too long, or nothing yet. */
  isDeaf(): boolean;
  /** Follows no more; from then on all is `unknown`. */
  close(): void;
}

interface Credentials {
  readonly id: string;
  readonly secret: string;
}

export interface RevocationOptions {
  /** Own resource identifier, as for the guard. */
  readonly resource: string;
  /** The authorization server whose tokens are taken. */
  readonly issuer: string;
  /** As at introspection: `server:<id>`, and its secret; a function is asked at each connection, so that a new secret needs no restart. */
  readonly credentials: Credentials | (() => Promise<Credentials>);
  /** Where the stream is; `<issuer>/events/stream` unless said otherwise. */
  readonly url?: string;
  /** Its keys, as for the guard. */
  readonly keys?: GuardOptions['keys'];
  /** After so long without a sign of life nothing is known any more. 10 unless said otherwise. */
  readonly deafSeconds?: number;
  /** What becomes of requests then: 503, or they are let in as if nobody were cut off that is not known to be. */
  readonly whenDeaf?: 'refuse' | 'accept';
  /** Told why the stream broke off; it is taken up again by itself. */
  readonly onFault?: (fault: unknown) => void;
  readonly verifySignature?: VerifySignature;
  readonly fetch?: typeof fetch;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsedMs?: () => number;
}

const tickMs = 500;
/** What is over is kept so much longer: a clock is set right by a little now and then. */
const keptMs = 60_000;
const [shortestPauseMs, longestPauseMs, refusedPauseMs] = [250, 3000, 15_000];

/** Follows the stream of revocations until it is closed. @see docs/connect.md, for authors of servers */
export function followRevocations(options: RevocationOptions): Revocations {
  const {
    issuer,
    resource,
    deafSeconds = 10,
    whenDeaf = 'refuse',
    nowMs = Date.now,
    onFault = () => undefined,
  } = options;
  const elapsedMs = options.elapsedMs ?? (() => performance.now());
  const { credentials, keys = 'discovery', url = `${issuer}/events/stream` } = options;
  const { keysOf } = createIssuerKeys({
    getJson,
    now: () => Math.floor(nowMs() / 1000),
    onFault: (_, fault) => onFault(fault),
  });
  const book = openBook(resource);
  const watched = new Map<string, { readonly caller: AccessToken; readonly controller: AbortController }>();
  let isReady = () => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  let connection = new AbortController();
  let connectedMs = 0;
  /** Up to this moment everything is known. */
  let heardMs = Number.NEGATIVE_INFINITY;
  let position = 0;
  /** The last that was heard of; `null` = nothing was. */
  let epoch: string | undefined | null = null;
  /** Up to this moment, by the clock, what is over was forgotten. */
  let forgottenMs = Number.NEGATIVE_INFINITY;
  let closed = false;
  let endPause = () => {};

  const isDeaf = () => elapsedMs() - heardMs > deafSeconds * 1000;

  const standingOf = (token: AccessToken): Standing | Promise<Standing> => {
    if (book.isRevoked(token.id)) return 'revoked';
    if (closed || (isDeaf() && whenDeaf === 'refuse')) return 'unknown';
    // The store that issued it has forgotten what was revoked, and said so (T21).
    if (epoch !== null && token.epoch !== epoch) return 'revoked';
    return book.judge(token);
  };

  const cut = (id: string): void => {
    watched.get(id)?.controller.abort();
    watched.delete(id);
  };
  const cutIfOver = async (caller: AccessToken): Promise<void> => {
    const isOver = caller.expiresAt * 1000 <= nowMs() || (await standingOf(caller)) !== 'holds';
    if (isOver) cut(caller.id);
  };

  const take = (frame: RevocationFrame): void => {
    const isNews = book.take(frame);
    position = frame.position;
    const isEnd = frame.epoch !== epoch;
    epoch = frame.epoch;
    if (isNews || isEnd) for (const { caller } of watched.values()) void cutIfOver(caller);
  };

  const listen = async (): Promise<void> => {
    // First of all: what it takes to get them is no silence of the stream.
    const authorization = toBasic(typeof credentials === 'function' ? await credentials() : credentials);
    if (closed) return;
    connection = new AbortController();
    const beganMs = elapsedMs();
    connectedMs = beganMs;
    let firstMs: number | undefined;
    const frames = readFrames({
      url,
      issuer,
      resource,
      authorization,
      after: position,
      keysOf: typeof keys === 'function' ? keys : (header) => keysOf({ issuer, keys }, header),
      verifySignature: options.verifySignature ?? verifyWithWebCrypto,
      fetch: options.fetch ?? fetch,
      signal: connection.signal,
    });
    for await (const frame of frames) {
      take(frame);
      firstMs ??= frame.atMs;
      if (!frame.complete) continue;
      // By the time it was said, not by the time it came: a stream that is held back on its way is no sign of life.
      heardMs = Math.min(elapsedMs(), beganMs + frame.atMs - firstMs);
      isReady();
    }
  };

  /** While nothing was heard yet somebody may be waiting for `ready`: it would end with the process if nothing kept that alive. */
  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      if (heardMs > Number.NEGATIVE_INFINITY) unref(timer);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const follow = async (): Promise<void> => {
    let failures = 0;
    while (!closed) {
      let longestMs = longestPauseMs;
      const began = heardMs;
      try {
        await listen();
      } catch (fault) {
        if (closed) return;
        onFault(fault);
        if (fault instanceof StreamRefused) longestMs = refusedPauseMs;
      }
      if (closed) return;
      failures = heardMs > began ? 0 : failures + 1;
      const pauseMs = longestMs === refusedPauseMs ? longestMs : Math.min(longestMs, shortestPauseMs * 2 ** failures);
      // Jittered, so that all servers of a restarted authorization server do not come at once.
      await pause(pauseMs * (0.5 + Math.random() / 2));
    }
  };

  const tick = (): void => {
    if (isDeaf() && elapsedMs() - connectedMs > deafSeconds * 1000)
      connection.abort(new Error('nothing was heard for too long'));
    for (const { caller } of watched.values()) void cutIfOver(caller);
    if (nowMs() < forgottenMs) {
      // The clock was ahead and was set back: what was forgotten by it concerns tokens that are good again. All is told anew.
      [position, heardMs, forgottenMs] = [0, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
      connection.abort(new Error('the clock was set back'));
    }
    forgottenMs = Math.max(forgottenMs, nowMs() - keptMs);
    book.forget(forgottenMs / 1000);
  };
  const timer = setInterval(tick, tickMs);
  unref(timer);
  void follow();

  return {
    ready,
    standingOf,
    isDeaf: () => closed || isDeaf(),
    signalOf(caller) {
      const known = watched.get(caller.id);
      if (known) return known.controller.signal;
      const controller = new AbortController();
      watched.set(caller.id, { caller, controller });
      void cutIfOver(caller);
      return controller.signal;
    },
    close() {
      closed = true;
      clearInterval(timer);
      connection.abort();
      endPause();
      for (const id of watched.keys()) cut(id);
    },
  };
}

/** Both parts are form-encoded first. @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function toBasic({ id, secret }: Credentials): string {
  return `Basic ${btoa([id, secret].map(encodeURIComponent).join(':'))}`;
}

/** Where timers keep a process alive, this one does not. */
function unref(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}
