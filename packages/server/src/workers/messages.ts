import type { Config } from '../config.ts';
import type { Home } from '../home.ts';
import type { Count } from '../limits.ts';
import type { RemoteAnswer, RemoteBatch } from '../store/remote-writer.ts';

/** What the primary tells a worker. */
export type ToWorker =
  | { readonly start: WorkerStart }
  | { readonly answer: RemoteAnswer }
  | { readonly counts: readonly Count[] }
  | { readonly stop: true };

/** What a worker tells the primary. */
export type ToPrimary =
  | { readonly ready: true }
  /** It cannot start, and why, in the operator's words. */
  | { readonly problem: { readonly message: string; readonly wayOut: string } }
  | { readonly batch: RemoteBatch }
  | { readonly counts: readonly Count[] };

/** The configuration as the primary read it: a file that changes meanwhile does not make two installations of one. */
export interface WorkerStart {
  readonly config: Config;
  readonly home: Home;
  readonly dataDir: string;
  /** Socket of the gateway, which is one process; `undefined` where that role is not played. */
  readonly gatewaySocket: string | undefined;
}
