// npm run cost: what a million decisions cost, from the figures of docs/performance.md and assumptions that are flags.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Assumptions, costOf, defaults, figuresOf, loadOf, toText } from './cost-model.ts';

const words: Readonly<Record<keyof Assumptions, string>> = {
  coreHour: 'price of one core for an hour',
  busy: 'share of a core that is used, at an average over the day',
  gbMonth: 'price of a gigabyte of storage for a month',
  copies: 'times that the record is stored: database, standby, backup',
  keepDays: 'days that the record is kept',
  people: 'people whose agents work at the busiest time',
  servers: 'MCP servers that each of them reaches then',
  tokenSeconds: 'life of an access token (ras.accessTokenSeconds): how often one is fetched anew',
  callsPerToken: 'tool calls made with one access token',
};
const flags = Object.keys(words) as (keyof Assumptions)[];
const toFlag = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const options = Object.fromEntries(flags.map((name) => [toFlag(name), { type: 'string' as const }]));
const { values } = parseArgs({ options: { ...options, json: { type: 'boolean' }, help: { type: 'boolean' } } });
if (values.help) {
  const lines = flags.map((name) => `  --${toFlag(name).padEnd(18)} ${words[name]} (${defaults[name]})`);
  process.stdout.write(`npm run cost -- [flags]\n${lines.join('\n')}\n  --json               figures for a program\n`);
} else {
  const assumed = { ...defaults };
  for (const name of flags) {
    const given = (values as Record<string, string | undefined>)[toFlag(name)];
    if (given === undefined) continue;
    const number = Number(given);
    if (!(number > 0)) throw new Error(`--${toFlag(name)} takes a number above 0, not ${given}`);
    assumed[name] = number;
  }
  const figures = figuresOf(readFileSync(join(import.meta.dirname, '../docs/performance.md'), 'utf8'));
  const [cost, load] = [costOf(figures, assumed), loadOf(figures, assumed)];
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ figures, assumed, cost, load }, null, 2)}\n`
      : toText(figures, assumed, cost, load),
  );
}
