import { Name, places } from '../../parts/name.tsx';
import { reachTexts as texts } from '../../texts/reach.ts';
import { clientWords, isOpen, type Paths, serverWords } from './path-words.ts';
import style from './reach.module.css';
import type { Question } from './use-question.ts';

/** Questions beside the one that was asked, and the pages of what it names. */
export function AskNext({ all, asked }: { readonly all: Paths; readonly asked: Question }) {
  return (
    <ul className={style.next}>
      {nextOf(all, asked).map(({ words, to }) => (
        <li key={words}>
          <Name to={to}>{words}</Name>
        </li>
      ))}
    </ul>
  );
}

function nextOf(all: Paths, { person, server, client, scope }: Question) {
  const { asks } = texts;
  const named = { person: all.person?.name ?? '', server: serverWords(server, all), client: clientWords(client, all) };
  const high = all.servers
    .find(({ id }) => id === server)
    ?.scopes.find(({ name, risk }) => risk === 'high' && name !== scope)?.name;
  const reached = all.paths.find(isOpen);
  const found = [
    server !== '' && person !== '' && { words: asks.whoElse(named.server), to: places.reach({ server }) },
    server !== '' &&
      high !== undefined && { words: asks.scope(high, named.server), to: places.reach({ server, scope: high }) },
    server !== '' && { words: asks.unused(named.server), to: places.reach({ server, unused: 'yes' }) },
    person !== '' && server !== '' && { words: asks.whatElse(named.person), to: places.reach({ person }) },
    client !== '' &&
      (person !== '' || server !== '') && { words: asks.where(named.client), to: places.reach({ client }) },
    client === '' &&
      reached?.client !== undefined &&
      reached.client !== null && {
        words: asks.where(clientWords(reached.client, all)),
        to: places.reach({ client: reached.client }),
      },
    person !== '' && { words: asks.show(named.person), to: places.person(person) },
    server !== '' && { words: asks.show(named.server), to: places.server(server) },
    client !== '' && { words: asks.show(named.client), to: places.client(client) },
  ];
  return found.filter((each) => each !== false);
}
