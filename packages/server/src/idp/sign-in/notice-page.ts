import { type Html, html } from '../../pages/html.ts';
import type { Notice } from '../../store/notices.ts';
import { type InteractionForm, letter, type PageFrame } from './pages.ts';

/** Something was done to how the person signs in, and not by them. They are told once, before they go on. */
export function noticePage(frame: PageFrame, form: InteractionForm & { readonly notices: readonly Notice[] }): string {
  const { action, token, client, notices } = form;
  return letter(
    frame,
    'Please read this',
    html`<h1>Somebody changed how you sign in</h1>
<p class="lead">The help desk of ${frame.organisation} did this for you:</p>
<ul class="list">${notices.map(item)}</ul>
<form method="post" action="${action}"><input type="hidden" name="token" value="${token}"><input type="hidden" name="do" value="noticed">
<div class="buttons"><button class="first" name="mine" value="yes">I asked for it, go on to ${client}</button>
<button name="mine" value="no">I did not ask for it</button></div></form>
<p class="remark">If you did not: a link that is still open stops working, and it goes on the record. Then look at how you sign in, and tell whoever looks after sign-in.</p>`,
  );
}

function item({ what, about, at }: Notice): Html {
  const iso = new Date(at * 1000).toISOString();
  const words = what === 'reset_link' ? 'A link to choose a new password' : html`${about} was removed`;
  return html`<li><b>${words}</b><p class="when"><time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time></p></li>`;
}
