import type { EpochSeconds } from '@credence/mcp/protocol';
import { type Compilable, type Kysely, sql } from 'kysely';
import { currentSeconds } from './artifacts.ts';
import { endEverything, endSome } from './ending.ts';
import type { Engine } from './engine.ts';
import type { Schema } from './schema.ts';
import type { AuditRow } from './store.ts';

/**
 * What still counts of what was issued (T21). A store that was restored has forgotten what was used up, ended and revoked since
 * the backup; so has a database whose standby took over too early. A new epoch ends all of it, whoever holds it.
 */
export interface Epoch {
  /** What our own tokens carry, and no token of before: random, so that it cannot come back, whatever the clocks say. */
  readonly id: string;
  /** What is used once, and is somebody else's to date, counts only when it was issued after this second. */
  readonly since: EpochSeconds;
}

/** Whether anything from before it could still live: the longest life of an access token, with twice the most skew. */
export function isYoung({ id, since }: Epoch, now: EpochSeconds): boolean {
  return id !== '' && now < since + 3600 + 120;
}

/** An epoch with the one that was asked for after it, which begins with the next process that serves. */
export interface EpochState extends Epoch {
  readonly begins: NewEpoch | undefined;
}

/** Why an epoch begins, for the record. */
export interface NewEpoch {
  readonly reason: string;
  /** Account of the machine that asked for it. */
  readonly by: string;
  readonly askedMs: number;
  /** What the store knew: the last line of its record, and when that was written. */
  readonly knows?: { readonly position: number; readonly id: string; readonly timeMs: number };
  /** When the backup was made; absent where none was restored. */
  readonly backupMs?: number;
}

export interface EpochStore {
  read(): Promise<EpochState>;
  /** Begins the epoch that was asked for, with its records. Resolves true for exactly one caller. */
  begin(epoch: Epoch, records: readonly AuditRow[]): Promise<boolean>;
  /**
   * Ends every session, grant, code and link of everybody, tells the authorization servers, and begins an epoch in the same
   * step: from then on nobody accepts what was issued before.
   */
  endAll(epoch: Epoch, records: readonly AuditRow[]): Promise<void>;
}

export function epochStore({ db, write }: Engine): EpochStore {
  return {
    read: async () => {
      const { id, since, begins } = await db.selectFrom('epoch').selectAll().executeTakeFirstOrThrow();
      return { id, since, begins: begins === null ? undefined : (JSON.parse(begins) as NewEpoch) };
    },

    begin: async ({ id, since }, records) => {
      const begin = db.updateTable('epoch').set({ id, since, begins: null }).where('begins', 'is not', null);
      const [begun] = await write({ steps: [begin, ...countFarAhead(db)], conditional: true, records });
      return begun === 1;
    },

    endAll: async ({ id, since }, records) => {
      // A little at a time, as nobody is to wait for it; what is made meanwhile goes with the last step.
      let removed: number | undefined;
      do [removed] = await write({ steps: [endSome(db)] });
      while (removed);
      const begin = db.updateTable('epoch').set({ id, since, begins: null });
      await write({ steps: [...endForEpoch(db), begin, ...countFarAhead(db)], records });
    },
  };
}

/** Steps, for a store that nobody serves, after which the next process to serve begins a new epoch. */
export function requestEpoch(db: Kysely<Schema>, epoch: NewEpoch): Compilable[] {
  return [...endForEpoch(db), db.updateTable('epoch').set({ begins: JSON.stringify(epoch) })];
}

function endForEpoch(db: Kysely<Schema>): Compilable[] {
  // A code of an authenticator app that was used since would work again within its minute.
  const step = Math.floor(currentSeconds() / totpSeconds) + 1;
  const used = db.updateTable('factors').set({ counter: step }).where('kind', '=', 'totp').where('counter', '<', step);
  return [...endEverything(db), used];
}

/** RFC 6238 §4.1, as in `directory/totp.ts`. */
const totpSeconds = 30;

/**
 * Sequences jump past every value they can have had before: who knows what was so at one of those, in this process or at the
 * other end of a stream, looks again.
 */
function countFarAhead(db: Kysely<Schema>): Compilable[] {
  const far = { value: sql<number>`value + 1000000000` };
  return [db.updateTable('change_sequence').set(far), db.updateTable('loss_sequence').set(far)];
}
