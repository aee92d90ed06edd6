import { cpus } from 'node:os';
import type { Series } from './bodies.ts';
import type { ContenderName } from './contender.ts';
import type { DecideCost } from './decide.ts';
import { firstWarmUpSeconds, median, type Plan, type Run } from './measure.ts';
import type { Shares } from './profile.ts';
import { roundsOf, type WorkersResult, workersBars } from './workers.ts';

/** Medians of one contender under one kind of load. */
export interface Figures {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export interface SeriesResult {
  readonly series: Series;
  readonly figures: Readonly<Record<ContenderName, Figures>>;
  /** CPU per request of Credence against the others, with what is to be reached. */
  readonly ratios: readonly { readonly to: ContenderName; readonly value: number; readonly bar: number }[];
}

export interface Results {
  readonly date: string;
  readonly node: string;
  readonly cores: number;
  readonly plan: Plan;
  readonly series: readonly SeriesResult[];
  readonly peakRssBytes: Readonly<Record<ContenderName, number>>;
  readonly decide: readonly (DecideCost & { readonly bar?: number })[];
  readonly workers: readonly WorkersResult[];
  readonly profiles: Readonly<Record<Series['grant'], Shares>>;
}

export const floorBar = 1.6;
export const decideBarMicros = 2;

export function toSeriesResult(series: Series, runs: ReadonlyMap<ContenderName, readonly Run[]>): SeriesResult {
  const of = (name: ContenderName): Figures => {
    const all = runs.get(name) ?? [];
    const middle = (member: keyof Figures) => median(all.map((run) => run[member]));
    return {
      cpuMicros: middle('cpuMicros'),
      perSecond: middle('perSecond'),
      p50Micros: middle('p50Micros'),
      p99Micros: middle('p99Micros'),
    };
  };
  const figures = { peer: of('peer'), credence: of('credence'), floor: of('floor') };
  // Round by round: what disturbs the machine for a while disturbs both sides of a ratio.
  const ratioTo = (name: ContenderName) =>
    median(
      (runs.get('credence') ?? []).map((run, at) => run.cpuMicros / (runs.get(name)?.[at]?.cpuMicros ?? Number.NaN)),
    );
  const peerBar = series.idTokens === 'new' ? 2 / 3 : 1 / 2;
  return {
    series,
    figures,
    ratios: [
      { to: 'peer', value: ratioTo('peer'), bar: peerBar },
      { to: 'floor', value: ratioTo('floor'), bar: floorBar },
    ],
  };
}

/** What was not reached, in words; empty when everything was. */
export function missedBars({ series, decide, workers }: Results): string[] {
  return [
    ...series.flatMap((result) =>
      result.ratios
        .filter(({ value, bar }) => isOver(value, bar))
        .map(
          ({ to, value, bar }) => `${nameOf(result.series)}: ${value.toFixed(2)} of the ${to}, not ${bar.toFixed(2)}`,
        ),
    ),
    ...workers
      .filter(({ two }) => isOver(two.cpuRatio, workersBars.cpu))
      .map(
        ({ series, two }) =>
          `two workers, ${nameOf(series)}: ${two.cpuRatio.toFixed(2)} of the CPU of one, not ${workersBars.cpu}`,
      ),
    ...workers
      .filter(({ two }) => isOver(two.p99Ratio, workersBars.p99))
      .map(
        ({ series, two }) =>
          `two workers, ${nameOf(series)}: ${two.p99Ratio.toFixed(2)} of the p99 of one, not ${workersBars.p99}`,
      ),
    ...decide
      .filter(({ micros, bar }) => bar !== undefined && isOver(micros, bar))
      .map(({ rules, micros, bar }) => `decide() at ${rules} rules: ${micros.toFixed(2)} us, not ${bar}`),
  ];
}

/** Judged as it is printed, rounded to two digits after the point: what the page says and what is held against it are one figure. */
function isOver(measured: number, bar: number): boolean {
  return !(Number(measured.toFixed(2)) <= bar);
}

/** What is left of the peer's CPU time when only the cryptography is done: of redemption, by the secret. */
function floorToPeer({ series }: Results): string {
  const redemption = series.find(({ series: { grant } }) => grant === 'redeem');
  return redemption ? (redemption.figures.floor.cpuMicros / redemption.figures.peer.cpuMicros).toFixed(2) : 'a part';
}

export function nameOf({ grant, method, idTokens }: Series): string {
  return grant === 'redeem' ? `redemption, ${method}` : `issuance, ${idTokens} ID tokens, ${method}`;
}

const names: Record<ContenderName, string> = { peer: 'oidc-provider', credence: 'Credence', floor: 'floor' };

function toRows({ series, peakRssBytes }: Results): string[][] {
  return series.flatMap(({ series: kind, figures, ratios }) =>
    (['peer', 'credence', 'floor'] as const).map((name, at) => {
      const { cpuMicros, perSecond, p50Micros, p99Micros } = figures[name];
      const ratio = ratios.find(({ to }) => to === name);
      return [
        at === 0 ? nameOf(kind) : '',
        names[name],
        cpuMicros.toFixed(0),
        perSecond.toFixed(0),
        (p50Micros / 1000).toFixed(1),
        (p99Micros / 1000).toFixed(1),
        (peakRssBytes[name] / 2 ** 20).toFixed(0),
        ratio ? `${ratio.value.toFixed(2)} (bar ${ratio.bar.toFixed(2)})` : '',
      ];
    }),
  );
}

const header = ['', '', 'CPU us', 'req/s', 'p50 ms', 'p99 ms', 'peak MiB', 'Credence to this'];

function toWorkerRows({ series, one, two, twoSharing, apart }: WorkersResult): string[][] {
  const cells = ({ cpuMicros, perSecond, p99Micros }: Run) => [
    cpuMicros.toFixed(0),
    perSecond.toFixed(0),
    (p99Micros / 1000).toFixed(1),
  ];
  return [
    [nameOf(series), 'one process', ...cells(one), '', ''],
    ['', 'two workers', ...cells(two), two.cpuRatio.toFixed(2), two.p99Ratio.toFixed(2)],
    ['', 'two processes apart', ...cells(apart), apart.cpuRatio.toFixed(2), apart.p99Ratio.toFixed(2)],
    [
      '',
      'two workers, half of the connections',
      ...cells(twoSharing),
      twoSharing.cpuRatio.toFixed(2),
      twoSharing.p99Ratio.toFixed(2),
    ],
  ];
}

/** For the terminal. */
export function toText(results: Results): string {
  const rows = [header, ...toRows(results)];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at < 2 || at === 7 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  );
  const decide = results.decide.map(
    ({ rules, servers, micros, bar }) =>
      `decide(): ${micros.toFixed(2)} us at ${rules} rules on ${servers} servers${bar === undefined ? '' : ` (bar ${bar})`}`,
  );
  const workers = results.workers.map(
    ({ series, one, two, apart }) =>
      `two workers, ${nameOf(series)}: ${two.cpuMicros.toFixed(0)} us for ${one.cpuMicros.toFixed(0)} (${two.cpuRatio.toFixed(2)}; two processes apart ${apart.cpuRatio.toFixed(2)}), ` +
      `${two.perSecond.toFixed(0)} req/s for ${one.perSecond.toFixed(0)}, p99 ${(two.p99Micros / 1000).toFixed(1)} ms for ${(one.p99Micros / 1000).toFixed(1)} (${two.p99Ratio.toFixed(2)})`,
  );
  return `${[...lines, '', ...workers, ...decide].map((line) => line.trimEnd()).join('\n')}\n`;
}

/** `docs/performance.md`, all of it. */
export function toMarkdown(results: Results): string {
  const { date, node, cores, plan, decide, profiles } = results;
  const missed = missedBars(results);
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const shares = (grant: Series['grant']) =>
    profiles[grant].map(([area, share]) => row([area, `${(share * 100).toFixed(0)}%`]));
  return `# Performance

Written by \`npm run bench\` on ${date}: ${cores} cores, Node ${node}, ${plan.rounds} rounds of ${plan.seconds} s,
${plan.connections} connections. Absolute figures are those of one small, shared machine; the ratios are what counts.

## What is measured

Three servers, each in a process of its own, answer the same requests in turn, round by round:

- **oidc-provider**: the peer. Both grants registered with \`registerGrantType\` as its documentation shows, \`jose\` for the
  tokens they verify and sign, its in-memory adapter. Policy and people are look-ups in memory, a \`jti\` is single-use as far
  as that memory reaches. No audit, nothing durable.
- **Credence**: \`credence serve\` with the roles idp and ras, the whole program, on SQLite on the disk. Each answer waits until
  its audit record, and the mark that makes an ID-JAG or a client assertion single-use, are durable (\`synchronous=FULL\`).
- **floor**: bare \`node:http\` and \`node:crypto\` doing the same cryptography and next to nothing else: no policy, people,
  sessions, store, record, single use or limits. Like Credence it remembers which ID Tokens it has verified.

Algorithms: RS256 ID Tokens, ES256 ID-JAGs, access tokens and client assertions. 1,000 people, 30 servers, 120 rules. An
ID Token is repeated (one, again and again) or new (each comes once); an ID-JAG and a client assertion always come once.
\`wrk\` sends over kept-alive connections, each its next request when the last was answered. One answer of each kind is
verified beforehand, and a run in which a single request is refused does not count. All are warm: asked for ${firstWarmUpSeconds} s
before the first series of a grant is measured, and shortly before each other one.

The bars: with a repeated ID Token half of the peer, with what is new each time two thirds; 1.6 times the floor. An ID-JAG is
new each time by its nature: the floor itself, without store or record, takes ${floorToPeer(results)} of the peer to redeem one.

- CPU us: CPU time of the server's whole process, user and system, for one request.
- Ratios are of CPU time, round by round, of which the median.
- Peak MiB: largest resident set over all of it.

${row(header)}
|---|---|---:|---:|---:|---:|---:|---|
${toRows(results).map(row).join('\n')}

${missed.length === 0 ? 'Every bar is met.' : `Not met:\n\n${missed.map((words) => `- ${words}`).join('\n')}`}

## Two workers

\`credence serve --workers 2\` beside one process, each on a home of its own and warm, loaded in turn, ${roundsOf(plan)} rounds; CPU of all its processes. Each process
that answers is asked over ${plan.connections} connections: two workers over ${2 * plan.connections}. On two cores \`wrk\` and the process that hands out the turns to write have to
share them with the workers. Two processes apart know nothing of each other: a home each, loaded at once. What they take more than one is what it costs that
everything is done on both cores; what workers take more than they is what it costs to be one installation: turns to write, one record, one index of it.
Over as many connections as one process has, each worker has half of the requests to write at once, and so writes twice as often: the last rows.
From one run of the bench to the next, and with what else the machine does, what two take moves by some 0.05 either way.

| | | CPU us | req/s | p99 ms | CPU to one (bar ${workersBars.cpu}) | p99 to one (bar ${workersBars.p99}) |
|---|---|---:|---:|---:|---:|---:|
${results.workers.flatMap(toWorkerRows).map(row).join('\n')}

## Where Credence spends its time

Shares of the time in which the process is busy, from a CPU profile (\`--cpu-prof\`) of a warm server, taken apart from the
measurements. The wait for the disk is in it, though it costs no CPU.

| Issuance, new ID tokens, client_secret_post | |
|---|---:|
${shares('issue').join('\n')}

| Redemption, client_secret_post | |
|---|---:|
${shares('redeem').join('\n')}

## decide()

A person in 20 groups, ten rules on each server, two scopes asked for; CPU time of one decision.

| Rules | Servers | us | Bar |
|---:|---:|---:|---:|
${decide.map(({ rules, servers, micros, bar }) => row([String(rules), String(servers), micros.toFixed(2), bar === undefined ? '' : String(bar)])).join('\n')}

## Run it

\`\`\`sh
npm run bench                                  # needs wrk (Debian: apt-get install wrk); writes this file
npm run bench -- --seconds 8 --rounds 5        # longer
npm run bench -- --json --no-write             # figures for a program, this file left alone
\`\`\`
`;
}

export function machine(): Pick<Results, 'date' | 'node' | 'cores'> {
  return { date: new Date().toISOString().slice(0, 10), node: process.versions.node, cores: cpus().length };
}
