import { lastPosition } from './audit-index.ts';
import { toStoredRow } from './audit-log.ts';
import type { Engine } from './engine.ts';
import { readLines } from './read-lines.ts';
import type { RecentLine } from './recent-lines.ts';
import type { AuditRow, StoredAuditRow } from './store.ts';

/** What can be shown here without having been given out here: by the column that names it. */
export type Shown = 'id_jag' | 'access_token';

/** Finds lines that tell of an ID-JAG redeemed, or a token used, of which no line says that it was given out (T13). */
export interface OrphanStore {
  /**
   * Looks at the next lines of the record, at most `limit`, and writes what `toAlerts` makes of those that stand alone, in the
   * step that moves on: whatever happens, and however many processes look, each line is looked at once. Begins, the first
   * time, with what is written from then on. Resolves to the alerts written, and to whether there is more to look at.
   * @param issuer - nothing is made of lines that name another one: they need not be looked up
   */
  lookFurther(
    shown: Shown,
    limit: number,
    toAlerts: (alone: readonly StoredAuditRow[]) => Promise<readonly AuditRow[]>,
    issuer?: string,
  ): Promise<{ readonly alerts: readonly AuditRow[]; readonly isMore: boolean }>;
}

/** In which kind of line it is shown, and which says that it was given out. */
const kinds: Readonly<Record<Shown, { readonly shown: string; readonly given: string }>> = {
  id_jag: { shown: 'redemption', given: 'issuance' },
  access_token: { shown: 'tool_call', given: 'redemption' },
};

const nothing = { alerts: [], isMore: false };

/** Lines passed over in one step, where nothing is shown in them. */
const passedOver = 4096;

export function orphanStore(engine: Engine): OrphanStore {
  const { db, write, recent } = engine;
  return {
    async lookFurther(shown, limit, toAlerts, issuer) {
      const name = `orphans:${shown}`;
      const reader = await db
        .selectFrom('audit_readers')
        .select('position')
        .where('name', '=', name)
        .executeTakeFirst();
      const last = await lastPosition(db);
      if (!reader) {
        const begin = db
          .insertInto('audit_readers')
          .values({ name, position: last })
          .onConflict((conflict) => conflict.column('name').doNothing());
        await write({ steps: [begin] });
        return nothing;
      }
      const from = reader.position;
      if (last <= from) return nothing;
      const isLookedUp = ({ kind, said }: RecentLine) =>
        kind === kinds[shown].shown && (issuer === undefined || said.issuer === issuer);
      const end = Math.min(last, from + limit);
      const clear = await clearTo(from, Math.min(last, from + passedOver), isLookedUp);
      const to = Math.max(end, clear);
      const alone = clear >= end ? [] : await linesAlone(shown, from, end);
      const alerts = alone.length === 0 ? [] : await toAlerts(alone.map(toStoredRow));
      const advance = db
        .updateTable('audit_readers')
        .set({ position: to })
        .where('name', '=', name)
        .where('position', '=', from);
      const [advanced] = await write({ steps: [advance], conditional: true, records: alerts });
      return advanced === 0 ? nothing : { alerts, isMore: to < last };
    },
  };

  /** Up to where no line has anything to be looked up; of lines that are not at hand, only the store can say. */
  async function clearTo(from: number, to: number, isLookedUp: (line: RecentLine) => boolean): Promise<number> {
    if (!recent?.reaches(from)) return from;
    const first = (await readLines(engine, from, to)).find(isLookedUp);
    return first ? first.position - 1 : to;
  }

  /** Lines from behind `from` up to `to` in which something is shown that no line says was given out. */
  function linesAlone(shown: Shown, from: number, to: number) {
    return db
      .selectFrom('audit as line')
      .selectAll('line')
      .where('line.position', '>', from)
      .where('line.position', '<=', to)
      .where('line.kind', '=', kinds[shown].shown)
      .where(`line.${shown}`, 'is not', null)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('audit as given')
              .select('given.position')
              .whereRef(`given.${shown}`, '=', `line.${shown}`)
              .where(`given.${shown}`, 'is not', null)
              .where('given.kind', '=', kinds[shown].given),
          ),
        ),
      )
      .orderBy('line.position')
      .execute();
  }
}
