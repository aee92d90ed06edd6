import { z } from 'zod';
import type { AccessServer, ResourceServer } from '../../policy/model.ts';
import { answer, type Route, refuse, route } from './route.ts';
import { risk, ScopeShape, toScopeShapes } from './scope-shape.ts';
import type { AdminServices } from './services.ts';
import { StandingStop, standingStops } from './stop-shape.ts';
import { DaysShape, sinceOf, toDays, toUse, UseShape, useBy, useDays } from './use-shape.ts';

const Server = z.object({
  id: z.string(),
  name: z.string(),
  resource: z.string(),
  scopes: z.array(ScopeShape),
  defaultScopes: z.array(z.string()),
});

const ServerDetail = z.object({
  id: z.string().describe('As the access document has it, or as the resource document has it where that one is alone.'),
  name: z.string(),
  resource: z.string(),
  ras: z.string().describe('Issuer of the authorization server that guards it.'),
  enabled: z.boolean(),
  granted: z.boolean().describe('The identity provider here issues ID-JAGs for it.'),
  guarded: z.boolean().describe('It is behind the authorization server and gateway here.'),
  upstream: z.enum(['http', 'stdio']).nullable(),
  requiresBoundTokens: z
    .boolean()
    .nullable()
    .describe('Its access tokens have to be bound to a key or a certificate; null where it is guarded elsewhere.'),
  scopes: z.array(
    z.object({
      name: z.string(),
      risk,
      unasked: z.boolean().describe('Granted also where nothing is asked for by name.'),
      tools: z
        .array(z.string())
        .describe('Tools that need it, as names and patterns; none where it is guarded elsewhere.'),
    }),
  ),
  clients: z.array(z.object({ id: z.string(), name: z.string(), clientId: z.string() })),
  stops: z.array(StandingStop),
  use: UseShape,
  days: DaysShape,
  through: z
    .array(z.object({ id: z.string(), use: UseShape, people: z.int() }))
    .describe('By client, the most used first.'),
  refusals: z.int().describe('Refused at the authorization server and gateway here, in those days.'),
});

/** MCP servers of both policy documents. What an upstream is started with is told to nobody here: it may hold secrets. */
export const serverRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/servers',
    id: 'listServers',
    summary: 'MCP servers of the policy in force: as the IdP grants them, and as this resource side guards them',
    permission: 'read:policy',
    answer: z.object({
      granted: z.array(Server.extend({ ras: z.string() })),
      guarded: z.array(Server.extend({ upstream: z.enum(['http', 'stdio']).nullable() })),
      ras: z
        .string()
        .nullable()
        .describe('Issuer of the authorization server here, where its document is managed here.'),
    }),
    handle: async (_, { access, resource, installation }) =>
      answer({
        ras: resource() ? installation.ras : null,
        granted: [...(access()?.servers.values() ?? [])].map((server) => ({ ...toShape(server), ras: server.ras })),
        guarded: [...(resource()?.servers.values() ?? [])].map((server) => ({
          ...toShape(server),
          upstream: server.upstream?.kind ?? null,
        })),
      }),
  }),
  route({
    method: 'GET',
    path: '/use/servers',
    id: 'listServerUse',
    summary: 'What was done at each server in the last days, and what of them is stopped',
    permission: 'read:policy',
    query: z.strictObject({ days: useDays }),
    answer: z.object({
      sinceMs: z.int(),
      items: z.array(z.object({ id: z.string(), use: UseShape, stops: z.array(StandingStop) })),
    }),
    handle: async ({ query: { days }, nowMs }, services) => {
      const sinceMs = sinceOf(days, nowMs);
      const { store } = services;
      const idp = await store.uses.sums({ side: 'idp', by: 'server', fromMs: sinceMs });
      const ras = await store.uses.sums({ side: 'ras', by: 'server', fromMs: sinceMs });
      const stopsOf = await standingStops(store, 'server');
      const items = serverPairs(services).map(({ id, granted, guarded }) => ({
        id,
        use: toUse([granted && idp.get(granted.id), guarded && ras.get(guarded.id)]),
        stops: stopsOf(id),
      }));
      return answer({ sinceMs, items });
    },
  }),
  route({
    method: 'GET',
    path: '/servers/{id}',
    id: 'getServer',
    summary: 'One server: scopes with their risk and tools, who guards it, and what was done there',
    permission: 'read:policy',
    params: z.strictObject({ id: z.string().max(300) }),
    query: z.strictObject({ days: useDays }),
    answer: ServerDetail.extend({ sinceMs: z.int() }),
    handle: async ({ params, query: { days }, nowMs }, services) => {
      const { store, access, installation } = services;
      const pair = serverPairs(services).find(({ id }) => id === params.id);
      const known = pair?.granted ?? pair?.guarded;
      if (!pair || !known) return refuse('api_not_found');
      const { id, granted, guarded } = pair;
      const sinceMs = sinceOf(days, nowMs);
      const filterOf = (server: { id: string }) => ({ fromMs: sinceMs, servers: [server.id] });
      const idp = granted ? await store.uses.days({ side: 'idp', ...filterOf(granted) }) : [];
      const ras = guarded ? await store.uses.days({ side: 'ras', ...filterOf(guarded) }) : [];
      const people = granted ? await store.uses.people(granted.id, sinceMs) : new Map<string, number>();
      const rasIssuer = granted?.ras ?? installation.ras;
      const clients = [...(access()?.clients.values() ?? [])].flatMap((client) => {
        const clientId = client.clientIds.get(rasIssuer);
        return granted && clientId !== undefined ? [{ id: client.id, name: client.name, clientId }] : [];
      });
      return answer({
        id,
        name: known.name,
        resource: known.resource,
        ras: rasIssuer,
        enabled: granted ? !granted.isOff : true,
        granted: granted !== undefined,
        guarded: guarded !== undefined,
        upstream: guarded?.upstream?.kind ?? null,
        requiresBoundTokens: guarded?.requiresBoundTokens ?? null,
        scopes: toScopeShapes(known).map((scope) => ({
          ...scope,
          unasked: known.defaultScopes.includes(scope.name),
          tools: [...(guarded?.tools ?? [])].filter(([, needed]) => needed === scope.name).map(([tool]) => tool),
        })),
        clients,
        stops: (await standingStops(store, 'server'))(id),
        use: toUse([...idp, ...ras]),
        days: toDays([...idp, ...ras]),
        through: useBy(idp, ({ client }) => client).map((each) => ({ ...each, people: people.get(each.id) ?? 0 })),
        refusals: toUse(ras).refused,
        sinceMs,
      });
    },
  }),
];

/** Each server once, with what either document says of it: they are the same where they are the same resource. */
function serverPairs({ access, resource }: Pick<AdminServices, 'access' | 'resource'>) {
  type Pair = { id: string; granted: AccessServer | undefined; guarded: ResourceServer | undefined };
  const guarded = resource();
  const pairs: Pair[] = [...(access()?.servers.values() ?? [])].map((granted) => ({
    id: granted.id,
    granted,
    guarded: guarded?.serversByResource.get(granted.resource),
  }));
  const paired = new Set(pairs.map((pair) => pair.guarded));
  const taken = new Set(pairs.map(({ id }) => id));
  for (const server of guarded?.servers.values() ?? []) {
    if (!paired.has(server) && !taken.has(server.id))
      pairs.push({ id: server.id, granted: undefined, guarded: server });
  }
  return pairs;
}

function toShape(server: AccessServer | ResourceServer) {
  const { id, name, resource, defaultScopes } = server;
  return { id, name, resource, scopes: toScopeShapes(server), defaultScopes: [...defaultScopes] };
}
