import { withoutFormulas } from '../exports/formats/no-formula.ts';

/**
 * One line of a table for spreadsheets (RFC 4180). What a spreadsheet would take for a formula begins with an apostrophe: names
 * are whatever somebody chose.
 */
export function toCsvLine(values: readonly (string | number)[]): string {
  return `${values.map(toField).join(',')}\r\n`;
}

function toField(value: string | number): string {
  if (typeof value === 'number') return String(value);
  return `"${withoutFormulas(value).replaceAll('"', '""')}"`;
}
