import type { Risk } from './model.ts';

type Entries = Readonly<Record<string, { readonly risk: Risk }>>;

/** The scopes of a server as its document lists them, each with its risk. */
export function toScopes(entries: Entries): ReadonlyMap<string, Risk> {
  return new Map(Object.entries(entries).map(([name, { risk }]) => [name, risk]));
}

/** What may be granted without being asked for by name: never what can do great harm. */
export function unaskedScopes(entries: Entries): readonly string[] {
  return Object.entries(entries)
    .filter(([, { risk }]) => risk !== 'high')
    .map(([name]) => name);
}
