import { z } from 'zod';
import { answer, type Route, route } from './route.ts';

const scopes = z.array(z.object({ name: z.string(), risk: z.enum(['low', 'medium', 'high']) }));

const Server = z.object({
  id: z.string(),
  name: z.string(),
  resource: z.string(),
  scopes,
  defaultScopes: z.array(z.string()),
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
    }),
    handle: async (_, { access, resource }) =>
      answer({
        granted: [...(access()?.servers.values() ?? [])].map((server) => ({ ...toShape(server), ras: server.ras })),
        guarded: [...(resource()?.servers.values() ?? [])].map((server) => ({
          ...toShape(server),
          upstream: server.upstream?.kind ?? null,
        })),
      }),
  }),
];

function toShape(server: {
  readonly id: string;
  readonly name: string;
  readonly resource: string;
  readonly scopes: ReadonlyMap<string, 'low' | 'medium' | 'high'>;
  readonly defaultScopes: readonly string[];
}) {
  const { id, name, resource, defaultScopes } = server;
  const all = [...server.scopes].map(([scope, risk]) => ({ name: scope, risk }));
  return { id, name, resource, scopes: all, defaultScopes: [...defaultScopes] };
}
