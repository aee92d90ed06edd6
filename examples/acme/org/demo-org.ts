import { setTimeout as wait } from 'node:timers/promises';
import { readRecord } from '../../../packages/server/src/audit/personal.ts';
import { toTable } from '../table.ts';
import { type Access, access, call, exchange, type SignedIn, signInAs } from './access.ts';
import { readTheRecord, type Told } from './from-the-record.ts';
import { makeOrganisation, type Organisation } from './organisation.ts';
import { createProgress, type Progress } from './progress.ts';
import { inParallel, openSetting, type Setting } from './setting.ts';

export interface OrgOptions {
  readonly people: number;
  readonly servers: number;
  readonly json: boolean;
}

interface Pace {
  readonly seconds: number;
  readonly perSecond: number;
}

/** What `--json` prints. */
export interface OrgResult {
  readonly people: number;
  readonly servers: number;
  readonly accesses: number;
  readonly consentScreens: number;
  readonly signIns: Pace;
  readonly access: Pace & { readonly p50Ms: number; readonly p99Ms: number };
  readonly stop: {
    /** From the moment the stop was ordered, by its line on the record, to the first call that was refused. */
    readonly firstRefusedMs: number;
    /** Of the access tokens that worked before, and of the ID tokens: how many are refused after one command. */
    readonly callsRefused: number;
    readonly exchangesRefused: number;
  };
  readonly record: Told;
  readonly seconds: number;
}

const atOnce = 24;
const [mostRounds, roundMs] = [20, 100];

/** Everybody's agent reaches every server; then one command cuts them all off; then the record is asked whether it was so. */
export async function runOrg(options: OrgOptions): Promise<void> {
  const startedAt = performance.now();
  const organisation = makeOrganisation(options.people, options.servers);
  const progress = createProgress();
  const setting = await openSetting(organisation, progress);
  const interrupted = () => void setting.close().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  let result: Omit<OrgResult, 'seconds'>;
  try {
    result = await run(setting, organisation, progress);
  } catch (error) {
    process.stderr.write(`The server said:\n${setting.server.output().slice(-4000)}\n`);
    await setting.close().catch(() => undefined); // what went wrong first is what counts
    throw error;
  }
  process.off('SIGINT', interrupted);
  await setting.close();
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const whole = { ...result, seconds };
  process.stdout.write(options.json ? `${JSON.stringify(whole, null, 2)}\n` : toText(whole));
}

async function run(
  setting: Setting,
  organisation: Organisation,
  progress: Progress,
): Promise<Omit<OrgResult, 'seconds'>> {
  const { people, servers } = organisation;
  const count = people.length * servers.length;

  const signedIn: SignedIn[] = [];
  const signInBar = progress.begin('sign-ins', people.length);
  await inParallel(people, 8, async (person) => {
    signedIn.push(await signInAs(setting, person));
    signInBar.step();
  });
  const signIns = signInBar.end();

  const done: Access[] = [];
  const pairs = signedIn.flatMap((each) => servers.map((server) => [each, server] as const));
  const accessBar = progress.begin('accesses', count);
  await inParallel(pairs, atOnce, async ([each, server]) => {
    done.push(await access(setting, each, server));
    accessBar.step();
  });
  const pace = accessBar.end();

  const stop = await stopAll(setting, signedIn, done, progress);
  const record = await readTheRecord(setting.store);
  const result = {
    people: people.length,
    servers: servers.length,
    accesses: done.length,
    consentScreens: signedIn.reduce((sum, { consentScreens }) => sum + consentScreens, 0),
    signIns,
    access: { ...pace, ...spreadOf(done.map(({ milliseconds }) => milliseconds)) },
    stop,
    record,
  };
  expectAll(result, count);
  return result;
}

/** One command stops everything, while somebody keeps calling; then whatever worked before is tried again. */
async function stopAll(setting: Setting, signedIn: readonly SignedIn[], done: readonly Access[], progress: Progress) {
  const [canary] = done;
  if (!canary) throw new Error('nobody reached anything');
  const reason = 'the drill of npm run demo';
  const stopping = setting.credence('stop', 'everything', '--reason', reason, '--yes');
  let isOver = false;
  void stopping.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  let refusedAtMs: number | undefined;
  for (let triesLeft = 200; refusedAtMs === undefined && triesLeft > 0; ) {
    if ((await call(setting, canary.server, canary.accessToken)).status !== 200) refusedAtMs = Date.now();
    else await wait(20);
    if (isOver) triesLeft -= 1;
  }
  await stopping;
  const lines = await setting.store.audit.last(5000);
  const order = lines.map(readRecord).find(({ kind, detail }) => kind === 'admin' && detail?.includes(reason));
  if (refusedAtMs === undefined || !order) throw new Error('the stop came to nothing');
  const firstRefusedMs = Math.max(0, refusedAtMs - order.timeMs);

  let exchangesRefused = 0;
  const bar = progress.begin('the same after one stop', done.length + signedIn.length);
  let left = done;
  // A gateway hears of it within a second.
  for (let rounds = 0; left.length > 0 && rounds < mostRounds; rounds += 1) {
    const after: Access[] = [];
    if (rounds > 0) await wait(roundMs);
    await inParallel(left, atOnce, async (each) => {
      if ((await call(setting, each.server, each.accessToken)).status === 401) bar.step();
      else after.push(each);
    });
    left = after;
  }
  await inParallel(signedIn, atOnce, async ({ idToken }) => {
    if ((await exchange(setting, idToken, canary.server)).status >= 400) exchangesRefused += 1;
    bar.step();
  });
  bar.end();
  return { firstRefusedMs, callsRefused: done.length - left.length, exchangesRefused };
}

/** The figures are only worth something when they are all there, and when the record agrees. */
function expectAll({ people, consentScreens, stop, record }: Omit<OrgResult, 'seconds'>, count: number): void {
  const table: [what: string, is: number | string | undefined, expected: number | undefined][] = [
    ['consent screens', consentScreens, 0],
    ['calls refused after the stop', stop.callsRefused, count],
    ['exchanges refused after the stop', stop.exchangesRefused, people],
    ['exchanges refused by the stop, on the record', record.stopped, people],
    ['sign-ins on the record', record.signIns, people],
    ['ID-JAGs on the record', record.issued, count],
    ['redemptions on the record', record.redeemed, count],
    ['calls on the record', record.called, count],
    ['faults of the chain', record.fault, undefined],
  ];
  const wrong = table.filter(([, is, expected]) => is !== expected);
  if (wrong.length === 0) return;
  throw new Error(
    wrong.map(([what, is, expected]) => `${what}: ${is}, and should be ${expected ?? 'none'}`).join('\n'),
  );
}

function spreadOf(milliseconds: readonly number[]): { p50Ms: number; p99Ms: number } {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function toText(result: OrgResult): string {
  const { people, servers, accesses, consentScreens, signIns, access, stop, record, seconds } = result;
  const number = (value: number) => value.toLocaleString('en');
  const rows: [what: string, count: string, how: string][] = [
    ['people signed in', number(people), `${signIns.seconds} s, ${signIns.perSecond}/s, one page each`],
    ['servers', number(servers), 'real MCP servers over HTTP, behind the gateway'],
    [
      'accesses',
      number(accesses),
      `${access.seconds} s, ${access.perSecond}/s; p50 ${access.p50Ms} ms, p99 ${access.p99Ms} ms`,
    ],
    ['consent screens', number(consentScreens), `with a server each asking by itself: ${number(people * servers)}`],
    ['cut off by one stop', number(stop.callsRefused), `first refusal ${stop.firstRefusedMs} ms after it was ordered`],
    ['new ID-JAGs after it', number(people - stop.exchangesRefused), `of ${number(people)} asked for`],
    [
      'on the record',
      number(record.called),
      `accesses followed from ID-JAG to call, in ${number(record.records)} records`,
    ],
    ['chain', record.fault ?? 'whole', 'every line, hash by hash'],
  ];
  const columns = [{ heading: 'what' }, { heading: 'count', align: 'right' as const }, { heading: '' }];
  const each = 'an access = ID token -> ID-JAG -> access token -> tool call, each decided by policy and on the record';
  return `\n${toTable(columns, rows)}\n\n${each}\nthe whole took ${seconds} s\n`;
}
