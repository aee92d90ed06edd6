import { type Exported, scopesOf, subjectOf } from './exported.ts';
import { withoutFormulas } from './no-formula.ts';
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

function toCell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const safe = withoutFormulas(toVisible(value));
  return /[",\s]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
