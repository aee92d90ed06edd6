import { pageHeaders } from '../../pages/headers.ts';
import { html } from '../../pages/html.ts';
import { renderPage } from '../../pages/layout.ts';
import type { Route } from './route.ts';

/** Every operation at a glance, for people; programs read `openapi.json` beside it. Nothing of it is secret. */
export function referencePage(routes: readonly Route[], admin: string): Response {
  const rows = routes.map(
    (route) => html`<dt><code>${route.method} ${route.path}</code></dt>
<dd>${route.summary}. <code>${route.permission ?? 'any role'}</code>${route.fresh && html`, fresh sign-in`}${route.versioned && html`, <code>If-Match</code>`}</dd>`,
  );
  const letter = html`<h1>Admin API</h1>
<p class="lead">At <code>/api/v1</code>. What each operation takes and answers: <a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
<dl class="facts">${rows}</dl>`;
  const page = renderPage({ title: 'Admin API', host: new URL(admin).host, letter });
  return new Response(page, { headers: pageHeaders() });
}
