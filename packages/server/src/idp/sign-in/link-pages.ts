import { html } from '../../pages/html.ts';
import type { AccountLink } from '../../store/links.ts';
import { type OwnForm, wrongLine } from './factor-pages.ts';
import { ownPages } from './own-pages.ts';
import { letter, type PageFrame } from './pages.ts';

export interface ChoosePassword extends OwnForm {
  readonly email: string;
  readonly purpose: AccountLink['purpose'];
  readonly wrong?: string | undefined;
}

/** Whoever has the link chooses a password. The address is in the form, so that password managers keep the two together. */
export function choosePasswordPage(frame: PageFrame, page: ChoosePassword): string {
  const { action, token, email, purpose, wrong } = page;
  const described = wrong !== undefined && html` aria-invalid="true" aria-describedby="wrong"`;
  const title = purpose === 'invitation' ? `Welcome to ${frame.organisation}` : 'Choose a new password';
  return letter(
    frame,
    wrong === undefined ? title : 'Not set yet',
    html`<form method="post" action="${action}">
<h1>${title}</h1>
<p class="lead">${
      purpose === 'invitation'
        ? html`Choose the password that you, <b>${email}</b>, sign in with from now on.`
        : html`For <b>${email}</b>. Once it is set, you are signed out everywhere, and the old one stops working.`
    }</p>
${wrongLine(wrong)}
<input type="hidden" name="token" value="${token}">
<input name="email" type="text" value="${email}" autocomplete="username" readonly hidden>
<div class="field"><label for="password">New password <span class="hint">12 characters or more; a few words will do</span></label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="12" required autofocus${described}></div>
<div class="field"><label for="again">The same again</label>
<input id="again" name="again" type="password" autocomplete="new-password" minlength="12" required></div>
<div class="buttons"><button class="first" name="do" value="set">Set this password</button></div>
</form>`,
    'This link works once. Nobody from your organisation needs to know the password.',
  );
}

/** The password is there; the next thing is to use it, and to add a second factor while that takes no code. */
export function passwordSetPage(frame: PageFrame, mayAddFactor: boolean): string {
  return letter(
    frame,
    'Password set',
    html`<h1>Your password is set</h1>
<p class="lead">${
      mayAddFactor
        ? 'Sign in with it now, and add a second factor: a passkey or an authenticator app. Some of what your agents may do needs one. For the next 15 minutes you need no enrolment code for it.'
        : 'Your second factors are as they were. You can close this page, or look after how you sign in.'
    }</p>
<form method="get" action="${ownPages.security.path}"><div class="buttons"><button class="first" autofocus>${mayAddFactor ? 'Sign in and add one' : 'Sign in'}</button></div></form>`,
  );
}
