import { type RecentLine, toSaid } from '../store/recent-lines.ts';
import type { SaidFacts } from '../store/store.ts';

/** As {@link RecentLine}; in place of what it says, where that stands. */
type LineTuple = readonly [
  position: number,
  kind: string,
  timeMs: number,
  person: string | null,
  client: string | null,
  server: string | null,
  said: number,
  isPersonal: boolean,
];

/**
 * Lines as one text, for another process of ours: what several of them say alike stands in it once. Sent as objects, each line
 * would be taken apart and put together member by member.
 */
export function toLineText(lines: readonly RecentLine[]): string {
  const places = new Map<SaidFacts, number>();
  const tuples = lines.map((line): LineTuple => {
    const { position, kind, timeMs, person = null, client = null, server = null, isPersonal } = line;
    const place = places.get(line.said) ?? places.size;
    places.set(line.said, place);
    return [position, kind, timeMs, person, client, server, place, isPersonal];
  });
  return JSON.stringify([[...places.keys()], tuples]);
}

/** What {@link toLineText} was given. */
export function fromLineText(text: string): readonly RecentLine[] {
  const [texts, tuples] = JSON.parse(text) as [SaidFacts[], LineTuple[]];
  const facts = texts.map(toSaid);
  return tuples.map(([position, kind, timeMs, person, client, server, place, isPersonal]) => ({
    position,
    kind,
    timeMs,
    person: person ?? undefined,
    client: client ?? undefined,
    server: server ?? undefined,
    said: facts[place] as SaidFacts,
    isPersonal,
  }));
}
