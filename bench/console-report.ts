import { loadavg } from 'node:os';
import { type Touches, touchBarMs } from './console-touches.ts';
import { median } from './measure.ts';
import { machine } from './report.ts';

/** One answer of the admin API, as the browser saw it. */
interface Call {
  readonly path: string;
  /** Until its first byte. */
  readonly waitedMs: number;
  readonly bytes: number;
}

/** One look at a page. */
export interface Visit {
  /** From the start of the navigation until the page can be worked with. */
  readonly readyMs: number;
  /** CPU time of the server, and of the thread of the page that answers hands, until nothing more was asked. */
  readonly serverCpuMs: number;
  readonly pageCpuMs: number;
  /** Page, scripts and styles as they came over the wire. */
  readonly fileBytes: number;
  readonly calls: readonly Call[];
}

export interface Measured {
  readonly name: string;
  readonly visits: readonly Visit[];
}

export const readyBarMs = 1000;

const header = [
  'Page',
  'files KiB',
  'calls',
  'answers KiB',
  'slowest answer',
  'ms',
  'server CPU ms',
  'page CPU ms',
  'ready ms',
];

/** For docs/performance.md. */
export function toConsoleSection(
  measured: readonly Measured[],
  {
    command,
    rounds,
    touches,
    size,
  }: {
    readonly command: string;
    readonly rounds: number;
    readonly touches: Touches;
    readonly size: Readonly<Record<'people' | 'groups' | 'servers' | 'rules' | 'lines', number>>;
  },
): string {
  const { date, node, cores } = machine();
  const of = (count: number) => count.toLocaleString('en');
  const touched = median(touches.again).toFixed(0);
  const missed = measured
    .filter(({ visits }) => readyMs(visits) > readyBarMs)
    .map(({ name, visits }) => `${name}: ${readyMs(visits).toFixed(0)} ms`);
  if (Number(touched) > touchBarMs) missed.push(`a touch in an open cell: ${touched} ms`);
  return [
    '## The console on a large organisation',
    '',
    `Written by \`npm run bench:console -- ${command}\` on ${date}: ${cores} cores shared with the browser, Node ${node}, SQLite,`,
    `${of(size.people)} people, ${of(size.groups)} groups, ${of(size.servers)} servers, ${of(size.rules)} rules, ${of(size.lines)} lines of the record. Each page is opened ${rounds}`,
    'times by a Chromium that has nothing of the console yet; medians. *Ready*: from the start of the navigation until what the page',
    `is about stands there and nothing of it is loading; the bar is ${of(readyBarMs)} ms. CPU: of the server, and of the page's own thread,`,
    'until the last answer: on a busy machine the figures to go by. An answer is timed to its first byte, beside the others asked for',
    `at once. While this was measured, ${(loadavg()[1] ?? 0).toFixed(0)} processes waited for the ${cores} cores on average, the browser's among them.`,
    '',
    `| ${header.join(' | ')} |`,
    `|---|${header
      .slice(1)
      .map((title) => (title === 'slowest answer' ? '---|' : '---:|'))
      .join('')}`,
    ...measured.map(({ name, visits }) => `| ${[name, ...cells(visits)].join(' | ')} |`),
    '',
    `A touch in an open cell of the matrix, until the draft is saved and what it does is counted again: ${touched} ms, median of ${touches.again.length}`,
    `(at most ${Math.max(...touches.again).toFixed(0)}; the bar is ${touchBarMs} ms), and ${touches.first.toFixed(0)} ms for the first, which begins the draft.`,
    '',
    ...(missed.length === 0 ? [] : ['Not met:', '', ...missed.map((each) => `- ${each}`), '']),
  ].join('\n');
}

function cells(visits: readonly Visit[]): string[] {
  const middle = (of: (visit: Visit) => number) => median(visits.map(of)).toFixed(0);
  const slowest = ({ calls }: Visit) => calls.toSorted((a, b) => b.waitedMs - a.waitedMs)[0];
  const kibibytes = (bytes: number) => bytes / 1024;
  const name = visits[0] && slowest(visits[0])?.path.replace(/\?.*/, '');
  return [
    middle(({ fileBytes }) => kibibytes(fileBytes)),
    middle(({ calls }) => calls.length),
    middle(({ calls }) => kibibytes(calls.reduce((sum, { bytes }) => sum + bytes, 0))),
    name === undefined ? '' : `\`${name}\``,
    middle((visit) => slowest(visit)?.waitedMs ?? 0),
    middle(({ serverCpuMs }) => serverCpuMs),
    middle(({ pageCpuMs }) => pageCpuMs),
    middle(({ readyMs: ms }) => ms),
  ];
}

function readyMs(visits: readonly Visit[]): number {
  return median(visits.map((visit) => visit.readyMs));
}
