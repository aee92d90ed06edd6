import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type AuditRecord, toRow } from '../audit/record.ts';
import { randomId } from '../call.ts';
import { type ImportFacts, type ImportSummary, importItems, type Progress } from '../directory/import/import.ts';
import { formatOf, readItems } from '../directory/import/items.ts';
import { Problem } from '../problem.ts';
import type { AuditRow, Store } from '../store/store.ts';
import { accountHere } from './account-here.ts';
import { toPrintable } from './audit.ts';
import { claimScimSource } from './scim.ts';

/** More are counted and not shown. */
const maxProblems = 20;
const lineEveryMs = 5000;

export interface ImportFlags {
  readonly source: string;
  readonly json?: boolean;
}

/** `credence scim import FILE`: resolves to the exit code, 1 where something in the file could not be brought in. */
export async function importFile(store: Store, file: string, { source: name, json }: ImportFlags): Promise<number> {
  const source = await claimScimSource(store, name);
  const { size } = await stat(file).catch((error: Error) => {
    throw new Problem(`Cannot read ${toPrintable(file)}: ${error.message}`, 'Check the path and its permissions.');
  });
  const digest = await digestOf(file);
  const format = await formatOf(file);
  if ((await store.directory.imports.position(source, digest)) > 0)
    say('Going on where the last run of this file stopped.');

  let bytes = 0;
  let problems = 0;
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const startedAt = performance.now();
  const screen = createScreen(startedAt, () => (format === 'json' || size === 0 ? undefined : bytes / size));
  const summary = await importItems(
    readItems(file, format, (read) => {
      bytes = read;
    }),
    {
      store,
      source,
      digest,
      nowMs: Date.now,
      newId: randomId,
      records: (facts) => toRecords(source, facts),
      onProgress: screen.show,
      onProblem: (where, words) => {
        problems += 1;
        if (problems <= maxProblems) screen.say(`${toPrintable(where)}: ${toPrintable(words)}`);
      },
      isStopped: () => stopped,
    },
  );
  screen.end();
  process.off('SIGINT', stop).off('SIGTERM', stop);
  report(summary, { problems, seconds: (performance.now() - startedAt) / 1000, json: json ?? false });
  return summary.isWhole && problems === 0 ? 0 : 1;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('base64url');
}

function toRecords(source: string, facts: ImportFacts): AuditRow[] {
  const { joined = [], left = [], detail, ...rest } = facts;
  const record: AuditRecord = {
    v: 2,
    id: randomId('o_'),
    kind: 'directory',
    domain: 'admin',
    timeMs: Date.now(),
    outcome: 'allowed',
    source,
    ...rest,
    ...(joined.length > 0 && { joined }),
    ...(left.length > 0 && { left }),
    detail: `${detail}, by import as ${accountHere()}`,
  };
  return [toRow(record)];
}

interface Screen {
  readonly show: (progress: Progress) => void;
  readonly say: (words: string) => void;
  readonly end: () => void;
}

/** A bar that moves on a terminal; elsewhere a line every few seconds. On standard error, so that `--json` stays clean. */
function createScreen(startedAt: number, read: () => number | undefined): Screen {
  const isTerminal = process.stderr.isTTY === true;
  let shownAt = startedAt;
  return {
    show(progress) {
      const now = performance.now();
      if (now - shownAt < (isTerminal ? 100 : lineEveryMs)) return;
      shownAt = now;
      const line = toProgressLine(progress, read(), (now - startedAt) / 1000);
      process.stderr.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
    },
    say(words) {
      process.stderr.write(isTerminal ? `\r\u001b[K${words}\n` : `${words}\n`);
    },
    end() {
      if (isTerminal) process.stderr.write('\r\u001b[K');
    },
  };
}

/** `[########            ]  40 %  40,000 people  0 groups  5,100/s` */
export function toProgressLine(progress: Progress, read: number | undefined, seconds: number): string {
  const { phase, people, groups, groupsInAll = 0 } = progress;
  const [done, doneGroups] = [sumOf(people), sumOf(groups)];
  const part = phase === 'people' ? read : groupsInAll === 0 ? 1 : doneGroups / groupsInAll;
  const bar = part === undefined ? '' : `[${'#'.repeat(Math.floor(part * 20)).padEnd(20)}] ${toPercent(part)}  `;
  const rate = Math.round((done + doneGroups) / Math.max(seconds, 0.001));
  return `${bar}${phase}  ${toNumber(done)} people  ${toNumber(doneGroups)} groups  ${toNumber(rate)}/s`;
}

function report(summary: ImportSummary, run: { problems: number; seconds: number; json: boolean }): void {
  const { people, groups, skipped, isWhole } = summary;
  const seconds = Math.round(run.seconds * 10) / 10;
  const perSecond = Math.round((sumOf(people) + sumOf(groups)) / Math.max(run.seconds, 0.001));
  if (run.json) {
    const shown = { people, groups, skipped, problems: run.problems, whole: isWhole, seconds, perSecond };
    process.stdout.write(`${JSON.stringify(shown)}\n`);
    return;
  }
  const toWords = (counts: ImportSummary['people']) =>
    Object.entries(counts)
      .map(([outcome, count]) => `${toNumber(count)} ${outcome}`)
      .join(', ');
  say(`people: ${toWords(people)}\ngroups: ${toWords(groups)}`);
  if (skipped > 0) say(`${toNumber(skipped)} were done by an earlier run`);
  if (run.problems > maxProblems) say(`${toNumber(run.problems - maxProblems)} more problems are not shown`);
  say(`${seconds} s, ${toNumber(perSecond)} a second`);
  if (!isWhole) say('Stopped. Run the same command again to go on.');
}

function sumOf(counts: Progress['people']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function toPercent(part: number): string {
  return `${String(Math.floor(part * 100)).padStart(3)} %`;
}

function toNumber(number: number): string {
  return number.toLocaleString('en');
}

function say(words: string): void {
  process.stderr.write(`${words}\n`);
}
