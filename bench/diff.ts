// npm run bench:diff [-- --no-write]: how long the diff of a draft takes in a large organisation: 100,000 people, 2,000 groups of which each
// person is in ten, 1,000 servers, 10,000 rules. Budget: 10 s. Writes its part of docs/performance.md.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { diffOf } from '../packages/server/src/changes/diff.ts';
import { parseDocument } from '../packages/server/src/policy/parse.ts';
import { digestOf } from '../packages/server/src/store/drafts.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import { machine } from './report.ts';
import { withSection } from './section.ts';

const { values } = parseArgs({ options: { 'no-write': { type: 'boolean', default: false } } });
const [people, groups, servers, rulesEach] = [100_000, 2000, 1000, 10];
const ras = 'https://mcp.acme.example';
const origins = { idp: 'https://id.acme.example', ras };
const dir = await mkdtemp(join(tmpdir(), 'credence-diff-'));
const path = join(dir, 'store.db');
const store = await openSqliteStore(path, { node: 'bench' });
fill();

const base = {
  servers: Object.fromEntries(
    Array.from({ length: servers }, (_, at) => [
      `s${at}`,
      { resource: `${ras}/s${at}`, ras, scopes: { read: {}, write: { risk: 'high' } } },
    ]),
  ),
  clients: Object.fromEntries(
    Array.from({ length: 20 }, (_, at) => [
      `c${at}`,
      { redirect_uris: ['http://localhost/cb'], client_ids: { [ras]: `c${at}` } },
    ]),
  ),
  rules: Array.from({ length: servers * rulesEach }, (_, at) => ({
    id: `r${at}`,
    allow: at % 3 === 0 ? 'all' : ['read'],
    on: `s${at % servers}`,
    to: [`group:g${(at * 7) % groups}`],
    ...(at % 5 === 0 && { through: [`c${at % 20}`] }),
  })),
};
await publish(base);

const more = (rule: object) => ({ ...base, rules: [...base.rules, { id: 'new', ...rule }] });
const changes: [name: string, document: unknown][] = [
  ['one rule for one group', more({ allow: 'all', on: 's1', to: ['group:g1'] })],
  ['one rule for everybody', more({ allow: ['read'], on: 's1', to: ['everyone'] })],
  ['one rule for a group on every server', more({ allow: 'all', on: Object.keys(base.servers), to: ['group:g1'] })],
  ['a deny for everybody on every server', more({ deny: ['write'], on: Object.keys(base.servers), to: ['everyone'] })],
  ['every rule gone', { ...base, rules: [] }],
];
const load = loadavg()[0]?.toFixed(1);
const rows: string[] = [];
for (const [name, document] of changes) {
  const text = toText(document);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const [startedMs, before] = [performance.now(), process.cpuUsage()];
  const { summary, effects } = await diffOf(store, 'access', text, { origins, now: 1_800_000_000 });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const { user, system } = process.cpuUsage(before);
  const cpu = ((user + system) / 1e6).toFixed(1);
  delay.disable();
  const held = (delay.max / 1e6).toFixed(0);
  process.stdout.write(
    `${seconds.padStart(6)} s  ${cpu.padStart(5)} s of CPU  ${held.padStart(5)} ms at once  ${name.padEnd(40)} ${summary} ${effects.length} sentences\n`,
  );
  rows.push(`| ${[name, seconds, cpu, held, effects.length].join(' | ')} |`);
}
await store.close();
rmSync(dir, { recursive: true });
if (!values['no-write']) {
  const path = join(import.meta.dirname, '../docs/performance.md');
  writeFileSync(path, withSection(readFileSync(path, 'utf8'), 'The diff of a draft', toSection()));
}

function toSection(): string {
  const { date, node, cores } = machine();
  return `## The diff of a draft

Written by \`npm run bench:diff\` on ${date}: ${cores} cores, Node ${node}, SQLite, one run of each, with a load of ${load} from other work on the machine.
${people.toLocaleString('en')} people, ${groups.toLocaleString('en')} groups of which each person is in ten, ${servers.toLocaleString('en')} servers, ${(servers * rulesEach).toLocaleString('en')} rules. The bar is 10 s; the seconds of CPU are what the diff
takes where it is alone. At once: the longest that it let others wait.

| Change | s | s of CPU | ms at once | sentences |
|---|---:|---:|---:|---:|
${rows.join('\n')}
`;
}

function toText(document: unknown): string {
  const parsed = parseDocument(document, 'access');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings.slice(0, 3)));
  return JSON.stringify(parsed.document);
}

async function publish(document: unknown): Promise<void> {
  const text = toText(document);
  const version = { kind: 'access', version: 1, document: text, digest: digestOf(text), author: 'file' } as const;
  await store.policies.append({ ...version, publishedAt: 1 }, []);
}

/** Straight into the tables: what is measured is the reading. */
function fill(): void {
  const database = new DatabaseSync(path);
  database.exec('BEGIN');
  const person = database.prepare(
    `INSERT INTO people (id, source, email, email_folded, name, active) VALUES (?, 'local', ?, ?, ?, 1)`,
  );
  const member = database.prepare(`INSERT OR IGNORE INTO memberships (person_id, kind, of_id) VALUES (?, 'group', ?)`);
  for (let at = 0; at < people; at += 1) {
    const id = `u${at}`;
    person.run(id, `${id}@acme.example`, `${id}@acme.example`, id);
    for (let of = 0; of < 10; of += 1) member.run(id, `g${(at * 31 + of * of * 97) % groups}`);
  }
  database.exec('COMMIT');
  database.close();
}
