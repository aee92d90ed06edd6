import { pageHeaders } from '../pages/headers.ts';
import { html } from '../pages/html.ts';
import { renderPage } from '../pages/layout.ts';

/** The authorization endpoint of the RAS asks nobody anything: access is decided by the organisation (interop.md 10). */
export function reachedThroughOrganisationPage(issuer: string): Response {
  const letter = html`<h1>Nothing to decide here</h1>
<p class="lead">The servers behind this address are reached through your organisation: your agent gets in by the sign-in you already
have, and your administrators decide which servers that opens. If an agent sent you here, it does not know this way in yet;
ask your administrators how to connect it.</p>`;
  const page = renderPage({ title: 'Reached through your organisation', host: new URL(issuer).host, letter });
  return new Response(page, { status: 400, headers: pageHeaders() });
}
