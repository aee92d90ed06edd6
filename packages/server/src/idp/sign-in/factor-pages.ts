import { type Html, html } from '../../pages/html.ts';
import { barredRing } from '../../pages/layout.ts';
import { qrSvg } from '../../pages/qr.ts';
import { letter, type PageFrame } from './pages.ts';

/** A form of ours: where it goes and what proves that we made it. */
export interface OwnForm {
  readonly action: string;
  readonly token: string;
}

/** The second step of a sign-in: what this person can show. */
export interface SecondStep extends OwnForm {
  readonly client: string;
  readonly hasApp: boolean;
  readonly hasRecoveryCodes: boolean;
  /** Options for the person's passkeys, if there are any. */
  readonly passkey: object | undefined;
  readonly wrong?: string | undefined;
}

export function secondStepPage(frame: PageFrame, step: SecondStep): string {
  const { client, hasApp, hasRecoveryCodes, passkey, wrong } = step;
  const lead = hasApp
    ? 'Enter the code that your authenticator app shows now.'
    : passkey
      ? 'Use your passkey, on this device or on your phone.'
      : 'Enter one of your recovery codes.';
  const recovery = html`${codeForm(step, {
    label: 'Recovery code',
    hint: 'Each works once.',
    id: 'recovery',
    button: 'Sign in with it',
    isFirst: !hasApp && !passkey,
  })}`;
  return letter(
    frame,
    wrong === undefined ? 'Second step' : 'Not signed in',
    html`<h1>One more step</h1>
<p class="lead">The password is right. ${lead} Then <b>${client}</b> gets in.</p>
${wrongLine(wrong)}
${hasApp && codeForm(step, { label: 'Six-digit code', id: 'code', button: 'Sign in', isFirst: true, isApp: true })}
${passkey && html`${passkeyForm(step, { ceremony: 'get', options: passkey, answerAs: 'passkey-answer', button: 'Use your passkey', isFirst: !hasApp })}`}
${hasRecoveryCodes && (hasApp || passkey ? html`<details><summary>Use a recovery code instead</summary>${recovery}</details>` : recovery)}
<p class="remark">Lost what you sign in with? Ask whoever looks after sign-in at ${frame.organisation}.</p>`,
    undefined,
    passkey !== undefined,
  );
}

/** Signing in with a passkey alone. */
export function passkeyPage(
  frame: PageFrame,
  form: OwnForm & { client: string; options: object; wrong?: string | undefined },
) {
  const { client, options, wrong } = form;
  return letter(
    frame,
    wrong === undefined ? 'Sign in with a passkey' : 'Not signed in',
    html`<h1>Sign in with a passkey</h1>
<p class="lead">for <b>${client}</b>. No password is needed: the passkey is on this device, on your phone or on a key.</p>
${wrongLine(wrong)}
${passkeyForm(form, { ceremony: 'get', options, answerAs: 'passkey-answer', button: 'Use your passkey', isFirst: true })}
${actionForm(form, [['switch', 'Use your password']])}`,
    undefined,
    true,
  );
}

/** Somebody asks for two factors, and this person has none. */
export function neededPage(frame: PageFrame, form: OwnForm & { client: string; wrong?: string | undefined }): string {
  const { client, wrong } = form;
  return letter(
    frame,
    'Second factor needed',
    html`<h1>This needs a second factor, and you have none yet.</h1>
<p class="lead">The password is right, but what <b>${client}</b> asks for takes more. Ask whoever looks after sign-in at ${frame.organisation} for an enrolment code, and enter it here.</p>
${wrongLine(wrong)}
${codeForm(form, { label: 'Enrolment code', id: 'enrolment', button: 'Continue', isFirst: true, act: 'enrolment-code' })}
${actionForm(form, [['give-up', `Go back to ${client}`]])}`,
  );
}

export interface AppForm extends OwnForm {
  readonly uri: string;
  readonly secret: string;
  readonly wrong?: string | undefined;
}

export function appSetupPage(frame: PageFrame, form: AppForm): string {
  const { uri, secret, wrong } = form;
  return letter(
    frame,
    'Authenticator app',
    html`<h1>Set up your authenticator app</h1>
<p class="lead">Any app for six-digit codes will do. It works without a network.</p>
<p class="step">1. Scan this with the app</p>
${qrSvg(uri, 'QR code for your authenticator app; the same key follows as text')}
<p class="secret">Or type this key: <code>${secret.match(/.{1,4}/g)?.join(' ')}</code></p>
<p class="step">2. Enter the code it shows</p>
${wrongLine(wrong)}
${codeForm(form, { label: 'Six-digit code', id: 'code', button: 'Turn it on', isFirst: true, isApp: true, act: 'app-code' })}
${actionForm(form, [['new-passkey', 'Make a passkey instead']])}`,
  );
}

export function passkeySetupPage(
  frame: PageFrame,
  form: OwnForm & { options: object; canUseApp: boolean; wrong?: string | undefined },
): string {
  const { options, canUseApp, wrong } = form;
  return letter(
    frame,
    'New passkey',
    html`<h1>Make a passkey</h1>
<p class="lead">A passkey is a key on this device, your phone or a security key, opened by your finger, face or PIN. It answers to this address alone, so no false page can get it out of you.</p>
${wrongLine(wrong)}
${passkeyForm(form, { ceremony: 'create', options, answerAs: 'passkey-made', button: 'Make a passkey', isFirst: true })}
${canUseApp && actionForm(form, [['new-app', 'Use an authenticator app instead']])}`,
    undefined,
    true,
  );
}

/** Shown once. */
export function recoveryCodesPage(frame: PageFrame, form: OwnForm, codes: readonly string[]): string {
  return letter(
    frame,
    'Recovery codes',
    html`<h1>Keep these recovery codes</h1>
<p class="lead">Each lets you in once, after your password, when you have lost what you sign in with. They are shown only now: print them, or put them where you keep passwords.</p>
<ol class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>
${actionForm(form, [['done', 'I have kept them']], true)}`,
  );
}

export function wrongLine(wrong: string | undefined): Html | undefined {
  if (wrong === undefined) return undefined;
  return html`<p class="wrong" id="wrong" role="alert">${barredRing}<span>${wrong}</span></p>`;
}

/** Buttons without a field. */
export function actionForm(
  { action, token }: OwnForm,
  buttons: readonly (readonly [act: string, label: string])[],
  isFirst = false,
): Html {
  return html`<form method="post" action="${action}"><input type="hidden" name="token" value="${token}">
<div class="buttons">${buttons.map(([act, label]) => html`<button${isFirst && html` class="first"`} name="do" value="${act}">${label}</button>`)}</div></form>`;
}

interface CodeField {
  readonly label: string;
  readonly hint?: string;
  readonly id: string;
  readonly button: string;
  readonly isFirst: boolean;
  /** Digits of an app: phones show the right keys, and offer what they have. */
  readonly isApp?: boolean;
  readonly act?: string;
}

export function codeForm({ action, token }: OwnForm, field: CodeField): Html {
  const { label, hint, id, button, isFirst, isApp, act = 'code' } = field;
  const kind = isApp
    ? html` inputmode="numeric" autocomplete="one-time-code" maxlength="10"`
    : html` autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="100"`;
  return html`<form method="post" action="${action}"><input type="hidden" name="token" value="${token}">
<div class="field"><label for="${id}">${label}${hint !== undefined && html` <span class="hint">${hint}</span>`}</label>
<input id="${id}" name="code" type="text" required${kind}${isFirst && html` autofocus`}></div>
<div class="buttons"><button${isFirst && html` class="first"`} name="do" value="${act}">${button}</button></div></form>`;
}

/** The form that the script of these pages fills in; what it is to ask the browser for stands in its attributes. */
export function passkeyForm(
  { action, token }: OwnForm,
  passkey: { ceremony: 'get' | 'create'; options: object; answerAs: string; button: string; isFirst: boolean },
): Html {
  const { ceremony, options, answerAs, button, isFirst } = passkey;
  return html`<form method="post" action="${action}" data-passkey="${ceremony}" data-options="${JSON.stringify(options)}">
<input type="hidden" name="token" value="${token}"><input type="hidden" name="do" value="${answerAs}"><input type="hidden" name="credential" value="">
<p class="wrong" role="alert" hidden>${barredRing}<span></span></p>
<div class="buttons"><button${isFirst && html` class="first" autofocus`}>${button}</button></div></form>`;
}
