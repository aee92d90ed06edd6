import { type Html, html } from '../../pages/html.ts';
import type { Factor } from '../../store/store.ts';
import { actionForm, codeForm, type OwnForm, wrongLine } from './factor-pages.ts';
import { ownPages } from './own-pages.ts';
import { letter, type PageFrame } from './pages.ts';

export interface SecurityPage extends OwnForm {
  readonly email: string;
  readonly factors: readonly Factor[];
  readonly recoveryCodesLeft: number;
  /** A first factor needs a code from an administrator, and none has been typed yet. */
  readonly needsCode: boolean;
  readonly said?: string | undefined;
  readonly wrong?: string | undefined;
}

/** What a person signs in with besides the password. */
export function securityPage(frame: PageFrame, page: SecurityPage): string {
  const { email, factors, needsCode, said, wrong } = page;
  return letter(
    frame,
    'How you sign in',
    html`<h1>How you sign in</h1>
<p class="lead">${email} at ${frame.organisation}. ${
      factors.length === 0
        ? 'With the password alone: some of what your agents may do needs more.'
        : 'With the password and one of these, or with a passkey alone.'
    }</p>
${said !== undefined && html`<p class="said" role="status">${said}</p>`}
${wrongLine(wrong)}
${factors.length > 0 && html`<div class="section"><h2>Second factors</h2><ul class="list">${factors.map((factor) => factorItem(page, factor))}</ul></div>`}
${needsCode ? codeNeeded(frame, page) : addFactor(page)}
${factors.length > 0 && recoveryCodes(page)}
<p class="remark"><a href="${ownPages.agents.path}">My agents: what acts in your name</a></p>`,
    'Nobody from your organisation asks you for a code or a recovery code.',
  );
}

function factorItem(page: SecurityPage, { id, kind, name, isSynced, createdAt, lastUsedAt }: Factor): Html {
  const what =
    kind === 'totp' ? 'authenticator app' : isSynced ? 'passkey, on all your devices' : 'passkey, on one device';
  const used = lastUsedAt === undefined ? 'not used yet' : html`last used ${date(lastUsedAt)}`;
  return html`<li><b>${name}</b><p class="when">${what}, added ${date(createdAt)}, ${used}</p>
<div class="acts"><details><summary>Rename</summary><form method="post" action="${page.action}">${hidden(page, id)}
<div class="field"><label for="name-${id}">Name</label><input id="name-${id}" name="name" type="text" value="${name}" maxlength="60" required></div>
<button class="plain" name="do" value="rename">Rename</button></form></details>
<form method="post" action="${page.action}">${hidden(page, id)}<button class="plain" name="do" value="remove" aria-label="Remove ${name}">Remove</button></form></div></li>`;
}

function hidden({ token }: OwnForm, id: string): Html {
  return html`<input type="hidden" name="token" value="${token}"><input type="hidden" name="id" value="${id}">`;
}

function codeNeeded(frame: PageFrame, page: SecurityPage): Html {
  return html`<div class="section"><h2>Add a second factor</h2>
<p class="hint">The first one needs an enrolment code. Ask whoever looks after sign-in at ${frame.organisation}.</p>
${codeForm(page, { label: 'Enrolment code', id: 'enrolment', button: 'Continue', isFirst: true, act: 'enrolment-code' })}</div>`;
}

function addFactor(page: SecurityPage): Html {
  return html`<div class="section"><h2>${page.factors.length === 0 ? 'Add a second factor' : 'Add another'}</h2>
${actionForm(page, [
  ['new-passkey', 'Make a passkey'],
  ['new-app', 'Set up an authenticator app'],
])}</div>`;
}

function recoveryCodes(page: SecurityPage): Html {
  const { recoveryCodesLeft: left } = page;
  const words = left === 0 ? 'None is left.' : left === 1 ? 'One is left.' : `${left} are left.`;
  return html`<div class="section"><h2>Recovery codes</h2>
<p class="hint">For the day you have lost everything above. ${words}</p>
${actionForm(page, [['new-codes', 'Make new ones']])}</div>`;
}

/** What cannot be undone is asked once more: the consequence is the title. */
export function confirmChangePage(
  frame: PageFrame,
  form: OwnForm & { title: string; lead: string; act: string; button: string; id?: string },
): string {
  const { action, token, title, lead, act, button, id } = form;
  return letter(
    frame,
    title,
    html`<h1>${title}</h1>
<p class="lead">${lead}</p>
<form method="post" action="${action}"><input type="hidden" name="token" value="${token}">
${id !== undefined && html`<input type="hidden" name="id" value="${id}">`}
<div class="buttons"><button class="first" name="do" value="${act}">${button}</button><button name="do" value="show">Keep it as it is</button></div></form>`,
  );
}

function date(seconds: number): Html {
  const iso = new Date(seconds * 1000).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(0, 10)}</time>`;
}
