import type { StoredAuditRow } from '../store/store.ts';
import { readRecord } from './personal.ts';
import type { RecordFault } from './verification.ts';

/**
 * Whether the columns that a store looks records up by say what the record says. They are no part of what is sealed: a row
 * whose person was changed there would be found under the wrong name, or never.
 */
export function lookUpFault(row: StoredAuditRow, line: number): RecordFault | undefined {
  const record = readRecord(row);
  const columns: readonly [name: string, column: string | undefined, fact: string | undefined][] = [
    ['id', row.id, record.id],
    ['kind', row.kind, record.kind],
    ['time_ms', String(row.timeMs), String(record.timeMs)],
    ['person', row.person, record.person ?? record.subject],
    ['client', row.client, record.client],
    ['server', row.server, record.server],
    ['id_jag', row.idJag, record.idJag],
    ['access_token', row.accessToken, record.accessToken],
  ];
  // PostgreSQL keeps no text with a NUL in it; such a fact is looked up by nobody.
  const wrong = columns.find(([, column, fact]) => column !== fact && !fact?.includes('\0'));
  if (!wrong) return undefined;
  return { line, id: record.id, fault: 'altered', words: `the store looks it up by another ${wrong[0]} than it says` };
}
