import type { EpochSeconds } from '@credence/mcp/protocol';
import { type Html, html } from '../../pages/html.ts';
import type { AccessRequest } from '../../store/requests.ts';
import type { SignInSession } from '../../store/store.ts';
import type { Agent, AgentServer } from './agents.ts';
import type { OwnForm } from './factor-pages.ts';
import { wrongLine } from './factor-pages.ts';
import { isOwnPage, ownPages } from './own-pages.ts';
import { letter, type PageFrame } from './pages.ts';
import { answerWords } from './refused/answer-words.ts';
import { toDoing } from './refused/scope-words.ts';
import { describeMethods } from './strength.ts';
import { timeWords } from './time-words.ts';

/** A request, and what it is about is called. */
export interface Asked {
  readonly request: AccessRequest;
  readonly agent: string;
  readonly server: string;
}

export interface MyAgentsPage extends OwnForm {
  readonly email: string;
  readonly agents: readonly Agent[];
  readonly sessions: readonly SignInSession[];
  /** The session that looks at the page. */
  readonly current: string;
  /** What a client is called, by its name in requests. */
  readonly nameOf: (clientId: string) => string;
  /** What they have asked for when an agent was refused, the newest first. */
  readonly asked: readonly Asked[];
  readonly organisation: string;
  readonly hasPassword: boolean;
  readonly now: EpochSeconds;
  readonly said?: string | undefined;
  readonly wrong?: string | undefined;
}

/** What can act in a person's name, where, since when, and how to end it. Nothing here asks for consent. */
export function myAgentsPage(frame: PageFrame, page: MyAgentsPage): string {
  const { email, agents, sessions, said, wrong, hasPassword } = page;
  const atWork = agents.filter((agent) => agent.sessions.length > 0);
  const others = agents.filter((agent) => agent.sessions.length === 0);
  return letter(
    frame,
    'My agents',
    html`<h1>My agents</h1>
<p class="lead">What can act for <b>${email}</b>, and where. ${frame.organisation} decides it; you can end it at any time.</p>
${said !== undefined && html`<p class="said" role="status">${said}</p>`}
${wrongLine(wrong)}
<div class="section"><h2>At work</h2>
${atWork.length === 0 ? html`<p class="hint">No agent is signed in for you.</p>` : html`<ul class="list">${atWork.map((agent) => agentItem(page, agent))}</ul>`}</div>
${others.length > 0 && html`<div class="section"><h2>Not signed in</h2><p class="hint">They can do nothing for you until you sign in to them.</p><ul class="list">${others.map((agent) => agentItem(page, agent))}</ul></div>`}
${page.asked.length > 0 && html`<div class="section"><h2>What you asked for</h2><ul class="list">${page.asked.map((asked) => askedItem(page, asked))}</ul></div>`}
<div class="section"><h2>Where you are signed in</h2><ul class="list">${sessions.map((session) => sessionItem(page, session))}</ul>
<form method="post" action="${page.action}"><input type="hidden" name="token" value="${page.token}">
<div class="buttons"><button name="do" value="all">End everything</button></div></form></div>
${hasPassword && html`<p class="remark"><a href="${ownPages.security.path}">How you sign in</a></p>`}`,
    'Ended is ended at once. Where a server is not told, access that an agent was just given lasts until it runs out, a few minutes later.',
  );
}

function askedItem({ organisation, now }: MyAgentsPage, { request, agent, server }: Asked): Html {
  const { decision, askedAt, answer } = request;
  const word = answer.state === 'drafted' ? undefined : answer.word;
  return html`<li><a href="${ownPages.refused.path}/${decision}">${server} through ${agent}</a><p class="when">asked ${timeWords(askedAt * 1000, now)}. ${answerWords(request, organisation, now)}</p>
${word !== undefined && html`<p class="said">${word}</p>`}</li>`;
}

function agentItem(page: MyAgentsPage, agent: Agent): Html {
  const { id, name, sessions, servers, firstMs, lastMs } = agent;
  const used =
    lastMs === undefined || firstMs === undefined
      ? 'has not acted for you'
      : html`acted first ${timeWords(firstMs, page.now)}, last ${timeWords(lastMs, page.now)}`;
  return html`<li><b>${name}</b><p class="when">${used}</p>
${servers.length > 0 && html`<details><summary>${servers.length === 1 ? 'One server' : `${servers.length} servers`}</summary><ul class="list">${servers.map((server) => serverItem(page, server))}</ul></details>`}
${sessions.length > 0 && html`<form method="post" action="${page.action}"><input type="hidden" name="token" value="${page.token}"><input type="hidden" name="agent" value="${id}"><button class="plain" name="do" value="agent" aria-label="End ${name}">End</button></form>`}</li>`;
}

function serverItem({ now }: MyAgentsPage, { name, scopes, lastMs }: AgentServer): Html {
  const used = lastMs === undefined ? 'not yet' : html`last ${timeWords(lastMs, now)}`;
  const may = scopes.length === 0 ? 'may do nothing any more' : `may ${toDoing(scopes) ?? 'use it'}`;
  return html`<li><b>${name}</b><p class="when">${may}</p><p class="when">${used}</p></li>`;
}

function sessionItem(page: MyAgentsPage, { uid, startedAt, expiresAt, amr, clients, upstream }: SignInSession): Html {
  const names = clients.filter(({ client }) => !isOwnPage(client)).map(({ client }) => page.nameOf(client));
  const how = upstream ?? describeMethods(amr);
  return html`<li><b>${uid === page.current ? 'This browser' : 'Another browser'}</b>
<p class="when">since ${startedAt === undefined ? 'an unknown time' : timeWords(startedAt * 1000, page.now)}${expiresAt !== undefined && html`, until ${timeWords(expiresAt * 1000, page.now)}`}, by ${how}</p>
<p class="when">${names.length === 0 ? 'no agent' : names.join(', ')}</p>
<form method="post" action="${page.action}"><input type="hidden" name="token" value="${page.token}"><input type="hidden" name="session" value="${uid}"><button class="plain" name="do" value="session" aria-label="End the session ${uid === page.current ? 'of this browser' : html`of another browser, ${names.length === 0 ? 'no agent' : names.join(', ')}`}">End</button></form></li>`;
}

/** The session of this browser is over, alone or with all others. */
export function endedPage(frame: PageFrame, everywhere: boolean): string {
  const title = everywhere ? 'You are signed out everywhere' : 'You are signed out in this browser';
  const lead = everywhere
    ? 'No agent acts for you any more.'
    : 'Agents that were signed in from it no longer act for you.';
  return letter(
    frame,
    'Ended',
    html`<h1>${title}</h1>
<p class="lead">${lead} They ask you to sign in when they need you. You can close this page.</p>`,
  );
}
