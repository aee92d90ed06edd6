import { type Html, html } from '../../pages/html.ts';
import { barredRing, renderPage } from '../../pages/layout.ts';

/** What every page of the sign-in shows. */
export interface PageFrame {
  /** Host of the issuer. */
  readonly host: string;
  readonly organisation: string;
}

/** The form of one interaction: where it goes and what proves that we made it. */
export interface InteractionForm {
  readonly action: string;
  readonly token: string;
  /** Display name of the client. */
  readonly client: string;
  /** Whether the client runs on the person's own computer. */
  readonly isNative: boolean;
}

export interface LoginForm extends InteractionForm {
  readonly email: string;
  /** What was wrong with the last try. */
  readonly wrong?: string | undefined;
}

/** E-mail and password on one page, so that password managers and people fill both at once. */
export function loginPage(frame: PageFrame, form: LoginForm): string {
  const { email, wrong } = form;
  // Focus goes where something is to be done: the address, and once it is known the password.
  const [atEmail, atPassword] = email === '' ? [html` autofocus`, undefined] : [undefined, html` autofocus`];
  const described = wrong !== undefined && html` aria-invalid="true" aria-describedby="wrong"`;
  return letter(
    frame,
    wrong === undefined ? 'Sign in' : 'Not signed in',
    html`<form method="post" action="${form.action}">
<h1>Sign in to ${frame.organisation}</h1>
<p class="lead">for <b>${form.client}</b>${form.isNative && ' on this computer'}. Once this morning is enough for all your agents.</p>
${wrong !== undefined && html`<p class="wrong" id="wrong" role="alert">${barredRing}<span>${wrong}</span></p>`}
<input type="hidden" name="token" value="${form.token}">
<div class="field"><label for="email">Work email</label>
<input id="email" name="email" type="email" value="${email}" autocomplete="username" autocapitalize="none" spellcheck="false" required${described}${atEmail}></div>
<div class="field"><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described}${atPassword}></div>
<div class="buttons"><button class="first" name="do" value="sign-in">Sign in</button>
<button name="do" value="passkey" formnovalidate>Use a passkey</button></div>
</form>
<p class="remark">Did you not start ${form.client} yourself? Close this page; nothing happens until you sign in.</p>`,
    `You will not be asked to consent to each server. ${frame.organisation} decides which servers agents may reach.`,
  );
}

/** T03: the session is live, but a program on this computer could have borrowed the client's id. One page, once a sign-in. */
export function confirmPage(frame: PageFrame, form: InteractionForm, person: string): string {
  return letter(
    frame,
    'Continue',
    html`<form method="post" action="${form.action}">
<h1>Continue as ${person} to ${form.client}?</h1>
<p class="lead">A program on this computer asks to act for you as <b>${form.client}</b>. Continue only if you have just started it.</p>
<input type="hidden" name="token" value="${form.token}">
<div class="buttons"><button class="first" name="do" value="continue">Continue as ${person}</button>
<div class="pair"><button name="do" value="switch">Use another account</button><button name="do" value="cancel">Cancel</button></div></div>
</form>
<p class="remark"><a href="/me">See what acts in your name</a></p>`,
    `You are asked once for each sign-in, never for each server. ${frame.organisation} decides which servers agents may reach.`,
  );
}

/** Why a person stands before a closed door, and what to do about it. */
export interface Refused {
  readonly state: string;
  readonly title: string;
  readonly lead: string;
  /** The protocol's own words, for whoever looks after the client. */
  readonly technical?: string | undefined;
  readonly reference?: string | undefined;
}

export function refusedPage(frame: PageFrame, refused: Refused): string {
  const { technical, reference } = refused;
  return letter(
    frame,
    refused.state,
    html`<p class="state">${barredRing}${refused.state}</p>
<h1>${refused.title}</h1>
<p class="lead">${refused.lead}</p>
${technical !== undefined && html`<p class="reference"><code>${technical}</code></p>`}
${reference !== undefined && html`<p class="reference">Reference <code>${reference}</code></p>`}`,
  );
}

/** Ends the session here, or only what one client has of it. */
export function signOutPage(
  frame: PageFrame,
  form: { action: string; secret: string; client: string | undefined },
): string {
  return letter(
    frame,
    'Sign out',
    html`<form method="post" action="${form.action}">
<h1>Sign out of ${frame.organisation}?</h1>
<p class="lead">${form.client !== undefined && html`<b>${form.client}</b> asks for it. `}Agents that work for you from this browser's sign-in stop, until you sign in again.</p>
<input type="hidden" name="xsrf" value="${form.secret}">
<div class="buttons"><button class="first" name="logout" value="yes">Sign out</button>
<button>${form.client === undefined ? 'Stay signed in' : html`Only from ${form.client}`}</button></div>
</form>`,
  );
}

export function signedOutPage(frame: PageFrame, client: string | undefined): string {
  const [title, lead] =
    client === undefined
      ? ['You are signed out', 'You can close this page. Your agents ask you to sign in when they need you.']
      : [`You are signed out of ${client}`, `You are still signed in to ${frame.organisation} in this browser.`];
  return letter(frame, 'Signed out', html`<h1>${title}</h1><p class="lead">${lead}</p>`);
}

/** Stands in for a form that would send itself by script. */
export function continuePage(
  frame: PageFrame,
  form: { action: string; inputs: readonly (readonly [name: string, value: string])[] },
): string {
  const inputs = form.inputs.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  return letter(
    frame,
    'Continue',
    html`<form method="post" action="${form.action}">
<h1>One more step</h1>
<p class="lead">Nothing is left to fill in here.</p>
${inputs}
<div class="buttons"><button class="first" autofocus>Continue</button></div>
</form>`,
  );
}

/** A page of the sign-in: one letter in the middle. */
export function letter(
  { host }: PageFrame,
  title: string,
  content: Html,
  foot?: string,
  asksPasskey?: boolean,
): string {
  return renderPage({ title, host, letter: content, foot, asksPasskey });
}
