import { type Exported, scopesOf, subjectOf } from './exported.ts';
import { toVisible } from './visible.ts';

type Column = readonly [name: string, of: (record: Exported) => string | number | undefined];

const columns: readonly Column[] = [
  ['time', ({ timeMs }) => new Date(timeMs).toISOString()],
  ['id', ({ id }) => id],
  ['kind', ({ kind }) => kind],
  ['domain', ({ domain }) => domain],
  ['outcome', ({ outcome }) => outcome],
  ['reason', ({ reason }) => reason],
  ['person', subjectOf],
  ['by', ({ by }) => by],
  ['client', ({ client }) => client],
  ['server', ({ server, audience }) => server ?? audience],
  ['scopes', (record) => scopesOf(record).join(' ')],
  ['tool', ({ tool }) => tool],
  ['rules', ({ decision }) => decision?.because.join(' ')],
  ['policy_version', ({ policy }) => policy && `${policy.kind} ${policy.version}`],
  ['id_jag', ({ idJag }) => idJag],
  ['access_token', ({ accessToken }) => accessToken],
  ['correlation', ({ correlation }) => correlation],
  ['address', ({ address }) => address],
  ['detail', ({ detail }) => detail],
  ['node', ({ chain }) => chain.node],
  ['seq', ({ chain }) => chain.seq],
  ['hash', ({ chain }) => chain.hash],
];

/** First line of a file. */
export const csvHeader = columns.map(([name]) => name).join(',');

/** The record as one line of RFC 4180, for people and their spreadsheets; what it leaves out, JSON lines have. */
export function toCsv(record: Exported): string {
  return columns.map(([, of]) => toCell(of(record))).join(',');
}

/** A spreadsheet runs what begins like a formula, in some languages also with the wide signs: an apostrophe makes text of it (T32). */
function toCell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = toVisible(value);
  // Also behind a semicolon, which begins a cell where the comma is for decimals.
  const safe = text.replace(/(^|;)(\s*)(?=[=+\-@|%\uFF1D\uFF0B\uFF0D\uFF20])/g, "$1'$2");
  return /[",\s]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
