/** Servers that stand together in the matrix. */
export interface Area {
  readonly id: string;
  readonly name: string;
}

/** An area of the alphabet has no fewer. */
const fewest = 12;

/**
 * The area of each server. Documents have no word for it, but ids of many servers begin with one: `work-tracker` and `work-wiki` are
 * in `work`. Servers whose first word nobody shares come last: together, or by the alphabet where they are many.
 */
export function areasOf(servers: Iterable<{ readonly id: string; readonly name: string }>): ReadonlyMap<string, Area> {
  const all = [...servers];
  const areas = new Map<string, Area>();
  for (const [word, some] of Map.groupBy(all, ({ id }) => firstWord(id))) {
    if (word === undefined || some.length === 1) continue;
    for (const { id } of some) areas.set(id, { id: word, name: capital(word) });
  }
  for (const [id, area] of byAlphabet(all.filter(({ id }) => !areas.has(id)))) areas.set(id, area);
  return areas;
}

/** In the order of their areas, and within one in the order they came. */
export function inAreas<S extends { readonly id: string }>(
  servers: readonly S[],
  areas: ReadonlyMap<string, Area>,
): readonly S[] {
  // `~` comes behind all letters: what has no area of its own is last.
  const byArea = Map.groupBy(servers, ({ id }) => areas.get(id)?.id ?? '~');
  return [...byArea.keys()].sort().flatMap((area) => byArea.get(area) ?? []);
}

function firstWord(id: string): string | undefined {
  return /^([a-z0-9]+)[-_.]./i.exec(id)?.[1]?.toLowerCase();
}

/** Letter by letter, until there are enough for an area. */
function byAlphabet(servers: readonly { readonly id: string; readonly name: string }[]): ReadonlyMap<string, Area> {
  if (servers.length < 2 * fewest) return new Map(servers.map(({ id }) => [id, { id: '~', name: 'Others' }]));
  const byLetter = Map.groupBy(servers, ({ name }) => name.slice(0, 1).toLowerCase());
  const areas = new Map<string, Area>();
  let open: string[] = [];
  let some: string[] = [];
  const close = () => {
    const [from = '', to = from] = [open[0], open.at(-1)];
    const name = from === to ? capital(from) : `${capital(from)}–${capital(to)}`;
    for (const id of some) areas.set(id, { id: `~${from}`, name });
    [open, some] = [[], []];
  };
  for (const letter of [...byLetter.keys()].sort()) {
    open.push(letter);
    some.push(...(byLetter.get(letter) ?? []).map(({ id }) => id));
    if (some.length >= fewest) close();
  }
  close();
  return areas;
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
