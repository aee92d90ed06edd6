import { questionTexts as texts } from '../texts/shell.ts';

/** A question, and what it names. */
export interface FoundQuestion {
  readonly title: string;
  readonly asked: Readonly<Partial<Record<'person' | 'client' | 'server' | 'scope', string>>>;
}

interface Thing {
  readonly id: string;
  readonly name: string;
}

/** What questions can be about. */
export interface Askable {
  readonly people: readonly Thing[];
  readonly servers: readonly (Thing & { readonly scopes: readonly { readonly name: string }[] })[];
  readonly clients: readonly Thing[];
}

/** Words that make a question of a name, and name nothing. */
const idle = new Set(
  'how can could may might does do is who what where why which reach reaches reached access use uses go goes to on at the a an through with via by in and of anybody anyone'.split(
    ' ',
  ),
);
const most = 4;

/** The words of a text that may name something. */
export function namingWords(text: string): readonly string[] {
  const words = text
    .toLowerCase()
    .split(/[^\p{L}\p{N}@._-]+/u)
    .map((word) => word.replace(/^[._-]+|[._-]+$/g, ''));
  return words.filter((word) => word.length > 1 && !idle.has(word));
}

/** The first word that names neither a server, nor one of its scopes, nor a client: a person, then. */
export function personWord(text: string, { servers, clients }: Omit<Askable, 'people'>): string | undefined {
  const things = [...servers, ...clients];
  return namingWords(text).find((word) => !things.some((thing) => namesIt(word, thing.name, thing.id)));
}

/** Questions about reach that a text may mean: of a person and a server, of a server and a scope, of any of them alone. */
export function findQuestions(text: string, { people, servers, clients }: Askable): FoundQuestion[] {
  const words = namingWords(text);
  const [server, otherServer] = named(words, servers);
  const [client] = named(words, clients);
  const meant = [server, otherServer].filter((each) => each !== undefined);
  const questions: FoundQuestion[] = meant.flatMap((one) =>
    people.slice(0, 2).map((person) => ({
      title: texts.how(person.name, one.name),
      asked: { person: person.id, server: one.id },
    })),
  );
  for (const one of meant) {
    const scopes = one.scopes.filter(({ name }) =>
      words.some((word) => namesIt(word, name) && !namesIt(word, one.name, one.id)),
    );
    for (const { name } of scopes.slice(0, 2)) {
      questions.push({ title: texts.whoScope(name, one.name), asked: { server: one.id, scope: name } });
    }
    questions.push({ title: texts.who(one.name), asked: { server: one.id } });
  }
  if (client) questions.push({ title: texts.where(client.name), asked: { client: client.id } });
  for (const { id, name } of people.slice(0, 2)) questions.push({ title: texts.what(name), asked: { person: id } });
  return questions.slice(0, most);
}

/** Those that the words name, by how many of them do. */
function named<T extends Thing>(words: readonly string[], things: readonly T[]): readonly T[] {
  const counted = things.map((thing) => ({
    thing,
    count: words.filter((word) => namesIt(word, thing.name, thing.id)).length,
  }));
  return counted
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .map(({ thing }) => thing);
}

/** Whether the word begins a word of a name. */
function namesIt(word: string, ...names: readonly string[]): boolean {
  return names.some((name) => {
    const whole = name.toLowerCase();
    return whole.startsWith(word) || whole.split(/[^\p{L}\p{N}]+/u).some((part) => part.startsWith(word));
  });
}
