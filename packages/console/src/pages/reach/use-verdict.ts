import { useRead } from '../../data/api.ts';
import { reachTexts as texts } from '../../texts/reach.ts';
import { clientWords, type Paths, serverWords } from './path-words.ts';
import type { Question } from './use-question.ts';
import { ofPaths } from './verdict.ts';

/** What is so, in one sentence. Of a server, how many people; that is counted apart, and may come later. */
export function useVerdict(all: Paths, asked: Question): string {
  const isOfServer = asked.person === '' && asked.server !== '';
  const { data } = useRead('reachOfServer', { params: { id: asked.server } }, { enabled: isOfServer });
  const { verdicts } = texts;
  const client = asked.client === '' ? undefined : clientWords(asked.client, all);
  if (isOfServer) {
    const server = serverWords(asked.server, all);
    if (!data) return server;
    const { clients, scopes } = data.value;
    if (client !== undefined) {
      const { people = 0 } = clients.find((one) => one.client === asked.client) ?? {};
      return verdicts.throughPeople(people, server, client, asked.scope);
    }
    if (asked.scope !== '') {
      return verdicts.scopePeople(scopes.find((one) => one.scope === asked.scope)?.people ?? 0, asked.scope, server);
    }
    return verdicts.serverPeople(data.value.people, server, clients.length);
  }
  return ofPaths(all, asked, client);
}
