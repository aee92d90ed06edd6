// npm run bench:record [-- --records 500000] [--no-write]: what a long record costs to search, on SQLite.
//
// Makes a store with so many lines as an organisation of 2,000 people with 40 servers leaves them, puts them into the index, and
// measures each filter and the pages of each: p50 and p99 over repeated searches, in a process that has the file to itself.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type AuditRecord, toRow } from '../packages/server/src/audit/record.ts';
import type { AuditFilter } from '../packages/server/src/store/audit-search.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import { machine } from './report.ts';
import { withSection } from './section.ts';

const { values } = parseArgs({
  options: { records: { type: 'string', default: '500000' }, 'no-write': { type: 'boolean', default: false } },
});
const count = Number(values.records);
const [people, clients, servers, group] = [2000, 12, 40, 600];
const startMs = Date.parse('2026-01-01T00:00:00Z');
const stepMs = 2000;

const folder = mkdtempSync(join(tmpdir(), 'credence-record-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'store.db');
const store = await openSqliteStore(file, { node: 'bench' });

say(`writing ${count} lines`);
const writing = performance.now();
for (let at = 0; at < count; at += group) {
  const records = Array.from({ length: Math.min(group, count - at) }, (_, next) => toRow(draw(at + next)));
  await store.commit({ marks: [], records });
  if (at % 100_000 < group) say(`  ${at}`);
}
const writtenSeconds = (performance.now() - writing) / 1000;
const bytesBefore = statSync(file).size;

say('indexing');
const [indexing, cpu] = [performance.now(), process.cpuUsage()];
let indexed = 0;
let longest = 0;
for (;;) {
  const before = performance.now();
  const done = await store.auditSearch.indexFurther();
  longest = Math.max(longest, performance.now() - before);
  if (done === 0) break;
  indexed += done;
}
const indexedSeconds = (performance.now() - indexing) / 1000;
const { user, system } = process.cpuUsage(cpu);
const bytesAfter = statSync(file).size;

const filters: readonly [name: string, filter: (seed: number) => AuditFilter][] = [
  ['nothing: the latest', () => ({})],
  ['a person', (seed) => ({ person: [person(seed)] })],
  ['a client', (seed) => ({ client: [client(seed)] })],
  ['a server', (seed) => ({ server: [server(seed)] })],
  ['a scope', (seed) => ({ scope: [scopeOf(seed)] })],
  ['a kind: tool calls', () => ({ kind: ['tool_call'] })],
  ['an outcome: refused', () => ({ outcome: ['refused'] })],
  ['a reason', () => ({ reason: ['policy_denied'] })],
  ['a trace id', (seed) => ({ correlation: [trace((seed * 7919) % count)] })],
  ['a day', (seed) => day(seed)],
  ['a person at a server', (seed) => ({ person: [person(seed)], server: [server(seed)] })],
  ['refused to a person', (seed) => ({ person: [person(seed)], outcome: ['refused'] })],
  ['a client at a server on a day', (seed) => ({ client: [client(seed)], server: [server(seed + 1)], ...day(seed) })],
  ['everything at once', (seed) => ({ ...all(seed), ...day(seed) })],
  ['two that hardly meet', (seed) => ({ client: [client(seed)], reason: ['id_jag_replayed'] })],
  ['nobody', (seed) => ({ person: [`nobody-${seed}`], outcome: ['allowed'] })],
];

interface Figures {
  readonly name: string;
  readonly first: readonly number[];
  readonly deep: readonly number[];
  readonly found: number;
}

const rounds = 100;
const results: Figures[] = [];
for (const [name, filterOf] of filters) {
  const [first, deep]: [number[], number[]] = [[], []];
  let found = 0;
  for (let seed = 0; seed < rounds; seed += 1) {
    const filter = filterOf(seed);
    found += await search(filter, undefined, first);
    // A page from somewhere in the middle, as whoever goes through all of it gets there.
    await search(filter, Math.max(1, Math.floor(((seed * 37) % 100) * (count / 100))), deep);
  }
  results.push({ name, first, deep, found: found / rounds });
  say(`${name}   first page ${spread(first)}   from the middle ${spread(deep)}   lines ${(found / rounds).toFixed(0)}`);
}
await store.close();

const section = toSection();
process.stdout.write(`${section}\n`);
if (!values['no-write']) {
  const path = join(import.meta.dirname, '../docs/performance.md');
  writeFileSync(path, withSection(readFileSync(path, 'utf8'), 'Searching the record', section));
}

/** Fifty lines; goes on over pages that only looked, as whoever asks does. */
async function search(filter: AuditFilter, before: number | undefined, times: number[]): Promise<number> {
  const started = performance.now();
  let [at, found] = [before, 0];
  do {
    const page = await store.auditSearch.find(filter, { before: at, limit: 50 - found });
    found += page.rows.length;
    at = page.next;
  } while (at !== undefined && found < 50);
  times.push(performance.now() - started);
  return found;
}

/** Three lines a run: an ID-JAG, its token, a call; of every twentieth run only the refusal. */
function draw(at: number): AuditRecord {
  const run = Math.floor(at / 3);
  const who = mix(run) % people;
  const isRefused = run % 20 === 0;
  const kind = isRefused ? 'decision' : (['issuance', 'redemption', 'tool_call'] as const)[at % 3];
  const scopes = [scopeOf(mix(run + 5))];
  return {
    v: 2,
    id: `d_${at.toString(36).padStart(8, '0')}${hex(at, 16)}`,
    kind: kind ?? 'tool_call',
    domain: at % 3 === 0 ? 'idp' : 'ras',
    timeMs: startMs + at * stepMs,
    outcome: isRefused ? 'refused' : 'allowed',
    ...(isRefused && { reason: run % 2000 === 0 ? 'id_jag_replayed' : 'policy_denied' }),
    address: `10.${who % 250}.${run % 250}.7`,
    correlation: trace(at),
    grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client: client(mix(run + 1)),
    person: person(who),
    server: server(mix(run + 2)),
    resource: `https://mcp.acme.example/${server(mix(run + 2))}/mcp`,
    audience: 'https://mcp.acme.example',
    scopesAsked: scopes,
    ...(!isRefused && { scopesGranted: scopes, idJag: `${run.toString(36).padStart(8, '0')}${hex(run, 16)}` }),
    ...(at % 3 > 0 && !isRefused && { accessToken: `${run.toString(36).padStart(8, '0')}${hex(run + 1, 16)}` }),
    policy: { kind: 'access', version: 12 },
    inputs: {
      groups: ['engineering', 'all-staff', 'tracker-users', 'vpn', `team-${who % 60}`],
      roles: ['employee'],
      acr: 'urn:credence:acr:2',
      amr: ['pwd', 'otp'],
      authTime: Math.floor((startMs + at * stepMs) / 1000) - 900,
      now: Math.floor((startMs + at * stepMs) / 1000),
    },
    decision: { effect: isRefused ? 'deny' : 'allow', because: ['eng-tracker', 'write-needs-mfa'] },
  };
}

function all(seed: number): AuditFilter {
  return {
    person: [person(seed)],
    client: [client(seed)],
    server: [server(seed)],
    scope: [scopeOf(seed)],
    kind: ['tool_call'],
    outcome: ['allowed'],
  };
}

function day(seed: number): AuditFilter {
  const days = Math.max(1, Math.floor((count * stepMs) / 86_400_000));
  const fromMs = startMs + ((seed * 13) % days) * 86_400_000;
  return { fromMs, toMs: fromMs + 86_400_000 };
}

function person(seed: number): string {
  return `u_${hex(seed % people, 22)}`;
}
function client(seed: number): string {
  return `client-${seed % clients}`;
}
function server(seed: number): string {
  return `server-${seed % servers}`;
}
function scopeOf(seed: number): string {
  return ['issues:read', 'issues:write', 'files:read', 'files:write', 'admin'][seed % 5] as string;
}
function trace(at: number): string {
  return hex(Math.floor(at / 3), 32);
}

/** A number that looks drawn by lot, the same one for the same seed. */
function mix(seed: number): number {
  let state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) >>> 0;
  state = Math.imul(state ^ (state >>> 13), 0xc2b2_ae35) >>> 0;
  return (state ^ (state >>> 16)) >>> 0;
}

function hex(seed: number, length: number): string {
  let text = '';
  for (let at = 0; text.length < length; at += 1)
    text += mix(seed * 31 + at)
      .toString(16)
      .padStart(8, '0');
  return text.slice(0, length);
}

function at(times: readonly number[], part: number): string {
  const sorted = times.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1);
}

function spread(times: readonly number[]): string {
  return `p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms`;
}

function toSection(): string {
  const { date, node, cores } = machine();
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  const rows = results.map(
    ({ name, first, deep, found }) =>
      `| ${[name, found.toFixed(0), at(first, 0.5), at(first, 0.99), at(deep, 0.5), at(deep, 0.99)].join(' | ')} |`,
  );
  return `## Searching the record

Written by \`npm run bench:record -- --records ${count}\` on ${date}: ${cores} cores, Node ${node}, SQLite, ${count.toLocaleString('en')} lines of
${people.toLocaleString('en')} people, ${clients} clients and ${servers} servers. Milliseconds until 50 lines are found, or it is clear that there are no more; ${rounds}
searches each, the first page and one from somewhere in the middle.

| Filter | lines | p50 | p99 | middle p50 | middle p99 |
|---|---:|---:|---:|---:|---:|
${rows.join('\n')}

The store takes ${mebibytes(bytesBefore)} MiB without the index, which adds ${mebibytes(bytesAfter - bytesBefore)} MiB: ${((bytesAfter - bytesBefore) / count).toFixed(0)} bytes a line. It was filled at
${(indexed / indexedSeconds).toFixed(0)} lines a second, ${((user + system) / indexed).toFixed(1)} us of CPU a line, in steps of ${longest.toFixed(0)} ms at most; the lines were written at ${(count / writtenSeconds).toFixed(0)} a second.
`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
