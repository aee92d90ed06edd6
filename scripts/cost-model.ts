/** What is assumed about prices, storage and use; every one of them is a flag of `npm run cost`. */
export interface Assumptions {
  coreHour: number;
  busy: number;
  gbMonth: number;
  copies: number;
  keepDays: number;
  people: number;
  servers: number;
  tokenSeconds: number;
  callsPerToken: number;
}

export const defaults: Readonly<Assumptions> = {
  coreHour: 0.04,
  busy: 0.3,
  gbMonth: 0.1,
  copies: 3,
  keepDays: 365,
  people: 500,
  servers: 30,
  tokenSeconds: 600,
  callsPerToken: 5,
};

/** CPU microseconds of one, as `npm run bench` measured them. */
export interface Figures {
  readonly issuance: number;
  readonly issuanceRepeated: number;
  readonly redemption: number;
}

/**
 * Bytes that one leaves in an SQLite store, all indexes included: 20,000 of each were written, and the size of the file divided. In
 * PostgreSQL it is more, which was not measured.
 */
export const bytes = { issuance: 1600, redemption: 1300, call: 1200 } as const;

/**
 * CPU of a call through the gateway, its record included, of which docs/performance.md has no row: as much as a redemption is on the
 * safe side, for a call checks one signature and makes none.
 */
const callLikeRedemption = 1;

/** Reads the table that the bench wrote: the row of Credence below each measurement. Throws when it is not there. */
export function figuresOf(performance: string): Figures {
  const of = (name: string): number => {
    const row = performance.split('\n').findIndex((line) => line.startsWith(`| ${name} | oidc-provider |`));
    const [, , who, us] = (performance.split('\n')[row + 1] ?? '').split('|').map((cell) => cell.trim());
    if (row === -1 || who !== 'Credence' || !(Number(us) > 0)) {
      throw new Error(`docs/performance.md has no figure for "${name}": npm run bench writes it.`);
    }
    return Number(us);
  };
  return {
    issuance: of('issuance, new ID tokens, client_secret_post'),
    issuanceRepeated: of('issuance, repeated ID tokens, client_secret_post'),
    redemption: of('redemption, client_secret_post'),
  };
}

/** What a million of one kind cost, in the currency of the prices. */
export interface Cost {
  readonly name: string;
  readonly coreHours: number;
  readonly gigabytes: number;
  readonly cpu: number;
  readonly storage: number;
  readonly total: number;
}

export function costOf(figures: Figures, assumed: Readonly<Assumptions>): readonly Cost[] {
  const rows: [name: string, us: number, size: number][] = [
    ['ID-JAGs', figures.issuance, bytes.issuance],
    ['access tokens', figures.redemption, bytes.redemption],
    ['tool calls', figures.redemption * callLikeRedemption, bytes.call],
  ];
  const million = 1e6;
  return rows.map(([name, us, size]) => {
    const coreHours = (us * million) / 3.6e9;
    const gigabytes = (size * million) / 1e9;
    const cpu = (coreHours / assumed.busy) * assumed.coreHour;
    const storage = gigabytes * assumed.copies * assumed.gbMonth * (assumed.keepDays / (365 / 12));
    return { name, coreHours, gigabytes, cpu, storage, total: cpu + storage };
  });
}

/** The busiest time: everybody at work with all their servers, tokens fetched anew as they expire. */
export interface Load {
  readonly tokensPerSecond: number;
  readonly callsPerSecond: number;
  readonly cores: number;
  /** Of a working day of eight hours. */
  readonly gigabytesPerDay: number;
}

export function loadOf(
  figures: Figures,
  { people, servers, tokenSeconds, callsPerToken }: Readonly<Assumptions>,
): Load {
  const tokensPerSecond = (people * servers) / tokenSeconds;
  const callsPerSecond = tokensPerSecond * callsPerToken;
  const us =
    tokensPerSecond * (figures.issuance + figures.redemption) +
    callsPerSecond * figures.redemption * callLikeRedemption;
  const size = tokensPerSecond * (bytes.issuance + bytes.redemption) + callsPerSecond * bytes.call;
  return { tokensPerSecond, callsPerSecond, cores: us / 1e6, gigabytesPerDay: (size * 8 * 3600) / 1e9 };
}

export function toText(figures: Figures, assumed: Readonly<Assumptions>, cost: readonly Cost[], load: Load): string {
  const columns = ['a million', 'core hours', 'GB', 'CPU', `storage, ${assumed.keepDays} days`, 'together'];
  const rows = cost.map(({ name, coreHours, gigabytes, cpu, storage, total }) => [
    name,
    ...[coreHours, gigabytes, cpu, storage, total].map((number) => number.toFixed(3)),
  ]);
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const toLine = (row: readonly string[]) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ');
  return `${[
    `CPU of one, from docs/performance.md: ID-JAG ${figures.issuance} us (${figures.issuanceRepeated} with an ID Token seen before), access token ${figures.redemption} us.`,
    `Bytes of one, all indexes included: ID-JAG ${bytes.issuance}, access token ${bytes.redemption}, tool call ${bytes.call}.`,
    `A core costs ${assumed.coreHour} an hour and is ${Math.round(assumed.busy * 100)}% busy; a GB costs ${assumed.gbMonth} a month, ${assumed.copies} copies. --help: the flags.`,
    '',
    toLine(columns),
    ...rows.map(toLine),
    '',
    `${assumed.people} people at ${assumed.servers} servers each, a token for ${assumed.tokenSeconds} s, ${assumed.callsPerToken} calls with it:`,
    `  ${load.tokensPerSecond.toFixed(1)} tokens and ${load.callsPerSecond.toFixed(1)} calls a second, ${load.cores.toFixed(2)} cores, ${load.gigabytesPerDay.toFixed(2)} GB of record in eight hours`,
  ].join('\n')}\n`;
}
