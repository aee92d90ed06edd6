import type { EpochSeconds } from '@credence/mcp/protocol';
import type { SqliteWriter, Statement } from './sqlite-writer.ts';
import { type AuditRow, type Commit, type Mark, StoreConflict, StoreUnavailable } from './store.ts';

/**
 * Several processes of one home, and one that writes: two writers at one SQLite file stall each other for seconds. The
 * others send it what they would write and answer when it says that it is durable.
 */
export type RemoteUnit =
  | { readonly marks: readonly Mark[]; readonly records: readonly AuditRow[]; readonly asOf?: number | undefined }
  | {
      readonly steps: readonly Statement[];
      readonly conditional: boolean;
      readonly records: readonly AuditRow[];
    }
  | { readonly forgetUsed: EpochSeconds };

/** What became of one unit. A commit is `true`, `stale`, or the place of the mark it lost; a write the rows each step changed. */
export type RemoteOutcome =
  | { readonly value: RemoteValue }
  | { readonly failed: string; readonly why: 'unavailable' | 'conflict' | 'fault' };

type RemoteValue = true | 'stale' | number | readonly number[];

/** Units that arrived in one turn of the event loop, which travel and become durable together. */
export interface RemoteBatch {
  readonly batch: number;
  readonly units: readonly RemoteUnit[];
}
export interface RemoteAnswer {
  readonly batch: number;
  readonly outcomes: readonly RemoteOutcome[];
}

/** The side that does not write. */
export interface RemoteWriter extends Pick<SqliteWriter, 'commit' | 'write' | 'forgetUsed' | 'close'> {
  /** Takes what the writing process answered. */
  settle(answer: RemoteAnswer): void;
}

interface Waiting {
  readonly unit: RemoteUnit;
  readonly settle: (outcome: RemoteOutcome) => void;
}

/** @param post - sends a batch to the process that writes; throws when it cannot be reached */
export function createRemoteWriter(post: (batch: RemoteBatch) => void): RemoteWriter {
  const sent = new Map<number, readonly Waiting[]>();
  let waiting: Waiting[] = [];
  let batches = 0;
  let closed = false;

  const submit = (unit: RemoteUnit): Promise<RemoteValue> => {
    if (closed) return Promise.reject(new StoreUnavailable('The store is closed.'));
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({
        unit,
        settle: (outcome) => ('value' in outcome ? resolve(outcome.value) : reject(toError(outcome))),
      });
    });
  };

  function flush(): void {
    const group = waiting;
    if (group.length === 0) return;
    waiting = [];
    batches += 1;
    sent.set(batches, group);
    try {
      post({ batch: batches, units: group.map(({ unit }) => unit) });
    } catch {
      sent.delete(batches);
      const failed = 'The process that writes the store is away.';
      for (const { settle } of group) settle({ failed, why: 'unavailable' });
    }
  }

  return {
    async commit({ marks, records, recordsIfLost, asOf }: Commit) {
      const lostAt = await submit({ marks, records, asOf });
      if (lostAt === 'stale') return { won: false, stale: true };
      const lost = typeof lostAt === 'number' ? marks[lostAt] : undefined;
      if (!lost) return { won: true };
      // The mark of somebody else stands; what is said about it is written before anybody is told.
      const instead = recordsIfLost?.(lost) ?? [];
      if (instead.length > 0) await submit({ marks: [], records: instead });
      return { won: false, lost };
    },
    async write({ steps, conditional = false, records = [] }) {
      const compiled = steps.map((step) => step.compile()).map(({ sql, parameters }) => ({ sql, parameters }));
      return (await submit({ steps: compiled, conditional, records })) as readonly number[];
    },
    async forgetUsed(now) {
      await submit({ forgetUsed: now });
    },
    settle({ batch, outcomes }) {
      const group = sent.get(batch) ?? [];
      sent.delete(batch);
      for (const [at, { settle }] of group.entries()) {
        settle(outcomes[at] ?? { failed: 'The process that writes said nothing about it.', why: 'unavailable' });
      }
    },
    async close() {
      flush();
      closed = true;
    },
  };
}

function toError({ failed, why }: Extract<RemoteOutcome, { failed: string }>): Error {
  if (why === 'unavailable') return new StoreUnavailable(failed);
  return why === 'conflict' ? new StoreConflict(failed) : new Error(failed);
}

/** The side that writes: carries out a batch of another process. Its units share a group with whatever arrives here. */
export async function performBatch(
  writer: Pick<SqliteWriter, 'commit' | 'perform' | 'forgetUsed'>,
  { batch, units }: RemoteBatch,
): Promise<RemoteAnswer> {
  return { batch, outcomes: await Promise.all(units.map((unit) => performUnit(writer, unit))) };
}

async function performUnit(
  writer: Pick<SqliteWriter, 'commit' | 'perform' | 'forgetUsed'>,
  unit: RemoteUnit,
): Promise<RemoteOutcome> {
  try {
    if ('steps' in unit) return { value: await writer.perform(unit.steps, unit) };
    if ('forgetUsed' in unit) {
      await writer.forgetUsed(unit.forgetUsed);
      return { value: true };
    }
    const outcome = await writer.commit(unit);
    if ('stale' in outcome) return { value: 'stale' };
    return { value: outcome.won || unit.marks.indexOf(outcome.lost) };
  } catch (error) {
    const why =
      error instanceof StoreUnavailable ? 'unavailable' : error instanceof StoreConflict ? 'conflict' : 'fault';
    return { failed: error instanceof Error ? error.message : 'The store met a fault.', why };
  }
}
