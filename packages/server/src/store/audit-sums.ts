import type { Compilable, Kysely } from 'kysely';
import type { AuditDayTable, AuditSumTable, Schema } from './schema.ts';
import type { DayFilter, UseSum } from './uses.ts';

/** Days in one row: of a month, the parts of weeks at its ends are read by the day, and the rest eight days at a time. */
const spans = [1, 8] as const;
const longest = 8;

type Counts = Pick<AuditDayTable, 'issued' | 'redeemed' | 'called' | 'refused' | 'last_ms'>;

/** What clients did at servers by day, added up for each server and for each client, in spans of one day and of eight. */
export function sumUpDays(days: readonly AuditDayTable[]): readonly AuditSumTable[] {
  const sums = new Map<string, AuditSumTable>();
  for (const row of days) {
    for (const about of ['server', 'client'] as const) {
      for (const span of spans) {
        const day = row.day - (row.day % span);
        // The id last: it alone is somebody's text.
        const name = `${row.side} ${about} ${span} ${day} ${row[about]}`;
        sums.set(name, { side: row.side, about, span, day, id: row[about], ...plus(sums.get(name), row) });
      }
    }
  }
  return [...sums.values()];
}

function plus(sum: Counts | undefined, more: Counts): Counts {
  return {
    issued: (sum?.issued ?? 0) + more.issued,
    redeemed: (sum?.redeemed ?? 0) + more.redeemed,
    called: (sum?.called ?? 0) + more.called,
    refused: (sum?.refused ?? 0) + more.refused,
    last_ms: Math.max(sum?.last_ms ?? 0, more.last_ms),
  };
}

/**
 * Sums since a day, for each server or each client. For a thousand servers and ninety days that is eighteen thousand rows at most,
 * however long the record is and however many clients there are.
 * @param late - what is not in the tables yet
 */
export async function readSums(
  db: Kysely<Schema>,
  {
    side,
    about,
    fromDay,
  }: { readonly side: DayFilter['side']; readonly about: 'server' | 'client'; readonly fromDay: number },
  late: readonly AuditDayTable[],
): Promise<ReadonlyMap<string, UseSum>> {
  const firstWhole = Math.ceil(fromDay / longest) * longest;
  const rows = await db
    .selectFrom('audit_sums')
    .select(({ fn }) => [
      'id',
      fn.sum<number>('issued').as('issued'),
      fn.sum<number>('redeemed').as('redeemed'),
      fn.sum<number>('called').as('called'),
      fn.sum<number>('refused').as('refused'),
      fn.max<number>('last_ms').as('last_ms'),
    ])
    .where('side', '=', side)
    .where('about', '=', about)
    .where(({ or, eb }) =>
      or([
        eb.and([eb('span', '=', 1), eb('day', '>=', fromDay), eb('day', '<', firstWhole)]),
        eb.and([eb('span', '=', longest), eb('day', '>=', firstWhole)]),
      ]),
    )
    .groupBy('id')
    .execute();
  const sums = new Map<string, Counts>();
  const add = (id: string, { issued, redeemed, called, refused, last_ms }: Counts) => {
    const numbers = {
      issued: Number(issued),
      redeemed: Number(redeemed),
      called: Number(called),
      refused: Number(refused),
    };
    sums.set(id, plus(sums.get(id), { ...numbers, last_ms: Number(last_ms) }));
  };
  for (const row of rows) add(row.id, row);
  for (const row of late) if (row.side === side && row.day >= fromDay) add(row[about], row);
  return new Map([...sums].map(([id, { last_ms: lastMs, ...sum }]) => [id, { ...sum, lastMs }]));
}

/** The steps that take away spans whose last day is this one or before. */
export function removeOldSums(db: Kysely<Schema>, lastDay: number): Compilable[] {
  return (['idp', 'ras'] as const).flatMap((side) =>
    (['server', 'client'] as const).flatMap((about) =>
      spans.map((span) =>
        db
          .deleteFrom('audit_sums')
          .where('side', '=', side)
          .where('about', '=', about)
          .where('span', '=', span)
          .where('day', '<=', lastDay - span + 1),
      ),
    ),
  );
}
