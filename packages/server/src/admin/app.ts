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
import { findConsoleAsset, readConsoleFiles, toConsolePage } from './console-files.ts';
import { firstPath } from './first-administrator.ts';
import { type ConsoleParty, createAdminSignIn, returnPath } from './sign-in.ts';
import { notBuiltPage, toPageResponse } from './sign-in-pages.ts';

/** What `/status.json` may tell anybody who can reach the admin listener: nothing about people, nothing secret. */
export interface AdminStatus {
  readonly organisation: string;
  readonly roles: readonly string[];
  readonly admin: string;
  readonly idp: string;
  readonly ras: string;
  readonly accessVersion: number | undefined;
  readonly resourceVersion: number | undefined;
}

/** The admin listener: the console, the API, its description, and for scripts what runs here as JSON. */
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
  app.get('/status.json', (context) => context.json(toStatus(services), 200, { 'cache-control': 'no-store' }));
  const document = JSON.stringify(toOpenApi(routes, `${services.installation.admin}${apiPath}`));
  app.get(`${apiPath}/openapi.json`, () => {
    return new Response(document, { headers: { ...apiHeaders, 'content-type': 'application/json' } });
  });
  app.get(`${apiPath}/reference`, () => referencePage(routes, services.installation.admin));
  app.all(`${apiPath}/*`, ({ req, env }) => api(req.raw, callerOf(env)));
  for (const asset of Object.values(assets)) {
    app.get(asset.path, () => new Response(asset.body, { headers: assetHeaders(asset) }));
  }
  const files = readConsoleFiles();
  app.get('/assets/*', ({ req, notFound }) => (files && findConsoleAsset(files, req.raw)) ?? notFound());
  // Its addresses are the business of the console: each is the same page, to whoever asks for a page.
  app.get('*', ({ req, notFound }) => {
    if (!req.header('accept')?.includes('text/html')) return notFound();
    return files ? toConsolePage(files, req.raw) : toPageResponse(notBuiltPage(services.installation), 503);
  });
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
