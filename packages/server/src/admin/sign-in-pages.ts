import { pageHeaders } from '../pages/headers.ts';
import { type Html, html } from '../pages/html.ts';
import { barredRing, renderPage } from '../pages/layout.ts';
import { firstPath } from './first-administrator.ts';

interface Frame {
  readonly admin: string;
  readonly organisation: string;
  readonly demo: boolean;
}

/**
 * Shown for a moment after a sign-in. A page of ours has to lead on: a redirect would still be the other site's doing, and the
 * cookie of the session would stay behind (`SameSite=Strict`).
 */
export function signedInPage(frame: Frame, to: string): string {
  return page(
    frame,
    'Signed in',
    html`<h1>Signed in</h1>
<p class="lead"><a href="${to}">Go on</a></p>`,
    html`<meta http-equiv="refresh" content="0; url=${to}">`,
  );
}

export function notSignedInPage(frame: Frame, lead: string, reference: string | undefined): string {
  return page(
    frame,
    'Not signed in',
    html`<p class="state">${barredRing}Not signed in</p>
<h1>You are not signed in here.</h1>
<p class="lead">${lead}</p>
${reference !== undefined && html`<dl class="facts"><dt>Reference</dt><dd><code>${reference}</code></dd></dl>`}
<p class="remark"><a href="/sign-in">Sign in</a></p>`,
  );
}

/** Looking at the link uses nothing up: programs that preview links look at them too. */
export function firstPage(frame: Frame, token: string): string {
  return page(
    frame,
    'First administrator',
    html`<h1>Become the first administrator</h1>
<p class="lead">Nobody administers ${frame.organisation} yet. Whoever signs in from here becomes the owner, who can do everything and make others administrators. This link works once.</p>
<form method="post" action="${firstPath}${token}"><div class="buttons"><button class="first" autofocus>Sign in</button></div></form>`,
  );
}

/** In the place of the console where nobody has built it: a copy of the sources without its development packages. */
export function notBuiltPage(frame: Frame): string {
  return page(
    frame,
    'No console',
    html`<h1>The console is not built here.</h1>
<p class="lead">All else runs. Build it with <code>npm run console</code> and start again; until then there are the commands, and the <a href="/api/v1/reference">admin API</a>.</p>`,
  );
}

function page({ admin, demo }: Frame, title: string, letter: Html, inHead?: Html): string {
  const foot = demo
    ? 'A demonstration: no second factor is asked for here, and its passwords lie in a file.'
    : undefined;
  return renderPage({ title, host: new URL(admin).host, letter, foot, inHead });
}

export function toPageResponse(text: string, status = 200, cookies: readonly string[] = [], idp?: string): Response {
  const headers = new Headers(pageHeaders(idp === undefined ? [] : [idp]));
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(text, { status, headers });
}
