import { type Refusal, refusalRow, refusals } from '@credence/mcp/protocol';
import { z } from 'zod';
import type { HourCount, UseSum } from '../../store/uses.ts';
import { answer, type Route, route } from './route.ts';
import type { AdminServices } from './services.ts';

const Outcomes = z.object({
  allowed: z.int(),
  narrowed: z.int().describe('Allowed, and less than was asked for by name.'),
  refused: z.int(),
  signInAgain: z.int().describe('Would be allowed after another sign-in.'),
});
type OutcomeCounts = z.output<typeof Outcomes>;

const Trouble = z.object({
  kind: z.enum(['server', 'client']),
  id: z.string(),
  name: z.string(),
  what: z.enum(['stopped', 'refusals', 'old_secret']),
  words: z.string(),
});

const ToDo = z.object({
  what: z.enum(['first_server', 'first_rule', 'stops', 'one_owner', 'record_behind', 'demo']),
  words: z.string(),
  count: z.int(),
});

const Figures = z.object({
  sinceMs: z.int(),
  stepMs: z.int(),
  totals: Outcomes,
  before: Outcomes.describe('The same for as long a time before.'),
  series: z.array(Outcomes.extend({ atMs: z.int() })).describe('One for each step, also where nothing happened.'),
  reasons: z
    .array(z.object({ reason: z.string(), words: z.string(), lines: z.int() }))
    .describe('The most frequent first.'),
  people: z.object({
    withAgents: z.int().describe('Had an ID-JAG issued in that time.'),
    all: z.int(),
  }),
  consentsAvoided: z.object({
    ever: z.int().describe('Each person, client and server that met: without Credence each is a consent screen.'),
  }),
  trouble: z.array(Trouble),
  toDo: z.array(ToDo),
});

const [hour, day] = [3_600_000, 86_400_000];
/** Steps of a chart are hours up to here, and days beyond. */
const mostByHour = 48;
const [oldSecretDays, someRefusals, mostTrouble] = [365, 10, 20];
/** Kinds of lines that say what became of a request. */
const decided = new Set(['issuance', 'decision', 'refusal']);
/** Reasons that a better sign-in, or a key with it, takes away. */
const signInWire = 'insufficient_user_authentication';

/** What is happening: numbers that are kept with the index of the record, and what to look at. */
export const figureRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/overview/figures',
    id: 'getFigures',
    summary: 'Decisions over time, why people were refused, and what waits to be looked at',
    permission: 'read:audit',
    query: z.strictObject({
      hours: z.coerce
        .number()
        .int()
        .min(1)
        .max(24 * 90)
        .default(24),
    }),
    answer: Figures,
    handle: async ({ query: { hours }, now, nowMs }, services) => {
      const { store } = services;
      const stepMs = hours <= mostByHour ? hour : day;
      const endMs = nowMs - (nowMs % stepMs) + stepMs;
      const length = Math.ceil((hours * hour) / stepMs) * stepMs;
      const sinceMs = endMs - length;
      const counts = (await store.uses.hours(sinceMs - length)).filter(({ kind }) => decided.has(kind));
      const inTime = counts.filter(({ hourMs }) => hourMs >= sinceMs);
      return answer({
        sinceMs,
        stepMs,
        totals: sum(inTime),
        before: sum(counts.filter(({ hourMs }) => hourMs < sinceMs)),
        series: toSeries(inTime, { sinceMs, endMs, stepMs }),
        reasons: toReasons(inTime),
        people: { withAgents: await store.uses.activePeople(sinceMs), all: await store.peopleAdmin.count() },
        consentsAvoided: { ever: await store.uses.meetings() },
        trouble: await findTrouble(services, { sinceMs, now }),
        toDo: await findToDo(services),
      });
    },
  }),
];

/** What the record was told by a version of another time may be no reason of this one. */
function isRefusal(reason: string): reason is Refusal {
  return Object.hasOwn(refusals, reason);
}

function sum(counts: readonly HourCount[]): OutcomeCounts {
  const total = { allowed: 0, narrowed: 0, refused: 0, signInAgain: 0 };
  for (const { outcome, reason, lines } of counts) {
    if (outcome === 'allowed' || outcome === 'narrowed') total[outcome] += lines;
    else if (isRefusal(reason) && refusalRow(reason).wire === signInWire) total.signInAgain += lines;
    else total.refused += lines;
  }
  return total;
}

function toSeries(
  counts: readonly HourCount[],
  { sinceMs, endMs, stepMs }: { readonly sinceMs: number; readonly endMs: number; readonly stepMs: number },
) {
  const bySteps = Map.groupBy(counts, ({ hourMs }) => hourMs - ((hourMs - sinceMs) % stepMs));
  const length = Math.round((endMs - sinceMs) / stepMs);
  return Array.from({ length }, (_, at) => {
    const atMs = sinceMs + at * stepMs;
    return { atMs, ...sum(bySteps.get(atMs) ?? []) };
  });
}

function toReasons(counts: readonly HourCount[]) {
  const lines = new Map<string, number>();
  for (const { reason, lines: some } of counts) if (reason !== '') lines.set(reason, (lines.get(reason) ?? 0) + some);
  return [...lines]
    .map(([reason, count]) => ({ reason, words: isRefusal(reason) ? refusalRow(reason).hint : reason, lines: count }))
    .sort((a, b) => b.lines - a.lines || (a.reason < b.reason ? -1 : 1))
    .slice(0, 20);
}

async function findTrouble(
  { store, access, resource }: AdminServices,
  { sinceMs, now }: { readonly sinceMs: number; readonly now: number },
): Promise<z.output<typeof Trouble>[]> {
  const found: z.output<typeof Trouble>[] = [];
  const stops = await store.stops.list({ over: false, limit: 1000 });
  for (const kind of ['server', 'client'] as const) {
    const known = kind === 'server' ? (access() ?? resource())?.servers : (access() ?? resource())?.clients;
    const sums = await store.uses.sums({ side: access() ? 'idp' : 'ras', by: kind, fromMs: sinceMs });
    for (const { id, name } of known?.values() ?? []) {
      const stop = stops.find((each) => each.kind === kind && each.target === id);
      if (stop) found.push({ kind, id, name, what: 'stopped', words: `stopped: ${stop.reason}` });
      const refusals = manyRefusals(sums.get(id));
      if (refusals !== undefined) found.push({ kind, id, name, what: 'refusals', words: refusals });
    }
  }
  for (const { domain, clientId, createdAt } of [
    ...(await store.credentials.all('idp')),
    ...(await store.credentials.all('ras')),
  ]) {
    const days = Math.floor((now - createdAt) / 86_400);
    const name = (domain === 'idp' ? access() : resource())?.clients.get(clientId)?.name;
    if (name === undefined || days < oldSecretDays) continue;
    found.push({
      kind: 'client',
      id: clientId,
      name,
      what: 'old_secret',
      words: `has a secret that is ${days} days old`,
    });
  }
  return found.slice(0, mostTrouble);
}

/** More refused than given, and not just a few. */
function manyRefusals(use: UseSum | undefined): string | undefined {
  if (!use || use.refused < someRefusals || use.refused <= use.issued + use.redeemed) return undefined;
  return `${use.refused} refused, ${use.issued + use.redeemed} given`;
}

async function findToDo({
  store,
  access,
  resource,
  installation,
}: Pick<AdminServices, 'store' | 'access' | 'resource' | 'installation'>): Promise<z.output<typeof ToDo>[]> {
  const found: z.output<typeof ToDo>[] = [];
  const add = (what: z.output<typeof ToDo>['what'], count: number, words: string) => found.push({ what, count, words });
  const servers = (access() ?? resource())?.servers.size ?? 0;
  if (servers === 0) add('first_server', 0, 'Enable a first server, from the catalogue or by its URL.');
  else if (access()?.rules.size === 0) add('first_rule', 0, 'Nobody may reach any server yet: write a first rule.');
  const { stops, administrators, auditSearch } = store;
  const standing = (await stops.list({ over: false, limit: 1000 })).length;
  if (standing > 0)
    add(
      'stops',
      standing,
      `${standing} ${standing === 1 ? 'stop stands' : 'stops stand'}: look whether they still should.`,
    );
  const owners = (await administrators.list()).filter(({ role }) => role === 'owner').length;
  if (owners === 1) add('one_owner', 1, 'There is one owner: if they leave, nobody can give roles.');
  const { indexed, last } = await auditSearch.progress();
  if (last - indexed > 100_000) add('record_behind', last - indexed, 'The index of the record is far behind.');
  if (installation.demo) add('demo', 1, 'This is a demonstration: its passwords lie in a file.');
  return found;
}
