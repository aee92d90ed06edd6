import { reachTexts as texts } from '../../texts/reach.ts';
import { inWords } from '../decisions/line.ts';
import { clientWords, isOpen, type Paths, serverWords } from './path-words.ts';
import type { Question } from './use-question.ts';

/** What is so of a person, or of a client alone, in one sentence: from the paths themselves. */
export function ofPaths(all: Paths, asked: Pick<Question, 'server'>, client: string | undefined): string {
  const { verdicts } = texts;
  const { person, servers, moreServers } = all;
  const inForce = all.paths.filter((path) => isOpen(path) && path.change !== 'gained');
  const count = new Set(inForce.map(({ server }) => server)).size + moreServers;
  if (!person) return verdicts.clientServers(client ?? '', count);
  if (!person.active) return verdicts.off(person.name);
  if (asked.server === '') return verdicts.servers(person.name, count, client);
  const server = servers[0]?.name ?? asked.server;
  if (inForce.length === 0) return verdicts.cannot(person.name, server);
  const scopes = inWords([...new Set(inForce.flatMap((path) => path.scopes))]);
  const isFree = inForce.some(({ state }) => state === 'allowed');
  return (isFree ? verdicts.reaches : verdicts.only)(person.name, scopes, server);
}

/** What else has to be known: stops, and what is not known. */
export function notesOf(all: Paths, asked: Pick<Question, 'server' | 'client'>): readonly string[] {
  const names = {
    person: () => all.person?.name ?? '',
    client: (id: string) => clientWords(id, all),
    server: (id: string) => serverWords(id, all),
  };
  const stops = all.stops.map(({ kind, target, reason }) => texts.isStopped(names[kind](target), reason));
  const isUnknown = all.clients.some(({ id, exchanges }) => id === asked.client && exchanges === null);
  const more = all.more > 0 ? [texts.leftOut(all.more)] : [];
  return [...stops, ...(isUnknown ? [texts.exchangesUnknown(clientWords(asked.client, all))] : []), ...more];
}
