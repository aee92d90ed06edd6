import { pageHeaders } from '../pages/headers.ts';
import { html } from '../pages/html.ts';
import { renderPage } from '../pages/layout.ts';
import type { AdminStatus } from './app.ts';

/** What runs here and where to look next, for whoever opens the admin listener in a browser. */
export function statusPage(status: AdminStatus): Response {
  const { roles, idp, ras, accessVersion, resourceVersion } = status;
  const rows: [label: string, value: string][] = [
    ['Roles', roles.join(', ')],
    ['Identity provider', idp],
    ['Authorization server', ras],
    ['Access policy', accessVersion === undefined ? 'not served here' : `version ${accessVersion}`],
    ['Resource policy', resourceVersion === undefined ? 'not served here' : `version ${resourceVersion}`],
  ];
  const letter = html`<h1>Credence is running</h1>
<p class="lead">Read the record with <code>credence audit tail</code>, and what became of one request with <code>credence explain</code>.</p>
<dl class="facts">${rows.map(([label, value]) => html`<dt>${label}</dt><dd><code>${value}</code></dd>`)}</dl>`;
  const page = renderPage({ title: 'Status', host: new URL(status.admin).host, letter, foot: undefined });
  return new Response(page, { headers: pageHeaders() });
}
