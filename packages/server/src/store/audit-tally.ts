import { type Compilable, type Kysely, PostgresAdapter, sql } from 'kysely';
import { sumUpDays } from './audit-sums.ts';
import type { AuditDayTable, AuditHourTable, Schema } from './schema.ts';
import type { SaidFacts } from './store.ts';

/** What of a line is counted. */
export interface Counted {
  readonly kind: string;
  readonly timeMs: number;
  readonly client?: string | undefined;
  readonly server?: string | undefined;
  readonly said: SaidFacts;
}

/** Lines in numbers: by hour, and by day for each client at each server. */
export interface Tally {
  readonly hours: readonly AuditHourTable[];
  readonly days: readonly AuditDayTable[];
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** Kinds that are about a client at a server. */
const counted = new Set(['issuance', 'decision', 'redemption', 'tool_call', 'refusal']);

/** Adds lines up, in whatever order they come. */
export function createTally(): { add(line: Counted): void; sums(): Tally } {
  const hours = new Map<string, AuditHourTable>();
  const days = new Map<string, AuditDayTable>();
  return {
    add(line) {
      const { kind, timeMs } = line;
      const hour = Math.floor(timeMs / hourMs);
      const [outcome, reason] = [outcomeOf(line), textOf(line.said.reason)];
      const hourKey = `${hour}\n${kind}\n${outcome}\n${reason}`;
      const sum = hours.get(hourKey) ?? { hour, kind, outcome, reason, lines: 0 };
      hours.set(hourKey, sum);
      sum.lines += 1;
      if (!counted.has(kind) || (line.client === undefined && line.server === undefined)) return;
      const side = line.said.domain === 'idp' ? 'idp' : 'ras';
      const [server, client, day] = [line.server ?? '', line.client ?? '', Math.floor(timeMs / dayMs)];
      const dayKey = `${side} ${day} ${server.length} ${server}${client}`;
      const found = days.get(dayKey) ?? { side, server, day, client, ...nothing };
      days.set(dayKey, found);
      addTo(found, line);
    },
    sums: () => ({ hours: [...hours.values()], days: [...days.values()] }),
  };
}

const nothing = { issued: 0, redeemed: 0, called: 0, refused: 0, last_ms: 0 };

function addTo(sum: AuditDayTable, { kind, timeMs, said }: Counted): void {
  sum.last_ms = Math.max(sum.last_ms, timeMs);
  if (said.outcome === 'refused') sum.refused += 1;
  else if (kind === 'issuance') sum.issued += 1;
  else if (kind === 'redemption') sum.redeemed += 1;
  else if (kind === 'tool_call') sum.called += 1;
}

/** `narrowed`: allowed, and less than was asked for by name. */
function outcomeOf({ kind, said }: Counted): string {
  if (said.outcome !== 'allowed' || kind !== 'issuance') return textOf(said.outcome);
  const { scopesAsked: asked, scopesGranted: granted, unknownScopes } = said;
  const isNarrowed =
    (typeof unknownScopes === 'number' && unknownScopes > 0) ||
    (Array.isArray(asked) && Array.isArray(granted) && asked.some((scope: unknown) => !granted.includes(scope)));
  return isNarrowed ? 'narrowed' : 'allowed';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The steps that add these numbers to those that are there. All rows as one value each: statements whose text is always the same. */
export function addTally(db: Kysely<Schema>, { hours, days }: Tally): Compilable[] {
  const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter;
  const rows = (values: readonly (readonly (string | number)[])[]) => {
    const json = JSON.stringify(values);
    return isPostgres ? sql`json_array_elements(${json}::json)` : sql`json_each(${json})`;
  };
  const text = (at: number) => sql`value->>${sql.lit(at)}`;
  const number = (at: number) => (isPostgres ? sql`(value->>${sql.lit(at)})::bigint` : text(at));
  const list = (parts: readonly ReturnType<typeof text>[]) => sql.join(parts, sql`, `);
  const hourRows = hours.map(({ hour, kind, outcome, reason, lines }) => [hour, kind, outcome, reason, lines]);
  const dayRows = days.map((day) => [
    ...[day.side, day.server, day.day, day.client],
    ...[day.issued, day.redeemed, day.called, day.refused, day.last_ms],
  ]);
  const sumRows = sumUpDays(days).map((sum) => [
    ...[sum.side, sum.about, sum.span, sum.day, sum.id],
    ...[sum.issued, sum.redeemed, sum.called, sum.refused, sum.last_ms],
  ]);
  const intoHours = sql`INSERT INTO audit_hours (hour, kind, outcome, reason, lines)
    SELECT ${list([number(0), text(1), text(2), text(3), number(4)])} FROM ${rows(hourRows)} WHERE true
    ON CONFLICT (hour, kind, outcome, reason) DO UPDATE SET lines = audit_hours.lines + excluded.lines`;
  const intoDays = sql`INSERT INTO audit_days (side, server, day, client, issued, redeemed, called, refused, last_ms)
    SELECT ${list([text(0), text(1), number(2), text(3), ...[4, 5, 6, 7, 8].map(number)])}
    FROM ${rows(dayRows)} WHERE true
    ON CONFLICT (side, server, day, client) DO UPDATE SET ${added('audit_days')}`;
  const intoSums = sql`INSERT INTO audit_sums (side, about, span, day, id, issued, redeemed, called, refused, last_ms)
    SELECT ${list([text(0), text(1), number(2), number(3), text(4), ...[5, 6, 7, 8, 9].map(number)])}
    FROM ${rows(sumRows)} WHERE true
    ON CONFLICT (side, about, span, day, id) DO UPDATE SET ${added('audit_sums')}`;
  return [intoHours, intoDays, intoSums].map((query) => ({ compile: () => query.compile(db) }));
}

/** What a row that is there becomes by another of the same key. */
function added(table: 'audit_days' | 'audit_sums') {
  const of = sql.ref(table);
  return sql`issued = ${of}.issued + excluded.issued, redeemed = ${of}.redeemed + excluded.redeemed,
      called = ${of}.called + excluded.called, refused = ${of}.refused + excluded.refused,
      last_ms = CASE WHEN excluded.last_ms > ${of}.last_ms THEN excluded.last_ms ELSE ${of}.last_ms END`;
}
