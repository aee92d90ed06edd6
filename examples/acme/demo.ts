// npm run demo [-- --split] [-- --tls] [-- --json]
// npm run demo -- --org [--people 500] [--servers 30] [--json]
//
// Starts Acme, lets three people's agents try three MCP servers, and shows who got where, why not, and how fast. With --org: the
// whole organisation at nine in the morning, and one command that stops it (org/demo-org.ts).
import { parseArgs, styleText } from 'node:util';
import { type Installation, type Options, openInstallation } from './installation.ts';
import { type Column, toTable } from './table.ts';
import { type Denied, type Entered, entered, type Visit, visitAll } from './visits.ts';

/** A denial with what `credence explain` has to say about it. */
type Explained = Denied & { readonly explanation: string };

const columns: readonly Column[] = [
  { heading: 'who' },
  { heading: 'client' },
  { heading: 'server' },
  { heading: 'scopes' },
  { heading: 'tools', align: 'right' },
  { heading: 'ID-JAG ms', align: 'right' },
  { heading: 'token ms', align: 'right' },
  { heading: 'call ms', align: 'right' },
  { heading: 'consent screens', align: 'right' },
];

const bold = (text: string) => styleText('bold', text);

async function main(): Promise<number> {
  const options = readFlags();
  if (!options) return 2;
  if (options.org) return await showOrganisation(options);
  let installation: Installation | undefined;
  process.once('SIGINT', () => {
    void (installation?.close() ?? Promise.resolve()).finally(() => process.exit(130));
  });
  try {
    installation = await openInstallation(options);
    const { visits, explained } = await show(installation);
    await installation.close();
    process.stdout.write(
      options.json ? `${JSON.stringify({ visits, explained }, null, 2)}\n` : toText(installation, visits, explained),
    );
    return 0;
  } catch (error) {
    const said = installation?.servers.map((server) => server.output()).join('\n') ?? '';
    process.stderr.write(
      `The demonstration failed: ${(error as Error).message}\n${said && `\nThe server said:\n${said}`}`,
    );
    await installation?.close().catch(() => {}); // what went wrong first is what counts
    return 1;
  }
}

interface Flags extends Options {
  readonly json: boolean;
  readonly org: boolean;
  readonly people: string;
  readonly servers: string;
}

async function showOrganisation({ people, servers, json }: Flags): Promise<number> {
  const { runOrg } = await import('./org/demo-org.ts');
  try {
    await runOrg({ people: Number(people), servers: Number(servers), json });
    return 0;
  } catch (error) {
    process.stderr.write(`The demonstration failed: ${(error as Error).message}\n`);
    return 1;
  }
}

function readFlags(): Flags | undefined {
  const flag = { type: 'boolean', default: false } as const;
  const count = (value: string) => ({ type: 'string', default: value }) as const;
  try {
    const organisation = { org: flag, people: count('500'), servers: count('30') };
    const { values } = parseArgs({ options: { split: flag, tls: flag, json: flag, ...organisation } });
    for (const [name, least, most] of [
      ['people', 1, 5000],
      ['servers', 1, 50],
    ] as const) {
      const number = Number(values[name]);
      if (!Number.isInteger(number) || number < least || number > most)
        throw new Error(`--${name} is ${least} to ${most}`);
    }
    return values;
  } catch (error) {
    process.stderr.write(
      `${(error as Error).message}\nKnown flags: --split, --tls, --json, --org with --people and --servers\n`,
    );
    return undefined;
  }
}

/** Alice may everything, Bob may read files, Carol may nothing; anything else is a failure of the demonstration. */
async function show({ demo, explain }: Installation): Promise<{ visits: Visit[]; explained: Explained[] }> {
  const alice = await visitAll(demo, 'alice', 'claude-code');
  const everyTool = new Map(alice.filter(entered).map(({ server, tools }) => [server, tools]));
  const bob = await visitAll(demo, 'bob', 'claude-code', everyTool);
  const carol = await visitAll(demo, 'carol', 'claude-code');

  expect('alice', alice, ['everything', 'files', 'memory']);
  expect('bob', bob, ['files']);
  expect('carol', carol, []);
  const withheld = bob.filter(entered).map((visit) => visit.withheld);
  if (withheld.length !== 1 || withheld.includes(undefined)) throw new Error('bob sees every tool of files');

  const visits = [...alice, ...bob, ...carol];
  const denied = visits.filter((visit): visit is Denied => !entered(visit));
  const explained = await Promise.all(
    denied.map(async (denial) => ({ ...denial, explanation: await explain(denial.decision) })),
  );
  return { visits, explained };
}

function expect(who: string, visits: readonly Visit[], servers: readonly string[]): void {
  const reached = visits.filter(entered).map(({ server }) => server);
  if (reached.toSorted().join() === servers.toSorted().join()) return;
  throw new Error(
    `${who} reached ${reached.join(', ') || 'nothing'} and should have reached ${servers.join(', ') || 'nothing'}`,
  );
}

function toText({ demo, servers }: Installation, visits: readonly Visit[], explained: readonly Explained[]): string {
  const ready = servers.map(({ readyMs }) => `${Math.round(readyMs)} ms`).join(' and ');
  const inside = visits.filter(entered);
  const screens = inside.reduce((sum, { consentScreens }) => sum + consentScreens, 0);
  return [
    bold('Acme'),
    `identity provider  ${demo.idp.issuer}`,
    `resource side      ${demo.ras.issuer}`,
    `${servers.length === 1 ? 'one process' : 'two processes with two homes'}, ready after ${ready}`,
    '',
    bold('Each person signed in once. Then their agent went to every server:'),
    '',
    toTable(columns, visits.map(toRow)),
    '',
    ...inside.flatMap(({ who, server, answer }) => `${who} on ${server}: ${shorten(answer)}`),
    ...inside.flatMap(toWithheldLine),
    '',
    bold('Refused, and why'),
    '',
    ...explained.map(({ who, server, refusal }) => `${who} on ${server}: ${refusal}`),
    ...explained
      .filter(isFirstOfPerson)
      .flatMap(({ who, server, decision, explanation }) => [
        '',
        bold(`credence explain ${decision}   (${who} on ${server})`),
        '',
        ...explanation.split('\n').map((line) => `  ${line}`.trimEnd()),
      ]),
    '',
    bold(`${inside.length} servers entered, ${explained.length} refused by policy, consent screens: ${screens}`),
    '',
  ].join('\n');
}

function toRow(visit: Visit): string[] {
  const { who, client, server } = visit;
  if (!entered(visit)) return [who, client, server, 'refused', '-', '-', '-', '-', '0'];
  const { scopes, tools, issueMs, redeemMs, callMs, consentScreens } = visit;
  const times = [issueMs, redeemMs, callMs].map((ms) => ms.toFixed(1));
  return [who, client, server, scopes.join(' '), String(tools.length), ...times, String(consentScreens)];
}

function toWithheldLine({ who, server, withheld }: Entered): string[] {
  return withheld ? [`${who} on ${server}, trying ${withheld.tool}: ${withheld.refusal}`] : [];
}

/** The reasons of one person's denials are much alike: one is shown in full, `--json` has all. */
function isFirstOfPerson({ who }: Explained, index: number, all: readonly Explained[]): boolean {
  return all.findIndex((other) => other.who === who) === index;
}

function shorten(text: string): string {
  return text.length > 90 ? `${text.slice(0, 89)}…` : text;
}

process.exitCode = await main();
