import type { EpochSeconds } from '@credence/mcp/protocol';
import { type Html, html } from '../../../pages/html.ts';
import { barredRing, renderPage } from '../../../pages/layout.ts';
import type { AccessRequest, WantedFor } from '../../../store/requests.ts';
import { type OwnForm, wrongLine } from '../factor-pages.ts';
import { ownPages } from '../own-pages.ts';
import { type PageFrame, refusedPage } from '../pages.ts';
import { timeWords } from '../time-words.ts';
import { answerWords } from './answer-words.ts';
import type { Words } from './words.ts';

/** Characters of a reason. */
export const mostWords = 500;

export interface RefusedPage extends OwnForm {
  readonly words: Words;
  readonly agent: string;
  /** Id of the decision. */
  readonly reference: string;
  readonly timeMs: number;
  readonly now: EpochSeconds;
  /** It would be allowed now, which its words do not say. */
  readonly isAllowedNow: boolean;
  /** The policy in force gives it. */
  readonly isGiven: boolean;
  readonly canAsk: boolean;
  /** What was asked for already. */
  readonly request: AccessRequest | undefined;
  /** What was typed, when it has to be sent again. */
  readonly typed?: string | undefined;
  readonly wrong?: string | undefined;
}

/** Why an agent was refused, for the person it works for; and asking for it. */
export function whyRefusedPage(frame: PageFrame, page: RefusedPage): string {
  const { words, reference, timeMs, now, isAllowedNow, canAsk, request, agent } = page;
  const letter = html`<p class="state">${barredRing}<span>Refused ${timeWords(timeMs, now)}</span></p>
<h1>${words.title}</h1>
<p class="lead">${isAllowedNow ? `It is allowed by now. Go back to ${agent} and try again.` : words.lead}</p>
<p class="reference">Reference <code>${reference}</code></p>
${request ? askedSection(frame, page, request) : !isAllowedNow && canAsk && askForm(frame, page)}
<p class="remark"><a href="${ownPages.agents.path}">What can act in your name</a></p>`;
  return renderPage({
    title: 'Refused',
    host: frame.host,
    letter,
    wide: true,
    foot: 'Only you and those who look after access can read this.',
  });
}

const choices: readonly [value: WantedFor, words: string][] = [
  ['day', 'Today'],
  ['week', 'About a week'],
  ['work', 'My daily work'],
];

function askForm(frame: PageFrame, { action, token, typed = '', wrong }: RefusedPage): Html {
  const described = wrong !== undefined && html` aria-invalid="true" aria-describedby="wrong"`;
  return html`<form method="post" action="${action}" class="section"><h2>Ask for access</h2>
<p class="hint">Whoever looks after access at ${frame.organisation} reads it, and you find the answer here and under My agents.</p>
${wrongLine(wrong)}
<input type="hidden" name="token" value="${token}">
<div class="field"><label for="words">What do you need it for?</label>
<textarea id="words" name="words" rows="3" maxlength="${mostWords}" required${described}>${typed}</textarea></div>
<fieldset><legend>For how long?</legend><div class="choices">${choices.map(
    ([value, words]) =>
      html`<label><input type="radio" name="wanted" value="${value}"${value === 'week' && html` checked`}>${words}</label>`,
  )}</div></fieldset>
<div class="buttons"><button class="first" name="do" value="ask">Ask for access</button></div></form>`;
}

function askedSection(
  { organisation }: PageFrame,
  { now, reference, isGiven }: RefusedPage,
  request: AccessRequest,
): Html {
  const { word, at } = request.answer;
  const isOther = request.decision !== reference;
  return html`<div class="section"><h2>You have asked for it</h2>
<p>${answerWords(request, organisation, now, isGiven)}</p>
${word !== undefined && request.answer.state !== 'drafted' && html`<p class="said">${word}</p>`}
<p class="hint">Asked ${timeWords(request.askedAt * 1000, now)}${isOther && ', when it was refused before'}${at !== undefined && request.answer.state !== 'drafted' && html`, answered ${timeWords(at * 1000, now)}`}: “${request.words}”</p></div>`;
}

/** To whoever looks again and again. */
export function tooFastPage(frame: PageFrame): string {
  return refusedPage(frame, {
    state: 'Too often',
    title: 'Look again in a moment.',
    lead: 'This page was opened very often within a short time. Nothing is lost: wait ten seconds, then open it again.',
  });
}

/** For whoever the page is not for, whether there is such a refusal or not. */
export function nothingHerePage(frame: PageFrame): string {
  return refusedPage(frame, {
    state: 'Nothing here',
    title: 'There is nothing here for you.',
    lead: 'Such a page is for the person whose agent was refused, for as long as it is kept. Look whether the address is whole, and whether you are signed in as that person.',
  });
}
