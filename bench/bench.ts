// npm run bench [-- --seconds 4] [--rounds 5] [--connections 32] [--only WORDS] [--json] [--no-write]: what issuance, redemption and a
// policy decision cost, beside a peer and the floor, and what two workers bring. Takes some twenty minutes; writes docs/performance.md.
//
// Needs wrk. Seconds are those of a round. --only takes the kinds of request whose name has WORDS in it, and writes nothing. Ends with 1
// when a bar is missed.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Series } from './bodies.ts';
import { type Contender, type ContenderName, contenderNames, startContender } from './contender.ts';
import { measureDecide } from './decide.ts';
import { prepareFixture } from './fixture.ts';
import { measureSeries, type Plan } from './measure.ts';
import { profileCredence } from './profile.ts';
import {
  decideBarMicros,
  machine,
  missedBars,
  nameOf,
  type Results,
  type SeriesResult,
  toMarkdown,
  toSeriesResult,
  toText,
} from './report.ts';
import { keepingSections } from './section.ts';
import { measureWorkers } from './workers.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const plan: Plan = {
  seconds: toCount(options.seconds),
  rounds: toCount(options.rounds),
  connections: toCount(options.connections),
};

const methods = ['client_secret_post', 'private_key_jwt'] as const;
const allKinds: readonly Series[] = [
  ...methods.map((method) => ({ grant: 'issue', method, idTokens: 'repeated' }) as const),
  ...methods.map((method) => ({ grant: 'issue', method, idTokens: 'new' }) as const),
  ...methods.map((method) => ({ grant: 'redeem', method, idTokens: 'new' }) as const),
];
const kinds = allKinds.filter((kind) => nameOf(kind).includes(options.only));

const root = dirname(import.meta.dirname);
// Not in the folder for temporary files, which may be memory: what is to be durable goes to a disk.
await mkdir(join(root, '.credence'), { recursive: true });
const dir = await mkdtemp(join(root, '.credence', 'bench-'));
const say = (words: string) => process.stderr.write(`${words}\n`);

try {
  const results = await measureAll();
  process.stdout.write(options.json ? `${JSON.stringify(results, null, 2)}\n` : toText(results));
  if (options.write && options.only === '') {
    const file = join(root, 'docs/performance.md');
    // Written by measurements of their own.
    const others = [
      'The console on a large organisation',
      'Searching the record',
      'The diff of a draft',
      'On PostgreSQL',
      'An organisation',
    ];
    await writeFile(file, keepingSections(toMarkdown(results), await readFile(file, 'utf8'), others));
  }
  const missed = missedBars(results);
  for (const words of missed) say(`bar missed: ${words}`);
  if (missed.length > 0) process.exitCode = 1;
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function measureAll(): Promise<Results> {
  say('decide()');
  const decide = [measureDecide(10), { ...measureDecide(1000), bar: decideBarMicros }];
  const fixture = await prepareFixture(dir);
  const contenders: Contender[] = [];
  const series: SeriesResult[] = [];
  try {
    for (const name of contenderNames) contenders.push(await startContender(name, join(dir, 'fixture.json')));
    for (const [at, kind] of kinds.entries()) {
      say(nameOf(kind));
      const isFirst = at === 0 || kinds[at - 1]?.grant !== kind.grant;
      series.push(toSeriesResult(kind, await measureSeries(kind, contenders, plan, fixture, isFirst)));
    }
    const peaks = await Promise.all(
      contenders.map(async (contender) => [contender.name, (await contender.usage()).peakRssBytes] as const),
    );
    for (const contender of contenders.splice(0)) await contender.stop();
    say('two workers');
    const workers = await measureWorkers(plan, fixture);
    say('where the time goes');
    const profiles = {
      issue: await profileCredence({ grant: 'issue', method: 'client_secret_post', idTokens: 'new' }, plan, fixture),
      redeem: await profileCredence({ grant: 'redeem', method: 'client_secret_post', idTokens: 'new' }, plan, fixture),
    };
    const peakRssBytes = Object.fromEntries(peaks) as Record<ContenderName, number>;
    return { ...machine(), plan, series, peakRssBytes, decide, workers, profiles };
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
}

function toCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`${text} is not a number of at least 1`);
}
