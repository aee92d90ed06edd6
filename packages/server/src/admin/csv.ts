import { withoutFormulas } from '../exports/formats/no-formula.ts';
import { toVisible } from '../exports/formats/visible.ts';

/**
 * One line of a table for spreadsheets (RFC 4180). What a spreadsheet would take for a formula begins with an apostrophe, and
 * what cannot be seen is made visible: names are whatever somebody chose (T32).
 */
export function toCsvLine(values: readonly (string | number)[]): string {
  return `${values.map(toField).join(',')}\r\n`;
}

function toField(value: string | number): string {
  if (typeof value === 'number') return String(value);
  return `"${withoutFormulas(toVisible(value)).replaceAll('"', '""')}"`;
}
