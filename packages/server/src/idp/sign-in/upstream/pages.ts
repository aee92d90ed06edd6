import { type Html, html } from '../../../pages/html.ts';
import { barredRing, renderPage } from '../../../pages/layout.ts';
import type { InteractionForm, PageFrame } from '../pages.ts';

/** An upstream as a person sees it. */
export interface UpstreamButton {
  readonly name: string;
  readonly label: string;
}

export interface ChoiceForm extends InteractionForm {
  readonly email: string;
  /** Those with a button of their own; the others are found by the domain of the address. */
  readonly buttons: readonly UpstreamButton[];
  /** The person wants to be somebody else: the upstream shall ask who. */
  readonly another: boolean;
}

/** The first page where the organisation has an identity provider: who are you, or by which of them. */
export function choicePage(frame: PageFrame, form: ChoiceForm): string {
  const { buttons, email, another } = form;
  return letter(
    frame,
    'Sign in',
    html`<form method="post" action="${form.action}">
<h1>Sign in to ${frame.organisation}</h1>
<p class="lead">for <b>${form.client}</b>${form.isNative && ' on this computer'}. Once this morning is enough for all your agents.</p>
<input type="hidden" name="token" value="${form.token}">
${another && html`<input type="hidden" name="another" value="yes">`}
<div class="field"><label for="email">Work email</label>
<input id="email" name="email" type="email" value="${email}" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></div>
<div class="buttons"><button class="first" name="do" value="identify">Continue</button>
${buttons.map(({ name, label }) => html`<button name="do" value="upstream:${name}">Continue with ${label}</button>`)}
<button name="do" value="password">Use a password of this server</button></div>
</form>
<p class="remark">Did you not start ${form.client} yourself? Close this page; nothing happens until you sign in.</p>`,
    `You will not be asked to consent to each server. ${frame.organisation} decides which servers agents may reach.`,
  );
}

/**
 * On the way. A redirect would be the answer to a form, and browsers hold every further hop of such a redirect against the
 * `form-action` of the page: upstreams send people on to other hosts of theirs. So the page leaves by itself.
 */
export function goingPage(frame: PageFrame, { label, url }: { label: string; url: string }): string {
  return letter(
    frame,
    `To ${label}`,
    html`<h1>On to ${label}</h1>
<p class="lead">You sign in there, and come back here.</p>
<p class="lead"><a href="${url}" autofocus>Continue to ${label}</a></p>`,
  );
}

/** A sign-in there that came to nothing: why, what to do, and the ways on. Never one that starts by itself. */
export interface UpstreamRefused {
  readonly state: string;
  readonly title: string;
  readonly lead: string;
  readonly reference: string;
  /** Address of the interaction that still waits, if it does. */
  readonly again: string | undefined;
}

export function upstreamRefusedPage(frame: PageFrame, refused: UpstreamRefused): string {
  return letter(
    frame,
    refused.state,
    html`<p class="state">${barredRing}${refused.state}</p>
<h1>${refused.title}</h1>
<p class="lead">${refused.lead}</p>
${refused.again !== undefined && html`<p class="lead"><a href="${refused.again}">Try again, or sign in another way</a></p>`}
<p class="reference">Reference <code>${refused.reference}</code></p>`,
  );
}

/** The session here is over; the one over there is the person's to end. The ID Token goes in the body, never in an address. */
export function signOutTherePage(
  frame: PageFrame,
  there: {
    readonly label: string;
    readonly method: 'post' | 'get';
    readonly action: string;
    readonly inputs: readonly (readonly [name: string, value: string])[];
    readonly stay: string;
  },
): string {
  const inputs = there.inputs.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  return letter(
    frame,
    'Signed out',
    html`<form method="${there.method}" action="${there.action}">
<h1>You are signed out here</h1>
<p class="lead">${there.label} may still know you in this browser. On a computer that others use, sign out there too.</p>
${inputs}
<div class="buttons"><button class="first" autofocus>Sign out of ${there.label} too</button></div>
</form>
<p class="remark"><a href="${there.stay}">Stay signed in to ${there.label}</a></p>`,
  );
}

function letter({ host }: PageFrame, title: string, content: Html, foot?: string): string {
  return renderPage({ title, host, letter: content, foot });
}
