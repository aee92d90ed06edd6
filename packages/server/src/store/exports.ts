import type { Selectable, UpdateQueryBuilder, UpdateResult } from 'kysely';
import type { Engine } from './engine.ts';
import type { ExportTable, Schema } from './schema.ts';
import type { AuditRow } from './store.ts';

/** How far one export of the record has come. */
export interface ExportPlace {
  readonly name: string;
  /** Everything up to this position has arrived, or lies among the dead letters. */
  readonly position: number;
  /** Records that arrived, and that nobody wanted, so far. */
  readonly sent: number;
  readonly dead: number;
  /** The node that carries it on; `undefined` = whoever comes first. */
  readonly holder: string | undefined;
  /** Grows while the holder is alive. Nobody compares clocks: whoever waits sees it stand still. */
  readonly beat: number;
  /** When its position changed last, and why nothing arrives, since when. Milliseconds since 1970. */
  readonly movedMs: number;
  readonly failing: { readonly why: string; readonly sinceMs: number } | undefined;
}

/** What has been dealt with. */
export interface Step {
  readonly from: number;
  readonly to: number;
  readonly sent: number;
  readonly dead: number;
  readonly nowMs: number;
}

export interface ExportStore {
  find(name: string): Promise<ExportPlace | undefined>;
  all(): Promise<readonly ExportPlace[]>;
  /** Makes a place at the beginning of the record; one that is there stays where it is. */
  begin(name: string, nowMs: number): Promise<void>;
  /** Takes over from the holder that was seen with that beat. Resolves true for exactly one caller. */
  take(place: Pick<ExportPlace, 'name' | 'holder' | 'beat'>, holder: string): Promise<boolean>;
  /** Says that the holder is alive. Resolves false when it is the holder no more. */
  beat(name: string, holder: string): Promise<boolean>;
  /** Moves on. Resolves false, and nothing happens, when the holder, or the place, is another by now. */
  advance(name: string, holder: string, step: Step): Promise<boolean>;
  /** Notes why nothing arrives. Since when stays as it was first noted. */
  fail(name: string, holder: string, why: string, nowMs: number): Promise<void>;
  /** Lets go, so that another need not wait. */
  release(name: string, holder: string): Promise<void>;
  /** Sets the place, whoever holds it, together with the records. Resolves false when there is no such export. */
  move(name: string, position: number, nowMs: number, records: readonly AuditRow[]): Promise<boolean>;
}

export function exportStore({ db, write }: Engine): ExportStore {
  const held = (name: string, holder: string) =>
    db.updateTable('exports').where('name', '=', name).where('holder', '=', holder);
  const changes = async (
    step: UpdateQueryBuilder<Schema, 'exports', 'exports', UpdateResult>,
    records: readonly AuditRow[] = [],
  ) => (await write({ steps: [step], records, conditional: true }))[0] === 1;

  return {
    find: async (name) => {
      const row = await db.selectFrom('exports').selectAll().where('name', '=', name).executeTakeFirst();
      return row && toPlace(row);
    },

    all: async () => (await db.selectFrom('exports').selectAll().orderBy('name').execute()).map(toPlace),

    begin: async (name, nowMs) => {
      const row = { name, position: 0, sent: 0, dead: 0, holder: null, beat: 0, moved_ms: nowMs };
      const insert = db.insertInto('exports').values({ ...row, failing: null, failing_ms: null });
      await write({ steps: [insert.onConflict((conflict) => conflict.column('name').doNothing())] });
    },

    take: ({ name, holder, beat }, by) =>
      changes(
        db
          .updateTable('exports')
          .set((row) => ({ holder: by, beat: row('beat', '+', 1) }))
          .where('name', '=', name)
          .where('beat', '=', beat)
          .where('holder', holder === undefined ? 'is' : '=', holder ?? null),
      ),

    beat: (name, holder) => changes(held(name, holder).set((row) => ({ beat: row('beat', '+', 1) }))),

    advance: (name, holder, { from, to, sent, dead, nowMs }) =>
      changes(
        held(name, holder)
          .where('position', '=', from)
          .set((row) => ({
            position: to,
            sent: row('sent', '+', sent),
            dead: row('dead', '+', dead),
            beat: row('beat', '+', 1),
            moved_ms: nowMs,
            failing: null,
            failing_ms: null,
          })),
      ),

    fail: async (name, holder, why, nowMs) => {
      await changes(
        held(name, holder).set(({ fn, ref, val }) => ({
          failing: why,
          failing_ms: fn.coalesce(ref('failing_ms'), val(nowMs)),
        })),
      );
    },

    release: async (name, holder) => {
      await changes(held(name, holder).set((row) => ({ holder: null, beat: row('beat', '+', 1) })));
    },

    move: (name, position, nowMs, records) =>
      changes(db.updateTable('exports').where('name', '=', name).set({ position, moved_ms: nowMs }), records),
  };
}

function toPlace(row: Selectable<ExportTable>): ExportPlace {
  const { name, position, sent, dead, holder, beat, moved_ms: movedMs, failing, failing_ms } = row;
  return {
    name,
    position,
    sent,
    dead,
    holder: holder ?? undefined,
    beat,
    movedMs,
    failing: failing === null ? undefined : { why: failing, sinceMs: failing_ms ?? movedMs },
  };
}
