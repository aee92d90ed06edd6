import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { assetHeaders, assets } from '../pages/assets.ts';
import { type AdminApi, apiPath, createAdminApi } from './api/api.ts';
import { toOpenApi } from './api/openapi.ts';
import { apiHeaders, toFaultProblem } from './api/problem.ts';
import { referencePage } from './api/reference-page.ts';
import { routes } from './api/routes.ts';
import type { AdminServices } from './api/services.ts';
import { firstPath } from './first-administrator.ts';
import { type ConsoleParty, createAdminSignIn, returnPath } from './sign-in.ts';
import { statusPage } from './status-page.ts';

/** What the status page may tell anybody who can reach the admin listener: nothing about people, nothing secret. */
export interface AdminStatus {
  readonly organisation: string;
  readonly roles: readonly string[];
  readonly admin: string;
  readonly idp: string;
  readonly ras: string;
  readonly accessVersion: number | undefined;
  readonly resourceVersion: number | undefined;
}

/** The admin listener: the API, its description, a status page and, for scripts, the same as JSON. */
export function createAdminApp(
  services: AdminServices,
  addressOf: (incoming: IncomingMessage | undefined) => string,
  party: () => Promise<ConsoleParty>,
): Hono {
  const app = new Hono();
  const api: AdminApi = createAdminApi(routes, services);
  const signIn = createAdminSignIn(services, party);
  const callerOf = (env: unknown) =>
    addressOf((env as Partial<HttpBindings> | undefined)?.incoming as IncomingMessage | undefined);
  app.get('/sign-in', ({ req, env }) => signIn.begin(req.raw, callerOf(env)));
  app.get(returnPath, ({ req, env }) => signIn.done(req.raw, callerOf(env)));
  app.on(['GET', 'POST'], `${firstPath}:token`, ({ req, env }) =>
    signIn.first(req.raw, callerOf(env), req.param('token')),
  );
  const status = () => toStatus(services);
  app.get('/', () => statusPage(status()));
  app.get('/status.json', (context) => context.json(status(), 200, { 'cache-control': 'no-store' }));
  const document = JSON.stringify(toOpenApi(routes, `${services.installation.admin}${apiPath}`));
  app.get(`${apiPath}/openapi.json`, () => {
    return new Response(document, { headers: { ...apiHeaders, 'content-type': 'application/json' } });
  });
  app.get(`${apiPath}/reference`, () => referencePage(routes, services.installation.admin));
  app.all(`${apiPath}/*`, ({ req, env }) => api(req.raw, callerOf(env)));
  for (const asset of Object.values(assets)) {
    app.get(asset.path, () => new Response(asset.body, { headers: assetHeaders(asset) }));
  }
  app.onError((fault) => {
    services.onFault(fault);
    return toFaultProblem(500);
  });
  return app;
}

function toStatus({ installation, access, resource }: AdminServices): AdminStatus {
  const { demo: _, ...rest } = installation;
  return { ...rest, accessVersion: access()?.version, resourceVersion: resource()?.version };
}
