import type { AccessIndex } from '../compile.ts';
import { splitSubject } from '../compile-rules.ts';
import type { Effect } from './effects.ts';

/** What people call things. */
export interface Names {
  readonly before: AccessIndex;
  readonly after: AccessIndex;
  /** Display name of a group or role, by subject. */
  readonly subjects: ReadonlyMap<string, string>;
}

/** An effect as a sentence: "12 people in Data gain issues:write on Tracker through Claude Code." */
export function toSentence(effect: Effect, names: Names): string {
  const { sign, people, already, subject, server, scopes } = effect;
  const one = people === 1 || subject.startsWith('user:');
  const verb = { '+': one ? 'gains' : 'gain', '-': one ? 'loses' : 'lose', '~': one ? 'keeps' : 'keep' }[sign];
  const serverName = (names.after.servers.get(server) ?? names.before.servers.get(server))?.name ?? server;
  const conditions = sign === '~' ? ', under other conditions' : '';
  const others = already > 0 ? ` ${already} more ${othersWords(sign, already)}.` : '';
  return `${who(effect, names)} ${verb} ${list(scopes)} on ${serverName} through ${clientsOf(effect, names)}${conditions}.${others}`;
}

/** How many gain and lose, in one line. */
export function toSummary({ gain, lose }: { readonly gain: number; readonly lose: number }): string {
  if (gain + lose === 0) return 'Nobody gains or loses anything.';
  return `${count(gain)} ${gain === 1 ? 'gains' : 'gain'}, ${lose} ${lose === 1 ? 'loses' : 'lose'}.`;
}

function othersWords(sign: Effect['sign'], already: number): string {
  if (sign === '-') return already === 1 ? 'keeps it another way' : 'keep it another way';
  return already === 1 ? 'has it already' : 'have it already';
}

function who({ people, subject }: Effect, { subjects }: Names): string {
  const [kind, id] = splitSubject(subject);
  const name = subjects.get(subject) ?? id;
  if (kind === 'user') return name;
  if (kind === 'everyone') return count(people);
  return `${count(people)} ${kind === 'role' ? 'with the role' : 'in'} ${name}`;
}

function clientsOf({ clients, throughAll }: Effect, { before, after }: Names): string {
  if (throughAll && clients.length > 1) return 'every client';
  const names = clients.map((id) => (after.clients.get(id) ?? before.clients.get(id))?.name ?? id);
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more clients` : list(names);
}

function count(people: number): string {
  return `${people.toLocaleString('en')} ${people === 1 ? 'person' : 'people'}`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
