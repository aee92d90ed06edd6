import { createInterface } from 'node:readline/promises';
import { Argument, Command, Option } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { toAccessIndex, toResourceIndex } from '../in-force.ts';
import { Problem } from '../problem.ts';
import type { StopPlace } from '../stops/plan.ts';
import { type By, listStops, previewStop, resumeStop, stop } from '../stops/stop.ts';
import { type Stop, type StopKind, stopKinds } from '../store/stop.ts';
import type { Store } from '../store/store.ts';
import { accountHere } from './account-here.ts';
import { toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { toStopEnd } from './stop-time.ts';
import { readIssuers, toActRow, withStore } from './with-store.ts';

/** `credence stop`: nothing more is issued, and what was issued ends within a second. */
export function stopCommand(): Command {
  return new Command('stop')
    .description('stop agents at once: of a person, a client, a server, or all of them')
    .addArgument(new Argument('<what>', 'what is to be stopped').choices(stopKinds))
    .argument('[id]', 'which; nothing for everything')
    .allowUnknownOption() // an id may begin with a dash
    .addOption(homeOption())
    .requiredOption('--reason <text>', 'why; it goes on the record')
    .option('--until <when>', 'ends by itself: friday, tomorrow, 2030-01-31, 2030-01-31T18:00')
    .option('--for <time>', 'ends by itself after 30m, 2h or 3d')
    .addOption(new Option('--at <side>', 'at one side only').choices(['idp', 'ras']))
    .option('--issuer <url>', 'of a key: whose it is')
    .option('--yes', 'do it without asking')
    .option('--json', 'one JSON object')
    .addHelpText('after', help)
    .action(makeStop);
}

/** `credence stops`: what is stopped, by whom and why. */
export function stopsCommand(): Command {
  return new Command('stops')
    .description('list what is stopped, by whom and why')
    .addOption(homeOption())
    .option('--all', 'also what is over')
    .option('--json', 'one JSON object a line')
    .action((options: ListOptions) =>
      withStore(options, async (store) => {
        for (const each of await listStops({ store }, options.all === true)) {
          process.stdout.write(`${options.json ? toVisibleJson(each) : await toLine(store, each)}\n`);
        }
      }),
    );
}

/** `credence resume`: lets go on what was stopped; what was issued before stays dead. */
export function resumeCommand(): Command {
  return new Command('resume')
    .description('let go on what was stopped; tokens from before stay dead')
    .argument('<stop>', 'the stop, as shown by credence stops')
    .addOption(homeOption())
    .requiredOption('--reason <text>', 'why; it goes on the record')
    .action((id: string, options: ResumeOptions) =>
      withStore(options, async (store) => {
        const resumed = await resumeStop({ store, now: toNow() }, { id, reason: options.reason }, by());
        process.stdout.write(`${toPrintable(`${resumed.kind} ${resumed.target}`.trim())} goes on.\n`);
      }),
    );
}

const help = `
What is named by what:
  person      e-mail address or id; at an authorization server the id of an account
  client      id in the access or the resource document, or client_id
  server      id in a document, or resource
  rule        id in the access document
  session     as in credence session list
  token       jti of an ID-JAG or access token, as on the record
  issuer      URL of a trusted issuer
  key         kid, with --issuer where several have one of that name
  everything  all agents of everybody

Examples:
  credence stop person erin@acme.example --reason "laptop stolen" --for 2h
  credence stop client claude-code --reason "CVE-2026-0001" --until friday
  credence stop everything --reason "drill" --yes`;

interface StopOptions {
  readonly home: string;
  readonly reason: string;
  readonly until?: string;
  readonly for?: string;
  readonly at?: 'idp' | 'ras';
  readonly issuer?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface ListOptions {
  readonly home: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

interface ResumeOptions {
  readonly home: string;
  readonly reason: string;
}

async function makeStop(kind: StopKind, id: string | undefined, options: StopOptions): Promise<void> {
  if ((kind === 'everything') !== (id === undefined)) {
    throw new Problem(
      kind === 'everything' ? 'Everything needs no id.' : `Which ${kind}?`,
      'See: credence stop --help',
    );
  }
  const endsAt = toStopEnd(options, new Date());
  const { reason, issuer, at: side } = options;
  const order = { kind, target: id ?? '', reason, endsAt, side, issuer };
  await withStore(options, async (store) => {
    const { words, endsAt: latest } = await previewStop(await openPlace(store, options), order);
    const end = toEnd(Math.min(endsAt ?? Number.POSITIVE_INFINITY, latest ?? Number.POSITIVE_INFINITY));
    const plan = toPrintable(`This ${words}. It ends ${end}.`);
    if (!options.json) process.stdout.write(`${plan}\n`);
    await confirm(options);
    // Time has passed while somebody thought about it.
    const made = await stop(await openPlace(store, options), order, by());
    process.stdout.write(
      options.json ? `${toVisibleJson(made)}\n` : `${made.id}   to undo: credence resume ${made.id} --reason TEXT\n`,
    );
  });
}

/** Nobody stops a company by a slip of the hand. */
async function confirm({ yes }: StopOptions): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new Problem('Nobody is there to be asked.', 'Say --yes to do it without a question.');
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('Stop? [y/N] ').finally(() => terminal.close());
  if (!/^y(es)?$/i.test(answer.trim())) throw new Problem('Nothing was stopped.', 'Answer y to do it.');
}

async function openPlace(store: Store, options: { readonly home: string }): Promise<StopPlace> {
  const origins = await readIssuers(options);
  const access = await store.policies.latest('access');
  const resource = await store.policies.latest('resource');
  return {
    store,
    access: access && toAccessIndex(access, origins),
    resource: resource && toResourceIndex(resource, origins),
    idpIssuer: origins.idp,
    rasIssuer: origins.ras,
    now: toNow(),
  };
}

function by(): By {
  return { name: accountHere(), toRow: toActRow };
}

async function toLine(store: Store, stopped: Stop): Promise<string> {
  const { id, kind, by: name, at, endsAt, reason, origin, resumed, personId } = stopped;
  const person = personId === undefined ? undefined : await store.people.find(personId);
  const target = person?.email ?? stopped.target;
  const who = origin === undefined ? `by ${name}` : `by its issuer ${origin}`;
  const state = resumed ? `over since ${toTime(resumed.at)} (${resumed.reason})` : `ends ${toEnd(endsAt)}`;
  return toPrintable(`${id}  ${`${kind} ${target}`.trim().padEnd(40)}  ${toTime(at)}  ${state}  ${who}: ${reason}`);
}

function toEnd(seconds: number | undefined): string {
  return seconds === undefined || seconds === Number.POSITIVE_INFINITY ? 'when it is resumed' : toTime(seconds);
}

function toTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ').concat(' UTC');
}

function toNow(): number {
  return Math.floor(Date.now() / 1000);
}
