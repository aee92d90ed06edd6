import { entriesOf, type Json } from './entries.ts';

/** Sections that single entries can be put into and taken out of. */
export const editableSections = [
  'servers',
  'clients',
  'audiences',
  'networks',
  'rules',
  'never_together',
  'trust',
] as const;

/** Puts an entry where there is none, or in the place of the one that is there; without a value takes it out. */
export interface Edit {
  readonly section: (typeof editableSections)[number];
  readonly id: string;
  readonly value?: Json | readonly unknown[] | undefined;
}

/** The document with these edits, one after the other. A rule keeps its place; a new one comes last. */
export function applyEdits(document: Json, edits: readonly Edit[]): Json {
  const opened = new Map<string, Map<string, unknown>>();
  for (const { section, id, value } of edits) {
    const entries = opened.get(section) ?? entriesOf(document[section]);
    opened.set(section, entries);
    if (value === undefined) entries.delete(id);
    else entries.set(id, isList(section) ? { ...(value as Json), id } : value);
  }
  const edited: Record<string, unknown> = { ...document };
  for (const [section, entries] of opened) edited[section] = toSection(section, entries);
  return edited;
}

/** Edits that would take out what is not there: whoever sent them has seen another text. */
export function missingEdits(document: Json, edits: readonly Edit[]): readonly Edit[] {
  const named = new Set(edits.map(({ section }) => section));
  const sections = new Map([...named].map((section) => [section, entriesOf(document[section])]));
  return edits.filter(
    ({ section, id, value }, at) =>
      value === undefined &&
      !sections.get(section)?.has(id) &&
      !edits.slice(0, at).some((other) => other.section === section && other.id === id && other.value !== undefined),
  );
}

/** A section in the form that documents have it in. */
export function toSection(section: string, entries: ReadonlyMap<string, unknown>): unknown {
  if (isList(section)) return [...entries.values()];
  if (entries.size === 1 && entries.has('')) return entries.get('');
  return Object.fromEntries(entries);
}

/** Entries of these carry their own names. */
function isList(section: string): boolean {
  return section === 'rules' || section === 'never_together';
}
