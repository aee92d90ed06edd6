import { z } from 'zod';
import type { ResourceIndex } from '../../policy/compile.ts';
import type { AccessClient, ResourceClient } from '../../policy/model.ts';
import { exchanges } from '../../policy/reach.ts';
import { setUpsOf } from '../set-up.ts';
import { Client, clientsOf, side, toClient } from './clients.ts';
import { answer, type Route, refuse, route } from './route.ts';
import { StandingStop, standingStops } from './stop-shape.ts';
import { DaysShape, sinceOf, toDays, toUse, UseShape, useBy, useDays } from './use-shape.ts';

const ClientDetail = Client.extend({
  exchanges: z
    .boolean()
    .nullable()
    .describe(
      'May trade ID Tokens for ID-JAGs; of the resource side always false. null = not known: its metadata document says so when it comes.',
    ),
  metadata: z.string().nullable().describe('URL of its client ID metadata document.'),
  clientIds: z.array(z.object({ ras: z.string(), clientId: z.string() })).describe('What each RAS calls it.'),
  trustedBy: z.array(z.string()).describe('Of the resource side: issuers that may speak for it.'),
  stops: z.array(StandingStop),
  sinceMs: z.int(),
  use: UseShape,
  days: DaysShape,
  at: z.array(z.object({ id: z.string(), use: UseShape })).describe('By server, the most used first.'),
});

const SetUpShape = z.object({
  kind: z.enum(['claude-code', 'vscode', 'inspector', 'sdk', 'curl']),
  name: z.string(),
  remark: z.string().nullable(),
  steps: z.array(z.object({ title: z.string(), kind: z.enum(['shell', 'json', 'typescript']), text: z.string() })),
});

const params = z.strictObject({ side, id: z.string().max(300) });

/** One client: what it may, what it did, and how it is set up. */
export const clientDetailRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/use/clients',
    id: 'listClientUse',
    summary: 'What each client did in the last days, and what of them is stopped',
    permission: 'read:policy',
    query: z.strictObject({ days: useDays, side: side.default('idp') }),
    answer: z.object({
      sinceMs: z.int(),
      items: z.array(z.object({ id: z.string(), use: UseShape, stops: z.array(StandingStop) })),
    }),
    handle: async ({ query, nowMs }, services) => {
      const sinceMs = sinceOf(query.days, nowMs);
      const sums = await services.store.uses.sums({ side: query.side, by: 'client', fromMs: sinceMs });
      const stopsOf = await standingStops(services.store, 'client');
      const items = clientsOf(services, query.side).map(({ id }) => ({
        id,
        use: toUse([sums.get(id)]),
        stops: stopsOf(id),
      }));
      return answer({ sinceMs, items });
    },
  }),
  route({
    method: 'GET',
    path: '/clients/{side}/{id}',
    id: 'getClient',
    summary: 'One client on one side: how it proves itself, where it may go, and what it did',
    permission: 'read:policy',
    params,
    query: z.strictObject({ days: useDays }),
    answer: ClientDetail,
    handle: async ({ params: { side: of, id }, query, nowMs }, services) => {
      const { store } = services;
      const client = clientsOf(services, of).find((each) => each.id === id);
      if (!client) return refuse('api_not_found');
      const sinceMs = sinceOf(query.days, nowMs);
      const days = await store.uses.days({ side: of, fromMs: sinceMs, clients: [id] });
      const secrets = (await store.credentials.all(of)).filter(({ clientId }) => clientId === id);
      return answer({
        ...toClient(of, client, secrets),
        exchanges: isAccessClient(client) ? (exchanges(client) ?? null) : false,
        metadata: client.metadata ?? null,
        clientIds: isAccessClient(client) ? [...client.clientIds].map(([ras, clientId]) => ({ ras, clientId })) : [],
        trustedBy: of === 'ras' ? trustedBy(services.resource(), id) : [],
        stops: (await standingStops(store, 'client'))(id),
        sinceMs,
        use: toUse(days),
        days: toDays(days),
        at: useBy(days, ({ server }) => server).filter(({ id: server }) => server !== ''),
      });
    },
  }),
  route({
    method: 'GET',
    path: '/clients/{side}/{id}/set-up',
    id: 'getSetUp',
    summary:
      'What to paste where so that a client reaches a server: commands and settings with the addresses of this installation',
    permission: 'read:policy',
    params,
    query: z.strictObject({ server: z.string().max(300).optional().describe('Without: the first that it may go to.') }),
    answer: z.object({
      server: z.string(),
      exchanges: z
        .boolean()
        .nullable()
        .describe('false: nothing of this works until the policy lets it exchange. null = not known.'),
      setUps: z.array(SetUpShape),
    }),
    handle: async ({ params: { side: of, id }, query }, { access, installation }) => {
      const index = access();
      const client = of === 'idp' ? index?.clients.get(id) : undefined;
      if (!index || !client) return refuse('api_not_found');
      const servers = [...index.servers.values()].filter(({ ras }) => client.clientIds.has(ras));
      const server = query.server === undefined ? servers[0] : servers.find((each) => each.id === query.server);
      const clientId = server && client.clientIds.get(server.ras);
      if (!server || clientId === undefined) {
        return refuse(
          'api_conflict',
          'The client has no id at the authorization server: give it one under client_ids.',
        );
      }
      const setUps = setUpsOf({ idp: installation.idp, client, server, clientId });
      return answer({
        server: server.id,
        exchanges: exchanges(client) ?? null,
        setUps: setUps.map(({ steps, ...rest }) => ({ ...rest, steps: steps.map((step) => ({ ...step })) })),
      });
    },
  }),
];

function isAccessClient(client: AccessClient | ResourceClient): client is AccessClient {
  return 'clientIds' in client;
}

function trustedBy(resource: ResourceIndex | undefined, id: string): string[] {
  return [...(resource?.trust ?? [])]
    .filter(([, tenants]) => [...tenants.values()].some(({ clients }) => clients.includes(id)))
    .map(([issuer]) => issuer);
}
