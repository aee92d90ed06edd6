import { Hono } from 'hono';
import { assetHeaders, assets } from '../pages/assets.ts';
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

/** The admin listener: a status page and, for scripts, the same as JSON. It changes nothing and shows no record. */
export function createAdminApp(status: () => AdminStatus): Hono {
  const app = new Hono();
  app.get('/', () => statusPage(status()));
  app.get('/status.json', (context) => context.json(status(), 200, { 'cache-control': 'no-store' }));
  for (const asset of Object.values(assets)) {
    app.get(asset.path, () => new Response(asset.body, { headers: assetHeaders(asset) }));
  }
  return app;
}
