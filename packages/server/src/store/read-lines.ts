import { setImmediate } from 'node:timers/promises';
import type { Engine } from './engine.ts';
import { pickSaid, type RecentLine, readSaid } from './recent-lines.ts';
import type { AuditTable } from './schema.ts';

const columns = ['position', 'kind', 'time_ms', 'body', 'personal', 'person', 'client', 'server'] as const;
/** Lines read in one go: whoever waits for the store meanwhile waits for less than a millisecond. */
const readLength = 128;

/**
 * The lines behind `from` up to `to`, in order: those at hand, and the others as they stand in the store, from where on they are at
 * hand for the next reader.
 */
export async function readLines({ db, recent }: Engine, from: number, to: number): Promise<readonly RecentLine[]> {
  const lines = [...(recent?.after(from, to - from) ?? [])];
  for (;;) {
    const rows = await db
      .selectFrom('audit')
      .select(columns)
      .where('position', '>', lines.at(-1)?.position ?? from)
      .where('position', '<=', to)
      .orderBy('position')
      .limit(readLength)
      .execute();
    const read = rows.map(toLine);
    recent?.add(read);
    lines.push(...read);
    if (rows.length < readLength) return lines;
    await setImmediate();
  }
}

function toLine(row: Pick<AuditTable, (typeof columns)[number]>): RecentLine {
  const { position, kind, time_ms: timeMs, personal, person, client, server } = row;
  return {
    position,
    kind,
    timeMs,
    person: person ?? undefined,
    client: client ?? undefined,
    server: server ?? undefined,
    said: pickSaid(readSaid(row)),
    isPersonal: personal !== null,
  };
}
