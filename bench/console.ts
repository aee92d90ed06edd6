// npm run bench:console [-- --home DIR] [--records 200000] [--rounds 3] [--only WORDS] [--no-write]: how soon each page of the console is there.
//
// Serves a large organisation (that of `npm run large`, made for this and removed afterwards, or one that is there: --home) and
// opens every page in Chromium, each time in a browser that has nothing of the console yet: from the start of the navigation until
// what the page is about stands there and nothing of it is still loading. 1 s is the bar. Then touches in a cell of the matrix.
// Serve a DIR of `npm run large` once before, until the last checkpoint covers its record: sealing it takes a minute of CPU.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BrowserContext, chromium } from 'playwright-core';
import { readDemoFile } from '../examples/acme/demo-file.ts';
import { startServer } from '../examples/acme/server-process.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import { findChromium } from '../scripts/chromium.ts';
import { large } from '../scripts/large-model.ts';
import { countLines, readCosts, watchPage } from './console-page.ts';
import { findPlaces, type Place } from './console-places.ts';
import { type Measured, toConsoleSection, type Visit } from './console-report.ts';
import { measureTouches } from './console-touches.ts';
import { withSection } from './section.ts';

const { values } = parseArgs({
  options: {
    home: { type: 'string' },
    records: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
  },
});
type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;
const root = join(import.meta.dirname, '..');
const rounds = Number(values.rounds);
const home = values.home ?? makeHome();
const [idp, ras, admin] = await freePorts(3);
const server = await startServer(
  ['--demo', '--home', home, `--idp-port=${idp}`, `--ras-port=${ras}`, `--admin-port=${admin}`],
  { timeoutMs: 120_000 },
);
const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
try {
  const { admin: at, users } = await readDemoFile(home);
  const { page, navigation } = await signIn(
    at.url,
    users.find(({ email }) => email.startsWith('dana@')),
  );
  const places = await findPlaces(page);
  const state = await page.context().storageState();
  const measured: Measured[] = [];
  for (const place of places) {
    if (values.only !== undefined && !place.name.includes(values.only)) continue;
    const visits: Visit[] = [];
    for (let round = 0; round < rounds; round += 1) visits.push(await visit(`${at.url}${place.path}`, place, state));
    measured.push({ name: place.name, visits });
    say(`${place.name.padEnd(28)}${visits.map(({ readyMs }) => readyMs.toFixed(0).padStart(7)).join('')} ms`);
  }
  for (const path of navigation) if (!places.some((place) => place.path === path)) say(`not measured: ${path}`);
  const touches = await measureTouches(page, at.url);
  say(`touches${[touches.first, ...touches.again].map((ms) => ms.toFixed(0).padStart(7)).join('')} ms`);
  const lines = await page.evaluate(countLines);
  const command = values.home === undefined ? `--records ${values.records}` : '--home DIR';
  const section = toConsoleSection(measured, { command, rounds, touches, size: { ...large, lines: Number(lines) } });
  process.stdout.write(`${section}\n`);
  if (!values['no-write'] && values.only === undefined) {
    const path = join(root, 'docs/performance.md');
    writeFileSync(path, withSection(readFileSync(path, 'utf8'), 'The console on a large organisation', section));
  }
} finally {
  await browser.close();
  await server.stop();
}

async function signIn(url: string, owner: { readonly email: string; readonly password: string } | undefined) {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${url}/sign-in`);
  await page.getByLabel('Work email').fill(owner?.email ?? '');
  await page.getByLabel('Password').fill(owner?.password ?? '');
  await page.keyboard.press('Enter');
  const links = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
  await links.first().waitFor();
  return { page, navigation: await links.evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? '')) };
}

/** One look at a page, by a browser that has nothing of it yet. */
async function visit(url: string, { ready }: Place, storageState: StorageState): Promise<Visit> {
  const context = await browser.newContext({ storageState, viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    const costs = await context.newCDPSession(page);
    await costs.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.addInitScript(watchPage);
    const before = serverCpuMs();
    await page.goto(url, { waitUntil: 'commit' });
    const readyMs = await page.evaluate<number | undefined>(`benchReady(${JSON.stringify(ready)})`);
    if (readyMs === undefined) throw new Error(`${url} is not there after a minute: ${ready}`);
    await page.evaluate('benchQuiet()');
    const { metrics } = await costs.send('Performance.getMetrics');
    const pageCpuMs = 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
    const cpu = { serverCpuMs: serverCpuMs() - before, pageCpuMs };
    return { readyMs, ...cpu, ...(await page.evaluate<Pick<Visit, 'calls' | 'fileBytes'>>(readCosts)) };
  } finally {
    await context.close();
  }
}

/** CPU time of the server's process until now, from where Linux tells of it. */
function serverCpuMs(): number {
  const [, told = ''] = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ');
  const [user, system] = told.split(' ').slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
}

function makeHome(): string {
  const folder = mkdtempSync(join(tmpdir(), 'credence-console-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const made = join(folder, 'home');
  say(`making an organisation of ${large.people} people with ${values.records} records`);
  const args = [join(root, 'scripts/large.ts'), '--home', made, '--records', values.records];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error('The organisation could not be made.');
  return made;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
