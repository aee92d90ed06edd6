import { pages } from '../pages/pages.ts';
import { keyTexts } from '../texts/shell.ts';
import type { KeyActions } from './keys.ts';

/** One line of the palette: it leads somewhere, or does something. */
export interface Found {
  readonly title: string;
  readonly remark?: string;
  readonly to: string;
  readonly run?: () => void;
}

/** Whether every word of the text begins a word in one of these. */
export function matches(text: string, ...names: readonly string[]): boolean {
  const words = names.flatMap((name) => [name.toLowerCase(), ...name.toLowerCase().split(/[^\p{L}\p{N}]+/u)]);
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((part) => words.some((word) => word.startsWith(part)));
}

/** The id of a record in what was pasted: by itself, or at the end of an address. */
export function idIn(text: string): string | undefined {
  const last =
    text
      .split(/[/?#\s]/)
      .filter(Boolean)
      .at(-1) ?? '';
  return /^[a-z]_[\w-]{8,}$/.test(last) || /^[\w-]{20,64}$/.test(last) ? last : undefined;
}

export function findPages(text: string, permissions: readonly string[]): Found[] {
  return pages
    .filter(
      ({ path, permission }) => !path.includes('$') && (permission === undefined || permissions.includes(permission)),
    )
    .filter(({ title, group }) => (text === '' ? group !== undefined : matches(text, title)))
    .map(({ title, path, key }) => ({ title, to: path, ...(key && { remark: `g ${key}` }) }));
}

export function findActions(text: string, { help }: KeyActions): Found[] {
  const all: Found[] = [{ title: keyTexts.title, remark: '?', to: '', run: help }];
  return text === '' ? [] : all.filter(({ title }) => matches(text, title));
}
