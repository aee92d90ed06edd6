import type { DetailType } from './details.ts';
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

/** Types of authorization details as the document lists them. */
export function toDetailTypes(
  entries: Readonly<
    Record<string, { readonly scope: string; readonly members: Readonly<Record<string, 'text' | 'list' | string[]>> }>
  >,
): ReadonlyMap<string, DetailType> {
  return new Map(
    Object.entries(entries).map(([type, { scope, members }]) => {
      const known = Object.entries(members).map(
        ([name, member]) => [name, typeof member === 'string' ? member : new Set(member)] as const,
      );
      return [type, { scope, members: new Map(known) }];
    }),
  );
}
