// npm run bench:postgres [-- --seconds 4] [--rounds 3] [--connections 32] [--only WORDS] [--no-write]: what issuance and redemption cost a
// node whose store is in PostgreSQL, on the same machine. Starts a server of its own; needs PostgreSQL and wrk. Writes its part of docs/performance.md.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type PostgresServer, startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import { openPostgresStore } from '../packages/server/src/store/postgres.ts';
import { type Series, writeBodies } from './bodies.ts';
import { checkAnswer } from './check-answer.ts';
import { type Contender, startContender } from './contender.ts';
import { prepareFixture } from './fixture.ts';
import { measureOnce, median, type Run } from './measure.ts';
import { machine, nameOf } from './report.ts';
import { withSection } from './section.ts';

const heading = 'On PostgreSQL';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const [seconds, rounds, connections] = [options.seconds, options.rounds, options.connections].map(Number) as [
  number,
  number,
  number,
];
const methods = ['client_secret_post', 'private_key_jwt'] as const;
const kinds = (['issue', 'redeem'] as const)
  .flatMap((grant) => methods.map((method): Series => ({ grant, method, idTokens: 'new' })))
  .filter((kind) => nameOf(kind).includes(options.only));
const bodiesPerSecond = 2500;
const warmUpSeconds = 6;

interface Measured extends Run {
  /** Lines of the record for each transaction that appended some. */
  readonly group: number;
}

const root = dirname(import.meta.dirname);
// Not in the folder for temporary files, which may be memory: what is to be durable goes to a disk.
await mkdir(join(root, '.credence'), { recursive: true });
const dir = await mkdtemp(join(root, '.credence', 'bench-'));
const postgres = await startPostgres();
try {
  const section = toSection(await measureAll(postgres));
  process.stdout.write(`${section}\n`);
  if (options.write && options.only === '') {
    const file = join(root, 'docs/performance.md');
    await writeFile(file, withSection(await readFile(file, 'utf8'), heading, section));
  }
} finally {
  await postgres.close();
  await rm(dir, { recursive: true, force: true });
}

async function measureAll(server: PostgresServer): Promise<Map<Series, Measured[]>> {
  const settings = await server.createDatabase('credence');
  const store = {
    url: `postgres://postgres@127.0.0.1:${server.port}/credence`,
    passwordFile: server.passwordFile,
  };
  const fixture = await prepareFixture(dir, {
    config: { store },
    openStore: () => openPostgresStore(settings, { node: 'bench-seed' }),
  });
  const contender = await startContender('credence', join(dir, 'fixture.json'));
  const all = new Map<Series, Measured[]>();
  try {
    for (const series of kinds) {
      process.stderr.write(`${nameOf(series)}\n`);
      await checkAnswer(contender, series, fixture);
      const runs: Measured[] = [];
      for (let round = 0; round <= rounds; round += 1) {
        const bodies = join(dir, 'bodies.txt');
        const time = round === 0 ? warmUpSeconds : seconds;
        await writeBodies(bodies, time * bodiesPerSecond, series, fixture);
        const measured = await measureGroups(server, contender, series, bodies, time);
        if (round > 0) runs.push(measured);
        await rm(bodies);
      }
      all.set(series, runs);
    }
    return all;
  } finally {
    await contender.stop();
  }
}

async function measureGroups(
  server: PostgresServer,
  contender: Contender,
  series: Series,
  bodies: string,
  time: number,
): Promise<Measured> {
  const before = await counted(server);
  const run = await measureOnce(contender, series, bodies, { connections, seconds: time });
  const after = await counted(server);
  return { ...run, group: (after.lines - before.lines) / (after.groups - before.groups) };
}

/** Whoever appends to the record moves one row, and adds lines: PostgreSQL counts both, and tells a second later. */
async function counted(server: PostgresServer): Promise<{ readonly lines: number; readonly groups: number }> {
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const rows = await server.run(
    'credence',
    `SELECT relname, n_tup_ins AS inserted, n_tup_upd AS updated FROM pg_stat_user_tables WHERE relname IN ('audit', 'turns')`,
  );
  const of = (table: string, member: string) => Number(rows.find(({ relname }) => relname === table)?.[member]);
  return { lines: of('audit', 'inserted'), groups: of('turns', 'updated') };
}

function toSection(all: ReadonlyMap<Series, readonly Measured[]>): string {
  const { date, node, cores } = machine();
  const rows = [...all].map(([series, runs]) => {
    const of = (member: keyof Measured) => median(runs.map((run) => run[member]));
    const ms = (micros: number) => (micros / 1000).toFixed(1);
    const figures = [of('cpuMicros').toFixed(0), of('perSecond').toFixed(0), ms(of('p50Micros')), ms(of('p99Micros'))];
    return `| ${[nameOf(series), ...figures, of('group').toFixed(1)].join(' | ')} |`;
  });
  return `## ${heading}

Written by \`npm run bench:postgres\` on ${date}: ${cores} cores, Node ${node}, ${rounds} rounds of ${seconds} s, ${connections} connections.
One process (\`idp\` and \`ras\`), PostgreSQL as it comes (\`fsync\` and \`synchronous_commit\` on) and \`wrk\` share the cores. CPU is that of
our process alone; the group is how many lines of the record one transaction made durable.

| | CPU us | req/s | p50 ms | p99 ms | group |
|---|---:|---:|---:|---:|---:|
${rows.join('\n')}
`;
}
