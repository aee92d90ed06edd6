import { z } from 'zod';
import { answer, type Route, route } from './route.ts';

const Overview = z.object({
  organisation: z.string(),
  demo: z.boolean(),
  roles: z.array(z.string()),
  urls: z.object({ admin: z.string(), idp: z.string(), ras: z.string() }),
  accessVersion: z.int().nullable(),
  resourceVersion: z.int().nullable(),
  servers: z.int(),
  clients: z.int(),
  administrators: z.int(),
  record: z.object({ last: z.int().describe('Position of the newest line.'), indexed: z.int() }),
});

/** What runs here, and whether something lags behind. */
export const overviewRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/overview',
    id: 'getOverview',
    summary: 'What runs here',
    permission: 'read:overview',
    answer: Overview,
    handle: async (_, { store, installation, access, resource }) => {
      const { organisation, demo, roles, admin, idp, ras } = installation;
      return answer({
        organisation,
        demo,
        roles: [...roles],
        urls: { admin, idp, ras },
        accessVersion: access()?.version ?? null,
        resourceVersion: resource()?.version ?? null,
        servers: (access() ?? resource())?.servers.size ?? 0,
        clients: (access() ?? resource())?.clients.size ?? 0,
        administrators: (await store.administrators.list()).length,
        record: { ...(await store.auditSearch.progress()) },
      });
    },
  }),
];
