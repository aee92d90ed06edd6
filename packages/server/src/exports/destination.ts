import type { StoredAuditRow } from '../store/store.ts';

/** A record on its way out: the line as the destination wants it, and where it comes from. */
export interface Line {
  readonly row: StoredAuditRow;
  readonly text: string;
}

/** What became of a batch. `why` is made of our own words and known codes: nothing of an answer gets into the store or the log. */
export type Sent =
  /** It is there, as far as this kind of destination can say so. */
  | { readonly outcome: 'delivered' }
  /** The destination has read it and will never take it. */
  | { readonly outcome: 'refused'; readonly why: string }
  /**
   * It may be taken later. `faulty` = the destination was there and failed at it, which may be for something in the batch.
   * Where the destination says when to come back, not before.
   */
  | { readonly outcome: 'away'; readonly why: string; readonly faulty: boolean; readonly waitMs?: number };

/** Where lines go, a batch at a time, in order. */
export interface Destination {
  /** A batch is never longer than this; it may be larger when it is a single line. */
  readonly most: { readonly lines: number; readonly bytes: number };
  /** How long to wait for company after a batch that was not full, where each costs a connection. */
  readonly gatherMs?: number;
  /** Resolves when the batch has arrived, or has not. Never asked again while it is under way. */
  send(batch: readonly Line[]): Promise<Sent>;
  close(): Promise<void>;
}

/** Of an error its code, or the name of its kind: its text may quote what was sent. */
export function away(error: unknown): Sent {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  const name = cause instanceof Error ? cause.name : 'fault';
  const why = typeof code === 'string' && /^\w{1,60}$/.test(code) ? code : name;
  return { outcome: 'away', why, faulty: false };
}
