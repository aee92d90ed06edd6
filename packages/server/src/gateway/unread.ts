import type { ServerResponse } from 'node:http';

/** Answers that their clients have not fetched yet. */
export interface Unread {
  /**
   * Resolves when the client can take more (`drain`), or has taken all (`close`), or is gone.
   * @param withinMs - after so long it is cut off
   */
  untilTaken(outgoing: ServerResponse, event: 'drain' | 'close', withinMs?: number): Promise<void>;
}

/**
 * A client that reads nothing does not get to fill our memory, however many connections it has: of more than so much that lies
 * unread, what has lain longest goes (T27).
 */
export function createUnread(maxBytes: number): Unread {
  const waiting = new Map<ServerResponse, number>();
  let bytes = 0;
  /** What of one lies unread counts once, however many wait for it. */
  const count = (outgoing: ServerResponse): void => {
    bytes += outgoing.writableLength - (waiting.get(outgoing) ?? 0);
    waiting.set(outgoing, outgoing.writableLength);
  };
  const countNoMore = (outgoing: ServerResponse): void => {
    bytes -= waiting.get(outgoing) ?? 0;
    waiting.delete(outgoing);
  };

  return {
    async untilTaken(outgoing, event, withinMs) {
      if (outgoing.writableLength === 0) return; // all of it is on its way
      const { promise: taken, resolve } = Promise.withResolvers<void>();
      outgoing.once(event, resolve);
      outgoing.once('close', resolve);
      const late = withinMs === undefined ? undefined : setTimeout(() => outgoing.destroy(), withinMs).unref();
      count(outgoing);
      for (const oldest of waiting.keys()) {
        if (bytes <= maxBytes) break;
        countNoMore(oldest);
        oldest.destroy();
      }
      await taken;
      clearTimeout(late);
      countNoMore(outgoing);
    },
  };
}
