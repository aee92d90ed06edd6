import { type Html, html } from '../../pages/html.ts';
import type { AdminRole } from '../../store/administrators.ts';
import type { AccountLink } from '../../store/links.ts';
import type { Factor, Person } from '../../store/store.ts';
import { type OwnForm, wrongLine } from './factor-pages.ts';
import { letter, type PageFrame } from './pages.ts';

/** The first page: whom is it about. */
export function findPersonPage(
  frame: PageFrame,
  page: OwnForm & { readonly email: string; readonly wrong?: string | undefined },
): string {
  const { email, wrong } = page;
  return letter(
    frame,
    'Help desk',
    html`<h1>Help desk</h1>
<p class="lead">Help somebody back in who has a password at ${frame.organisation}. Be sure whom you talk to: what you do here is on the record, and they are told.</p>
${wrongLine(wrong)}
${findForm(page, email)}`,
  );
}

function findForm({ action, token }: OwnForm, email: string): Html {
  return html`<form method="post" action="${action}"><input type="hidden" name="token" value="${token}">
<div class="field"><label for="email">Work email</label>
<input id="email" name="email" type="email" value="${email}" autocomplete="off" autocapitalize="none" spellcheck="false" required autofocus></div>
<div class="buttons"><button class="first" name="do" value="find">Find</button></div></form>`;
}

export interface PersonPage extends OwnForm {
  readonly person: Person;
  readonly role: AdminRole | undefined;
  readonly factors: readonly Factor[];
  readonly link: AccountLink | undefined;
  /** What may be done; nothing where the person signs in elsewhere, or is of an equal or higher role. */
  readonly mayLink: AccountLink['purpose'] | undefined;
  readonly mayRemove: boolean;
  readonly why?: string | undefined;
  readonly said?: string | undefined;
}

export function personPage(frame: PageFrame, page: PersonPage): string {
  const { action, token, person, role, factors, link, mayLink, mayRemove, why, said } = page;
  return letter(
    frame,
    person.name,
    html`<h1>${person.name}</h1>
<p class="lead">${person.email}</p>
${said !== undefined && html`<p class="said" role="status">${said}</p>`}
<dl class="facts"><dt>State</dt><dd>${person.active ? 'may sign in' : 'switched off'}</dd>
<dt>Record of</dt><dd>${person.source}</dd>
${role !== undefined && html`<dt>Administers</dt><dd>${role}</dd>`}
${link && html`<dt>Open link</dt><dd>until ${time(link.expiresAt)}</dd>`}</dl>
${why !== undefined && html`<div class="section"><p class="hint">${why}</p></div>`}
${mayLink !== undefined && linkSection(page, mayLink)}
${
  mayRemove &&
  html`<div class="section"><h2>Second factors</h2>
${factors.length === 0 ? html`<p class="hint">None.</p>` : html`<ul class="list">${factors.map((factor) => factorItem(page, factor))}</ul>`}</div>`
}
<div class="section"><form method="post" action="${action}"><input type="hidden" name="token" value="${token}">
<div class="buttons"><button name="do" value="show">Somebody else</button></div></form></div>`,
  );
}

function linkSection({ action, token, person, role }: PersonPage, purpose: AccountLink['purpose']): Html {
  const words =
    purpose === 'invitation'
      ? 'They have no password yet. The link lets them choose one.'
      : 'The link lets them choose another one. The old one works until then; second factors stay as they are.';
  const delay = role === undefined ? '' : ' Because they administer, it opens only after a day.';
  return html`<div class="section"><h2>Password</h2><p class="hint">${words}${delay}</p>
<form method="post" action="${action}">${hidden(token, person.id)}
<div class="buttons"><button class="first" name="do" value="link">Make a link</button></div></form></div>`;
}

function factorItem({ action, token, person }: PersonPage, { id, kind, name, lastUsedAt }: Factor): Html {
  const used = lastUsedAt === undefined ? 'not used yet' : html`last used ${time(lastUsedAt)}`;
  return html`<li><b>${name}</b><p class="when">${kind === 'totp' ? 'authenticator app' : 'passkey'}, ${used}</p>
<form method="post" action="${action}">${hidden(token, person.id)}<input type="hidden" name="factor" value="${id}">
<button class="plain" name="do" value="remove" aria-label="Remove ${name}">Remove</button></form></li>`;
}

/** Shown once. */
export function linkMadePage(
  frame: PageFrame,
  page: OwnForm & { readonly person: Person; readonly url: string; readonly link: AccountLink },
): string {
  const { action, token, person, url, link } = page;
  const opens = link.opensAt > link.createdAt ? html` It opens <b>${time(link.opensAt)}</b>, not before.` : '';
  return letter(
    frame,
    'Link made',
    html`<h1>A link for ${person.name}</h1>
<p class="lead">Hand it to <b>${person.email}</b> and nobody else: whoever has it chooses the password. It works once, until ${time(link.expiresAt)}.${opens}</p>
<p class="reference"><code>${url}</code></p>
<div class="section"><form method="post" action="${action}">${hidden(token, person.id)}
<div class="buttons"><button class="first" name="do" value="person">I have handed it over</button></div></form></div>`,
    'It is shown this once. A new one makes this one worthless.',
  );
}

/** What cannot be undone is asked once more. */
export function removeFactorPage(
  frame: PageFrame,
  page: OwnForm & { readonly person: Person; readonly factor: Factor; readonly isLast: boolean },
): string {
  const { action, token, person, factor, isLast } = page;
  const last = isLast
    ? ' It is the last one: the recovery codes go with it, and a new one needs an enrolment code.'
    : '';
  return letter(
    frame,
    'Remove?',
    html`<h1>Remove ${factor.name}?</h1>
<p class="lead">It no longer lets <b>${person.email}</b> in, and they are signed out everywhere.${last}</p>
<form method="post" action="${action}">${hidden(token, person.id)}<input type="hidden" name="factor" value="${factor.id}">
<div class="buttons"><button class="first" name="do" value="remove-now">Remove it</button><button name="do" value="person">Keep it as it is</button></div></form>`,
  );
}

function hidden(token: string, person: string): Html {
  return html`<input type="hidden" name="token" value="${token}"><input type="hidden" name="person" value="${person}">`;
}

function time(seconds: number): Html {
  const iso = new Date(seconds * 1000).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}
