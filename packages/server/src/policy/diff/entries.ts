import { isSame } from './same.ts';

/** A document as JSON: sections of entries by name, rules by id, and single words. */
export type Json = Readonly<Record<string, unknown>>;

/** One entry that is not what it was; both sides as the documents have them, `undefined` = not there. */
export interface EntryChange {
  /** `servers`, `rules`, `trust`, ...; of a single word its own name. */
  readonly section: string;
  /** Name of the entry in its section; '' of a single word. */
  readonly id: string;
  readonly before: unknown;
  readonly after: unknown;
  /** Keys of the entry that differ, where both sides have it. */
  readonly keys: readonly string[];
}

/** What two documents of a kind differ in, entry by entry, in the order of the newer one; what is gone comes last. */
export function changedEntries(before: Json, after: Json): readonly EntryChange[] {
  const sections = new Set([...Object.keys(after), ...Object.keys(before)]);
  return [...sections].flatMap((section) => {
    const [old, now] = [entriesOf(before[section]), entriesOf(after[section])];
    const ids = new Set([...now.keys(), ...old.keys()]);
    return [...ids].flatMap((id) => {
      const [one, other] = [old.get(id), now.get(id)];
      if (isSame(one, other)) return [];
      return [{ section, id, before: one, after: other, keys: changedKeys(one, other) }];
    });
  });
}

/** Entries of a section by name: of a list by their `id`, of a single word under the empty name. */
export function entriesOf(section: unknown): Map<string, unknown> {
  if (Array.isArray(section)) return new Map(section.map((entry) => [idOf(entry), entry]));
  if (typeof section === 'object' && section !== null) return new Map(Object.entries(section));
  return section === undefined ? new Map() : new Map([['', section]]);
}

function idOf(entry: unknown): string {
  return String((entry as { id?: unknown })?.id);
}

function changedKeys(before: unknown, after: unknown): readonly string[] {
  if (!isEntry(before) || !isEntry(after)) return [];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !isSame(before[key], after[key]));
}

/** A mapping, as opposed to a list or a word. */
export function isEntry(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A document in which every section and entry that says to the letter what it says in another is that one: what is the same object needs not be
 * compared again, nor compiled ({@link compileAccess}).
 */
export function shareEntries(other: Json, document: Json): Json {
  return Object.fromEntries(
    Object.entries(document).map(([section, value]) => [section, shareSection(other[section], value)]),
  );
}

function shareSection(other: unknown, value: unknown): unknown {
  if (Array.isArray(other) && Array.isArray(value)) {
    const others = entriesOf(other);
    const shared = value.map((entry) => shareText(others.get(idOf(entry)), entry));
    return isSameList(shared, other) ? other : shared;
  }
  if (!isEntry(other) || !isEntry(value)) return shareText(other, value);
  const shared = Object.entries(value).map(([id, entry]) => [id, shareText(other[id], entry)]);
  return isSameList(shared.flat(), Object.entries(other).flat()) ? other : Object.fromEntries(shared);
}

function shareText(other: unknown, value: unknown): unknown {
  return JSON.stringify(other) === JSON.stringify(value) ? other : value;
}

function isSameList(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((each, at) => each === others[at]);
}
