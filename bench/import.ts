// npm run bench:import [-- --people 100000 --groups 2000]: a whole organisation in one go, then a server on that home.
//
// Prints how fast people and groups come in, how long another process that writes meanwhile has to wait, and, once they are
// in, how soon the server is ready, how much memory it takes, and what a look-up and a decision cost (design.md §6).

import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCredence, startServer } from '../examples/acme/server-process.ts';
import type { AccessDocument } from '../packages/server/src/policy/access-document.ts';
import { compileAccess } from '../packages/server/src/policy/compile.ts';
import { decide } from '../packages/server/src/policy/decide.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';

const { values } = parseArgs({
  options: { people: { type: 'string', default: '100000' }, groups: { type: 'string', default: '2000' } },
});
const [people, groups] = [Number(values.people), Number(values.groups)];
const membersEach = 200;

const folder = mkdtempSync(join(tmpdir(), 'credence-bench-'));
const home = join(folder, 'home');
mkdirSync(home, { mode: 0o700 });
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'people.jsonl');
await writeFile(file);
const [idp, ras, admin] = await freePorts(3);
const flags = ['--home', home, `--idp-port=${idp}`, `--ras-port=${ras}`, `--admin-port=${admin}`];
const empty = await startServer(flags);
say(`empty home   ready in ${Math.round(empty.readyMs)} ms, ${memoryOf(empty.pid)} MB`);

const storeFile = join(home, 'store.db');
const beside = await openSqliteStore(storeFile, { node: 'beside' });
const waits: number[] = [];
let refused = 0;
const timer = setInterval(async () => {
  const before = performance.now();
  await beside.commit({ marks: [], records: [] }).catch(() => {
    refused += 1;
  });
  waits.push(performance.now() - before);
}, 50);
const imported = await runCredence(['scim', 'import', file, '--source', 'bench', '--json', '--home', home], {
  timeoutMs: 3_600_000,
});
clearInterval(timer);
process.stderr.write(imported.stderr);
const outcome = JSON.parse(imported.stdout) as { seconds: number; perSecond: number };
say(
  `import   ${people} people, ${groups} groups of ${membersEach} in ${outcome.seconds} s, ${outcome.perSecond} a second`,
);
say(`a write beside it waited   ${spread(waits)}; ${refused} of ${waits.length} were given up`);
say(`the server that ran meanwhile   ${memoryOf(empty.pid)} MB`);
await empty.stop();

const full = await startServer(flags);
say(`full home   ready in ${Math.round(full.readyMs)} ms, ${memoryOf(full.pid)} MB`);
await full.stop();

const all = await beside.directory.search.people('scim:bench', {
  where: undefined,
  sortBy: undefined,
  descending: false,
  skip: Math.floor(people / 2),
  limit: 1000,
});
const reads: number[] = [];
const index = compileAccess(document(), { version: 1, localRas: undefined });
const decisions: number[] = [];
for (const { id } of all.items) {
  const before = performance.now();
  const person = await beside.people.find(id);
  const between = performance.now();
  if (!person) throw new Error(`${id} is not there`);
  decide(index, {
    person,
    client: 'c',
    server: 's',
    scopes: undefined,
    acr: undefined,
    amr: [],
    authTime: undefined,
    now: 1,
  });
  decisions.push(performance.now() - between);
  reads.push(between - before);
}
say(`a person read   ${spread(reads)}`);
say(`a decision   ${spread(decisions)}`);
await beside.close();

function document(): AccessDocument {
  const rules = Array.from(
    { length: 1000 },
    (_, at) => `- { id: r${at}, allow: all, on: s, to: ["group:bench/g${at}"] }`,
  );
  const text = `
servers: { s: { resource: https://mcp.example/s, ras: https://mcp.example, scopes: { a: {}, b: {} } } }
clients: { c: { redirect_uris: [http://localhost/cb], client_ids: { https://mcp.example: c } } }
rules:
  ${rules.join('\n  ')}
`;
  const parsed = parsePolicy(text, 'access');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems[0]));
  return parsed.document as AccessDocument;
}

async function writeFile(path: string): Promise<void> {
  const stream = createWriteStream(path);
  const write = async (object: object) => {
    if (!stream.write(`${JSON.stringify(object)}\n`)) await once(stream, 'drain');
  };
  for (let at = 0; at < people; at += 1) {
    const email = `person-${at}@bench.example`;
    const name = { givenName: 'Person', familyName: String(at) };
    await write({
      id: `p${at}`,
      externalId: `e${at}`,
      userName: email,
      name,
      emails: [{ value: email, primary: true }],
    });
  }
  for (let at = 0; at < groups; at += 1) {
    const members = Array.from({ length: membersEach }, (_, step) => ({
      value: `p${(at * 37 + step * 101) % people}`,
    }));
    await write({ externalId: `g${at}`, displayName: `Group ${at}`, members });
  }
  stream.end();
  await once(stream, 'finish');
}

/** Resident memory in MB. */
function memoryOf(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

function spread(milliseconds: readonly number[]): string {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(4);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
