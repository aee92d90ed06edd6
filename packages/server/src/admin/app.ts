import { Hono } from 'hono';

/** What the status page may tell anybody who can reach the admin listener: nothing about people, nothing secret. */
export interface AdminStatus {
  readonly organisation: string;
  readonly roles: readonly string[];
  readonly idp: string;
  readonly ras: string;
  readonly accessVersion: number | undefined;
  readonly resourceVersion: number | undefined;
}

/** The admin listener: a status page and, for scripts, the same as JSON. It changes nothing and shows no record. */
export function createAdminApp(status: () => AdminStatus, toPage: (status: AdminStatus) => Response): Hono {
  const app = new Hono();
  app.get('/', () => toPage(status()));
  app.get('/status.json', (context) => context.json(status(), 200, { 'cache-control': 'no-store' }));
  return app;
}
