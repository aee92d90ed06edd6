import type { Config } from '../config.ts';
import type { Home } from '../home.ts';
import type { Count } from '../limits.ts';
import type { Snapshot } from '../metrics/meter.ts';

/** What the primary tells a worker. */
export type ToWorker =
  | { readonly start: WorkerStart }
  /** It may write to the SQLite file now. */
  | { readonly turn: 'yours' }
  | { readonly counts: readonly Count[] }
  /** What have you counted? */
  | { readonly measure: number }
  /** Say that you are not ready, and go on answering. */
  | { readonly leave: true }
  | { readonly stop: true };

/** What a worker tells the primary. */
export type ToPrimary =
  | { readonly ready: true }
  /** It cannot start, and why, in the operator's words. */
  | { readonly problem: { readonly message: string; readonly wayOut: string } }
  | TurnMessage
  | { readonly counts: readonly Count[] }
  /** As asked under that number. */
  | { readonly measured: number; readonly snapshot: Snapshot };

/** The configuration as the primary read it: a file that changes meanwhile does not make two installations of one. */
export interface WorkerStart {
  readonly config: Config;
  readonly home: Home;
  readonly dataDir: string;
  /** Names the chain that they all write to an SQLite store; into PostgreSQL each writes its own. */
  readonly node: string;
  /** Socket of the gateway, which is one process; `undefined` where that role is not played. */
  readonly gatewaySocket: string | undefined;
  /** Which of the workers it is, from 1; one that follows another has its place. */
  readonly place: number;
}

/** It wants to write to the SQLite file; it has written these lines of the record, and whatever else, and wants to go on. */
export type TurnMessage =
  | { readonly turn: 'ask' }
  /** `lines` as `toLineText` has them. */
  | { readonly turn: 'done'; readonly lines: string; readonly again: boolean };
