import type { Answer } from '../../data/problem.ts';
import { toExact } from '../../parts/time-words.ts';
import { reachTexts as texts } from '../../texts/reach.ts';
import { inWords } from '../decisions/line.ts';
import { needsWords } from '../decisions/why-rows.ts';

export type Paths = Answer<'listPaths'>;
export type Path = Paths['paths'][number];
type Rule = Paths['rules'][number];

/** The name of whom a rule names, or what stands for it. */
export function subjectWords(subject: string, { subjects }: Pick<Paths, 'subjects'>): string {
  if (subject === 'everyone') return texts.everyone;
  return subjects.find((each) => each.subject === subject)?.name ?? idOf(subject);
}

export function clientWords(id: string, { clients }: Pick<Paths, 'clients'>): string {
  return clients.find((client) => client.id === id)?.name ?? id;
}

export function serverWords(id: string, { servers }: Pick<Paths, 'servers'>): string {
  return servers.find((server) => server.id === id)?.name ?? id;
}

/** A rule that a path names, as the policy in force has it; of what the draft gives, as the draft has it. */
export function ruleOf(id: string, { server, change }: Path, { rules }: Pick<Paths, 'rules'>): Rule | undefined {
  const isDraft = change === 'gained';
  return rules.find((rule) => rule.id === id && rule.server === server && rule.draft === isDraft);
}

/** What a request still has to be like, as it ends a sentence; '' = nothing. */
export function conditionWords(path: Path, all: Paths): string {
  return inWords(path.conditions.map((condition) => oneCondition(condition, path, all)));
}

function oneCondition({ about, rule: id }: Path['conditions'][number], path: Path, all: Paths): string {
  const { conditions } = texts;
  const rule = id === null ? undefined : ruleOf(id, path, all);
  if (about === 'key') return conditions.key;
  if (about === 'session') return conditions.session(id ?? '');
  if (about === 'deny') return conditions.deny(id ?? '');
  if (!rule) return id ?? '';
  if (about === 'sign_in') return conditions.signIn(needsWords(rule));
  if (about === 'until') return conditions.until(rule.until === null ? '' : toExact(rule.until * 1000));
  if (about === 'hours') return rule.hours ?? '';
  const { from, notFrom } = rule;
  const networks = [
    ...(from.length > 0 ? [conditions.from(inWords(from))] : []),
    ...(notFrom.length > 0 ? [conditions.notFrom(inWords(notFrom))] : []),
  ];
  return networks.join(', ');
}

/** The first thing that a refused path fails at; '' for others. */
export function stopWords(path: Path, all: Paths): string {
  const { stops } = texts;
  const { stop, subject, client, server } = path;
  if (!stop) return '';
  const rule = ruleOf(path.rule, path, all);
  const there = serverWords(server, all);
  switch (stop.at) {
    case 'person':
      return missWords(subject, all);
    case 'until':
      return stops.until(rule?.until ? toExact(rule.until * 1000) : '');
    case 'client':
      return rule?.through
        ? stops.client(inWords(rule.through.map((id) => clientWords(id, all))))
        : stops.noClient(there);
    case 'exchange': {
      const known = all.clients.find(({ id }) => id === client);
      return known?.exchanges === false ? stops.exchange(known.name) : stops.unknown(known?.name ?? '', there);
    }
    case 'server':
      return stops.server(there);
    case 'deny':
      return stop.rule === path.rule ? stops.denies : stops.deny(stop.rule ?? '');
    case 'sign_in':
      return stops.signIn(stop.rule ?? '');
  }
}

function missWords(subject: string, all: Paths): string {
  const { stops } = texts;
  const person = all.person?.name ?? '';
  if (subject.startsWith('user:')) return stops.user;
  const name = subjectWords(subject, all);
  return subject.startsWith('role:') ? stops.role(person, name) : stops.group(person, name);
}

/** Names a path in the address. */
export function keyOf({ subject, rule, client, server, scopes, change }: Path): string {
  return `p:${[subject, rule, client ?? '', server, scopes.join(' '), change].join('|')}`;
}

export function isOpen({ state }: Path): boolean {
  return state !== 'refused';
}

function idOf(subject: string): string {
  return subject.slice(subject.indexOf(':') + 1);
}
