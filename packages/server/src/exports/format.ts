import type { StoredAuditRow } from '../store/store.ts';
import { toCef } from './formats/cef.ts';
import { csvHeader, toCsv } from './formats/csv.ts';
import { type Exported, toExported } from './formats/exported.ts';
import { toJson } from './formats/json.ts';
import { toOcsf } from './formats/ocsf.ts';

/** Formats of one line a record. */
export const formats = ['jsonl', 'ocsf', 'cef', 'csv'] as const;
export type Format = (typeof formats)[number];

const writers: Readonly<Record<Format, (record: Exported) => string>> = {
  jsonl: toJson,
  ocsf: toOcsf,
  cef: toCef,
  csv: toCsv,
};

/** The line of a record in this format, without its end. */
export function toLine(format: Format, row: StoredAuditRow): string {
  return writers[format](toExported(row));
}

/** What a file in this format begins with, where it begins with anything. */
export function headerOf(format: Format): string | undefined {
  return format === 'csv' ? csvHeader : undefined;
}
