import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { clientsAt, grantedTo } from '../../policy/audience.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import type { AccessServer } from '../../policy/model.ts';
import { type ChangedPath, comparePaths } from '../../policy/path-changes.ts';
import { type Path, type PathView, pathsOfPerson, pathsOfSubjects, stepsOf } from '../../policy/paths.ts';
import { exchanges } from '../../policy/reach.ts';
import type { Person } from '../../store/store.ts';
import { givenTo } from '../reaching.ts';
import { findAccess } from './draft-texts.ts';
import { headsOf, hiddenFrom, NamedSubject, ReachedServer, serversInOrder, toReachedServer } from './reach-shape.ts';
import { type ApiCall, answer, type Outcome, type Route, refuse, route } from './route.ts';
import { RuleShape, toRuleShape } from './rule-shape.ts';
import type { AdminServices } from './services.ts';
import { standingStops } from './stop-shape.ts';
import { sizesOf } from './subject-heads.ts';

/** More than these nobody reads; the rest is counted. */
const [mostPaths, mostServers] = [200, 20];
/** Others wait meanwhile. */
const mostSteps = 20_000_000;

const text = z.string().min(1).max(300);

const PathShape = z.object({
  subject: z.string(),
  rule: z.string(),
  client: z.string().nullable().describe('null where it ends before any client.'),
  server: z.string(),
  scopes: z.array(z.string()),
  state: z.enum(['allowed', 'conditional', 'refused']),
  change: z
    .enum(['kept', 'gained', 'lost'])
    .describe(
      'gained: by the draft that was named. lost: in force, and not in that draft. Both, where conditions differ.',
    ),
  conditions: z
    .array(
      z.object({
        about: z.enum(['network', 'hours', 'until', 'sign_in', 'deny', 'key', 'session']),
        rule: z.string().nullable().describe('The rule that says so; null = the client is distributed (key).'),
      }),
    )
    .describe('What a request still has to be like.'),
  stop: z
    .object({
      at: z.enum(['person', 'until', 'client', 'exchange', 'server', 'deny', 'sign_in']),
      rule: z.string().nullable().describe('The rule that ends it, where it is another.'),
    })
    .nullable()
    .describe('The first thing that a refused path fails at.'),
  lastMs: z.int().nullable().describe('Of a person: when this client last had anything issued for them there.'),
});

const query = z.strictObject({
  person: z.string().min(1).max(256).optional(),
  client: text.optional(),
  server: text.optional(),
  scope: text.optional().describe('Paths that end in it only.'),
  draft: z.string().min(1).max(64).optional().describe('A draft of the access document to compare with.'),
});

const Answer = z.object({
  version: z.int(),
  person: z.object({ id: z.string(), email: z.string(), name: z.string(), active: z.boolean() }).nullable(),
  subjects: z.array(NamedSubject.extend({ people: z.int() })),
  clients: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      exchanges: z.boolean().nullable().describe('Whether it may trade ID Tokens; null = not known.'),
    }),
  ),
  servers: z.array(ReachedServer),
  rules: z.array(RuleShape.extend({ server: z.string(), draft: z.boolean().describe('As the draft has it.') })),
  stops: z
    .array(z.object({ kind: z.enum(['person', 'client', 'server']), target: z.string(), reason: z.string() }))
    .describe('What of this is stopped: then nothing comes through it, whatever the rules say.'),
  paths: z.array(PathShape).describe('Open ones first, then refusals, then the nearest misses.'),
  more: z.int().describe('Paths that are not shown.'),
  moreServers: z.int().describe('Servers that are reached and not shown.'),
});

/** How somebody reaches something: every path from whom a rule names, by the rule and the client, to server and scopes. */
export const reachPathRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/reach/paths',
    id: 'listPaths',
    summary:
      'How a person, a client or anybody reaches a server, or what they reach at all: path by path, and where refused ones end',
    permission: 'read:reach',
    query,
    answer: Answer,
    handle: async (call, services) => {
      const index = services.access();
      const asked = await readAsked(call, services);
      if (!index || !asked.ok) return asked.ok ? refuse('api_not_found') : asked;
      const { person, after } = asked.value;
      const { now } = call;
      const servers = serversFor(after ?? index, index, call.query, person, now);
      const found: ChangedPath[] = [];
      const indexes = after ? [index, after] : [index];
      const steps = servers.slice(0, mostServers).flatMap(({ id }) =>
        indexes.map((of) => {
          const server = of.servers.get(id);
          return server ? stepsOf(of, { ...call.query, server, now }, person !== undefined) : 0;
        }),
      );
      if (steps.reduce((sum, some) => sum + some, 0) > mostSteps) {
        return refuse(
          'api_value_invalid',
          'There are too many ways to tell: name a client, a scope or a person as well.',
        );
      }
      for (const server of servers.slice(0, mostServers)) {
        const isShown = ({ state }: Path) => call.query.server !== undefined || state !== 'refused';
        const pathsIn = (of: AccessIndex) => pathsAt(of, server.id, call.query, person, now).filter(isShown);
        const before = pathsIn(index);
        for (const path of after ? comparePaths(before, pathsIn(after)) : before.map(keep)) found.push(path);
        await setImmediate();
      }
      const shown = found.slice(0, mostPaths);
      const told = await describe(
        { index, after, shown, person, servers: servers.slice(0, mostServers) },
        call,
        services,
      );
      return answer({
        ...told,
        more: found.length - shown.length,
        moreServers: Math.max(0, servers.length - mostServers),
      });
    },
  }),
];

type Call = Pick<ApiCall<unknown, z.output<typeof query>, unknown>, 'query' | 'by' | 'now'>;

interface Asked {
  readonly person: Person | undefined;
  readonly after: AccessIndex | undefined;
}

/** What a question names, as far as it is there and for this administrator to see. */
async function readAsked({ query: of, by }: Call, services: AdminServices): Promise<Outcome<Asked>> {
  if (of.person === undefined && of.client === undefined && of.server === undefined) {
    return refuse('api_value_invalid', 'Name a person, a client or a server.');
  }
  const hidden = await hiddenFrom(by, services);
  const person =
    of.person === undefined || of.person === hidden ? undefined : await services.store.people.find(of.person);
  if (of.person !== undefined && !person) return refuse('api_not_found', 'There is no such person.');
  const draft = of.draft === undefined ? undefined : await findAccess(services, of.draft);
  if (draft && !draft.ok) return draft;
  const after = draft?.value.after;
  const indexes = [services.access(), after];
  const isThere = (key: 'clients' | 'servers', id: string | undefined) =>
    id === undefined || indexes.some((index) => index?.[key].has(id));
  if (!isThere('clients', of.client)) return refuse('api_not_found', 'There is no such client.');
  if (!isThere('servers', of.server)) return refuse('api_not_found', 'There is no such server.');
  return answer({ person, after });
}

/** The server that is named, or all that are reached now or in the draft. */
function serversFor(
  newest: AccessIndex,
  index: AccessIndex,
  { server, client, scope }: z.output<typeof query>,
  person: Person | undefined,
  now: number,
): readonly AccessServer[] {
  if (server !== undefined) {
    const own = newest.servers.get(server) ?? index.servers.get(server);
    return own ? [own] : [];
  }
  const reaches = (of: AccessIndex, { id }: AccessServer) => {
    const there = of.servers.get(id);
    if (!there) return false;
    if (!person) return isGiven(of, there, { client, scope, now });
    return grantedTo(of, { person, server: there, now }).some(
      (one) => (client === undefined || one.client === client) && (scope === undefined || one.scopes.includes(scope)),
    );
  };
  const all = new Map([...serversInOrder(index), ...serversInOrder(newest)].map((each) => [each.id, each]));
  return [...all.values()].filter((each) => reaches(index, each) || (newest !== index && reaches(newest, each)));
}

/** Whether a client that comes there could be given anything by a rule. */
function isGiven(index: AccessIndex, server: AccessServer, { client, scope, now }: Omit<PathView, 'server'>): boolean {
  const comes = clientsAt(index, server).some(({ id }) => id === client);
  return comes && givenTo({ index, server, client, scope, now }).length > 0;
}

function pathsAt(
  index: AccessIndex,
  serverId: string,
  { client, scope }: Pick<z.output<typeof query>, 'client' | 'scope'>,
  person: Person | undefined,
  now: number,
): readonly Path[] {
  const server = index.servers.get(serverId);
  if (!server || person?.active === false) return [];
  const view: PathView = { server, client, scope, now };
  return person ? pathsOfPerson(index, person, view) : pathsOfSubjects(index, view);
}

function keep(path: Path): ChangedPath {
  return { ...path, change: 'kept' };
}

interface Found extends Asked {
  readonly index: AccessIndex;
  readonly shown: readonly ChangedPath[];
  readonly servers: readonly AccessServer[];
}

/** The paths with everything that they name. */
async function describe(
  { index, after, shown, person, servers }: Found,
  { query: { client }, by }: Call,
  services: AdminServices,
): Promise<Omit<z.output<typeof Answer>, 'more' | 'moreServers'>> {
  const { store } = services;
  const hidden = await hiddenFrom(by, services);
  const heads = await headsOf(
    shown.map(({ subject }) => subject),
    services,
    hidden,
  );
  const sizes = await sizesOf(store, heads);
  const clientIds = new Set([
    ...(client === undefined ? [] : [client]),
    ...shown.flatMap(({ client: id }) => id ?? []),
  ]);
  const uses = new Map(
    (person ? await store.agentUses.of(person.id) : []).map((use) => [`${use.client}\n${use.server}`, use.lastMs]),
  );
  return {
    version: index.version,
    person: person ? { id: person.id, email: person.email, name: person.name, active: person.active } : null,
    subjects: heads.map(({ subject, name }) => ({ subject, name, people: sizes.get(subject) ?? 0 })),
    clients: [...clientIds].map((id) => {
      const known = index.clients.get(id) ?? after?.clients.get(id);
      return { id, name: known?.name ?? id, exchanges: known ? (exchanges(known) ?? null) : false };
    }),
    servers: servers.map((server) => toReachedServer(services, server)),
    rules: rulesNamed(shown, index, after),
    stops: await stopsOf(services, { person, clientIds, servers }),
    paths: shown.map(({ stop, conditions, scopes, client: through, ...path }) => ({
      ...path,
      client: through ?? null,
      scopes: [...scopes],
      conditions: conditions.map(({ about, rule }) => ({ about, rule: rule ?? null })),
      stop: stop ? { at: stop.at, rule: stop.rule ?? null } : null,
      lastMs: uses.get(`${through}\n${path.server}`) ?? null,
    })),
  };
}

/** Rules of the paths and of what they hang on; those of gained paths as the draft has them. */
function rulesNamed(
  shown: readonly ChangedPath[],
  index: AccessIndex,
  after: AccessIndex | undefined,
): z.output<typeof Answer>['rules'] {
  const wanted = new Map<string, { readonly server: string; readonly rule: string; readonly draft: boolean }>();
  for (const { rule, stop, conditions, server, change } of shown) {
    const draft = change === 'gained';
    for (const id of [rule, stop?.rule, ...conditions.map((one) => one.rule)]) {
      if (id !== undefined) wanted.set(JSON.stringify([server, id, draft]), { server, rule: id, draft });
    }
  }
  return [...wanted.values()].flatMap(({ server, rule: id, draft }) => {
    const rule = (draft ? after : index)?.rules.get(server)?.all.find((each) => each.id === id);
    return rule ? [{ ...toRuleShape(rule), server, draft }] : [];
  });
}

async function stopsOf(
  { store }: Pick<AdminServices, 'store'>,
  { person, clientIds, servers }: Pick<Found, 'person' | 'servers'> & { readonly clientIds: ReadonlySet<string> },
): Promise<z.output<typeof Answer>['stops']> {
  const targets = {
    person: person ? [person.id] : [],
    client: [...clientIds],
    server: servers.map(({ id }) => id),
  };
  const found: z.output<typeof Answer>['stops'] = [];
  for (const kind of ['person', 'client', 'server'] as const) {
    if (targets[kind].length === 0) continue;
    const of = await standingStops(store, kind);
    for (const target of targets[kind]) {
      const [stop] = of(target);
      if (stop) found.push({ kind, target, reason: stop.reason });
    }
  }
  return found;
}
