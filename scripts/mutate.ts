// npm run mutate [-- --file PART]: takes each check of the rule files away in turn; some test must fail each time.
//
// A mutant is put in the place of the file while node loads it, in the process that runs the tests: nothing in the tree
// changes. First the tests beside the file, then those of the specification, until one fails. What no test notices is a
// survivor: a test is missing, or the code says something twice. One that cannot matter is listed in
// equivalent-mutants.json, with the reason.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import equivalent from './equivalent-mutants.json' with { type: 'json' };
import { type Mutant, toMutants } from './mutations.ts';

const root = dirname(import.meta.dirname);
process.chdir(root);
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/compile');

const mcp = (name: string) => `packages/mcp/src/${name}`;
const protocol = (name: string) => mcp(`protocol/${name}`);
const server = (name: string) => `packages/server/src/${name}`;
const toSpec = (name: string) => `spec/${name}.test.ts`;
const issuing = ['exchange', 'targets', 'http', 'dpop', 'log'].map(toSpec);
const redeeming = ['redemption', 'targets', 'keys', 'issuer-keys', 'dpop', 'log'].map(toSpec);
const asking = ['introspection-and-revocation', 'standing-tokens'].map(toSpec);
const leg1 = [toSpec('leg-1')];
const leg2 = [toSpec('leg-2')];
const boundaries = [toSpec('boundaries')];
const keys = [toSpec('keys')];
const dpop = [toSpec('dpop')];
const upstream = ['upstream', 'step-up'].map((name) => server(`idp/sign-in/upstream/${name}.test.ts`));
const secondFactor = ['second-factor', 'security'].map((name) => server(`idp/sign-in/${name}.test.ts`));
const accountLink = server('idp/sign-in/account-link.test.ts');
const provisioning = ['provisioning', 'dialects'].map(toSpec);
const scim = (name: string) => server(`directory/scim/${name}`);
const metadata = [toSpec('client-metadata')];
const certificates = [toSpec('certificates')];

/** The rule files, and the tests to ask in turn: first those beside them, then those most likely to notice. */
const rules: readonly [file: string, ...stages: (readonly string[])[]][] = [
  [protocol('base64url.ts'), [protocol('base64url.test.ts')], leg2],
  [protocol('strict-json.ts'), [protocol('strict-json.test.ts')], keys],
  [protocol('scope.ts'), boundaries, leg1, leg2],
  [protocol('jws.ts'), [protocol('jws.test.ts')], boundaries, leg2, redeeming],
  [protocol('id-jag.ts'), [protocol('id-jag.test.ts')], boundaries, leg1, leg2, redeeming, certificates],
  [protocol('access-token.ts'), [protocol('access-token.test.ts')], boundaries, leg2, dpop, asking, certificates],
  [protocol('dpop.ts'), [protocol('dpop.test.ts')], dpop],
  [mcp('resource/issuer-keys.ts'), [mcp('resource/issuer-keys.test.ts')], [toSpec('issuer-keys')]],
  [
    mcp('resource/fetched.ts'),
    [mcp('resource/fetched.test.ts'), mcp('resource/issuer-keys.test.ts')],
    [toSpec('issuer-keys')],
  ],
  [server('clients/freshness.ts'), [server('clients/freshness.test.ts')]],
  [server('clients/metadata-document.ts'), metadata],
  [server('clients/remote-clients.ts'), metadata, [toSpec('workload')]],
  [server('clients/watch-clients.ts'), metadata],
  [server('clients/workload.ts'), [toSpec('workload')]],
  [server('form.ts'), [server('form.test.ts')], boundaries],
  [server('limits.ts'), [server('limits.test.ts')], boundaries],
  [server('listener.ts'), [server('listener.test.ts')], [server('clients/client-certificate.test.ts')], boundaries],
  [
    server('clients/authenticate.ts'),
    [server('clients/authenticate.test.ts'), toSpec('client-authentication'), toSpec('workload')],
    metadata,
    leg1,
    issuing,
    keys,
    certificates,
  ],
  [server('clients/dpop.ts'), dpop, leg1, issuing, [toSpec('distributed')]],
  [server('clients/check-certificate.ts'), [server('clients/client-certificate.test.ts')], certificates],
  [server('clients/client-certificate.ts'), [server('clients/client-certificate.test.ts')], certificates],
  [server('clients/certificate-names.ts'), [server('clients/client-certificate.test.ts')], certificates],
  [server('policy/distinguished-name.ts'), [server('policy/distinguished-name.test.ts')]],
  [
    server('policy/client-tls.ts'),
    [server('policy/client-tls.test.ts'), server('policy/parse.test.ts')],
    certificates,
    [server('clients/client-certificate.test.ts')],
  ],
  [
    server('policy/decide.ts'),
    [server('policy/decide.test.ts'), toSpec('sign-in-needs')],
    [server('policy/decide.property.test.ts')],
    leg1,
  ],
  [protocol('authorization-details.ts'), [server('policy/details.test.ts')], [toSpec('authorization-details')]],
  [protocol('jwe.ts'), [protocol('jwe.test.ts')], [toSpec('encryption')]],
  [server('keys/jwe.ts'), [server('keys/jwe.test.ts')], [toSpec('encryption')]],
  [server('idp/encrypt-id-jag.ts'), [toSpec('encryption')]],
  [server('idp/target.ts'), leg1, [toSpec('targets'), toSpec('authorization-details')], issuing],
  [protocol('security-event.ts'), [toSpec('security-events')], [server('ras/events.test.ts')]],
  [server('ras/events.ts'), [server('ras/events.test.ts'), toSpec('security-events')]],
  [server('policy/loosened.ts'), [server('policy/loosened.test.ts')]],
  [server('policy/details.ts'), [server('policy/details.test.ts')], [toSpec('authorization-details')]],
  [server('directory/upstream/mapping.ts'), [server('directory/upstream/mapping.test.ts')]],
  [server('directory/upstream/strength.ts'), [server('directory/upstream/strength.test.ts')], upstream],
  [server('directory/upstream/logout-token.ts'), [server('directory/upstream/logout-token.test.ts')]],
  [server('directory/upstream/link.ts'), [server('directory/upstream/link.test.ts')], upstream],
  [server('idp/sign-in/upstream/attempts.ts'), upstream],
  [server('idp/sign-in/upstream/callback.ts'), upstream],
  [server('idp/sign-in/upstream/back-channel.ts'), [server('idp/sign-in/upstream/sign-out.test.ts')]],
  [server('policy/sign-in-levels.ts'), [server('policy/sign-in-levels.test.ts')], [toSpec('step-up')]],
  [server('directory/account-links.ts'), [server('directory/account-links.test.ts')], [accountLink]],
  [server('idp/sign-in/account-link.ts'), [accountLink]],
  [server('idp/sign-in/sign-in-limit.ts'), [server('idp/sign-in/sign-in-limit.test.ts')], secondFactor],
  [
    server('idp/sign-in/devices.ts'),
    [server('idp/sign-in/devices.test.ts'), server('idp/sign-in/sign-in-limit.test.ts')],
  ],
  [server('directory/totp.ts'), [server('directory/totp.test.ts')]],
  [server('directory/once-codes.ts'), [server('directory/once-codes.test.ts')]],
  [server('directory/passkey.ts'), [server('directory/passkey.test.ts')], secondFactor],
  [server('idp/sign-in/proofs.ts'), secondFactor],
  [server('idp/sign-in/enrolment.ts'), secondFactor],
  [server('idp/sign-in/factor-steps.ts'), secondFactor],
  [server('idp/subject-token.ts'), [server('idp/subject-token.test.ts')], [toSpec('subject-token')], leg1, issuing],
  [
    server('idp/token-exchange.ts'),
    leg1,
    [toSpec('tenants'), toSpec('authorization-details'), toSpec('distributed')],
    [toSpec('encryption')],
    issuing,
    certificates,
    metadata,
  ],
  [server('idp/bad-subject-token.ts'), [server('idp/bad-subject-token.test.ts')]],
  [server('idp/network-watch.ts'), [server('idp/network-watch.test.ts'), toSpec('distributed')]],
  [server('idp/sign-in/key-binding.ts'), [server('idp/sign-in/key-binding.test.ts')]],
  [
    server('ras/jwt-bearer.ts'),
    leg2,
    [toSpec('tenants'), toSpec('authorization-details')],
    [toSpec('encryption'), toSpec('interop'), toSpec('reuse')],
    redeeming,
    certificates,
    metadata,
  ],
  [
    server('ras/account.ts'),
    [toSpec('accounts'), toSpec('tenants'), toSpec('security-events')],
    [toSpec('interop')],
    leg2,
  ],
  [server('ras/own-token.ts'), asking],
  [server('ras/introspection.ts'), asking, certificates],
  [server('ras/revocation.ts'), asking],
  [server('directory/source.ts'), [server('directory/source.test.ts')], provisioning],
  [server('directory/upsert-person.ts'), [server('directory/upsert-person.test.ts')], provisioning],
  [server('policy/grants.ts'), [server('policy/grants.test.ts')]],
  [scim('filter.ts'), [scim('filter.test.ts')], provisioning],
  [scim('match.ts'), [scim('match.test.ts'), scim('patch.test.ts')], provisioning],
  [scim('operations.ts'), [scim('normalize.test.ts'), scim('patch.test.ts')], provisioning],
  [scim('normalize.ts'), [scim('normalize.test.ts'), scim('patch.test.ts')], provisioning],
  [scim('patch.ts'), [scim('patch.test.ts')], provisioning],
  [scim('group.ts'), [scim('normalize.test.ts'), scim('patch.test.ts')], provisioning],
  [scim('user.ts'), [scim('normalize.test.ts')], provisioning],
  [scim('condition.ts'), provisioning],
  [server('idp/scim/call.ts'), provisioning],
  [server('idp/scim/users.ts'), provisioning],
  [server('idp/scim/groups.ts'), provisioning],
  [server('idp/scim/bulk.ts'), provisioning],
  [server('idp/scim/endpoint.ts'), provisioning],
];

const patienceMs = 60_000;
const { file: only = '' } = parseArgs({ options: { file: { type: 'string' } } }).values;
const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

interface Job {
  readonly file: string;
  readonly mutant: Mutant;
  readonly stages: readonly (readonly string[])[];
}

process.removeAllListeners('warning'); // Taking types away is called experimental.
const startedAt = performance.now();
const all: Job[] = rules
  .filter(([file]) => file.includes(only))
  .flatMap(([file, ...stages]) => toMutants(readFileSync(file, 'utf8')).map((mutant) => ({ file, mutant, stages })));
const jobs = all.filter((job) => !isListed(job));
const listed = all.length - jobs.length;
const stale = equivalent.filter((each) => each.file.includes(only) && !all.some((job) => isSame(each, job)));
let runs = 0;
let survived = 0;

if (!(await testsPass())) process.exit(1);
await forEachInTwoLanes(jobs, tryOut);

const seconds = Math.round((performance.now() - startedAt) / 1000);
say(`${jobs.length} mutants, ${listed} more listed as equivalent, ${survived} survived (${seconds} s)`);
for (const { file, before } of stale) say(`equivalent-mutants.json lists what is no mutant of ${file}: ${before}`);
const isSure = await testsPass();
process.exitCode = isSure && jobs.length > 0 && survived + stale.length === 0 ? 0 : 1;

/** Two at a time: each lane takes the next one that is left. */
async function forEachInTwoLanes<T>(items: readonly T[], work: (item: T, at: number) => Promise<void>): Promise<void> {
  const left = [...items.entries()];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) await work(next[1], next[0]);
  };
  await Promise.all([lane(), lane()]);
}

async function tryOut(job: Job, at: number): Promise<void> {
  if (at > 0 && at % 50 === 0) say(`${at} of ${jobs.length}`);
  if (await isNoticed(job)) return;
  survived += 1;
  const { line, before, after } = job.mutant;
  say(`${job.file}:${line} survived\n  - ${before}\n  + ${after}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function isListed(job: Job): boolean {
  return equivalent.some((each) => isSame(each, job));
}

function isSame(each: { file: string; before: string; after: string }, { file, mutant }: Job): boolean {
  return each.file === file && each.before === mutant.before && each.after === mutant.after;
}

async function isNoticed({ file, mutant, stages }: Job): Promise<boolean> {
  for (const tests of stages) {
    if (await fails(file, mutant.source, tests)) return true;
  }
  return false;
}

/** Else every mutant would look as if some test had noticed it: asked before and, since somebody may be at work here, after. */
async function testsPass(): Promise<boolean> {
  const groups = new Map(all.flatMap(({ file, stages }) => stages.map((tests) => [tests.join(' '), { file, tests }])));
  let pass = true;
  await forEachInTwoLanes([...groups.values()], async ({ file, tests }) => {
    if (!(await fails(file, readFileSync(file, 'utf8'), tests))) return;
    pass = false;
    say(`The tests fail without any mutant, so nothing can be said: ${tests.join(' ')}`);
  });
  return pass;
}

/** Runs tests with a file replaced, until the first that fails. One that does not end has failed too. */
function fails(file: string, source: string, tests: readonly string[]): Promise<boolean> {
  runs += 1;
  const mutant = join(folder, `${runs}.json`);
  writeFileSync(mutant, JSON.stringify({ url: pathToFileURL(join(root, file)).href, source }));
  const hook = pathToFileURL(join(root, 'scripts/mutant-hook.mjs')).href;
  const args = ['--import', hook, '--test', '--test-isolation=none', '--test-reporter=tap', ...tests];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, CREDENCE_MUTANT: mutant },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: patienceMs,
      killSignal: 'SIGKILL',
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (/^\s*not ok /m.test(text)) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (code) => {
      rmSync(mutant);
      resolve(code !== 0);
    });
  });
}
