import { toSection } from './edits.ts';
import { changedEntries, type EntryChange, entriesOf, type Json } from './entries.ts';
import { isSame } from './same.ts';

/** An entry that both sides have changed, each in another way. */
export interface Conflict {
  readonly section: string;
  readonly id: string;
  readonly mine: unknown;
  readonly theirs: unknown;
}

export interface Merged {
  readonly document: Json;
  /** Empty when each entry was changed by one side only; otherwise the document has the side that was preferred. */
  readonly conflicts: readonly Conflict[];
}

/**
 * Carries what a draft changes over to a newer version, entry by entry. Never mixes two versions of one entry: half a rule of
 * one person and half of another is a rule that neither wrote.
 * @param prefer - whose entry stands where both have changed it
 */
export function merge(base: Json, mine: Json, theirs: Json, prefer: 'mine' | 'theirs' = 'theirs'): Merged {
  const changedThere = new Map(changedEntries(base, theirs).map((change) => [nameOf(change), change]));
  const conflicts: Conflict[] = [];
  // Each section is taken apart and put together once: it may have ten thousand entries, and all of them another.
  const opened = new Map<string, Map<string, unknown>>();
  for (const change of changedEntries(base, mine)) {
    const { section, id, after } = change;
    const there = changedThere.get(nameOf(change));
    const isConflict = there !== undefined && !isSame(there.after, after);
    if (isConflict) conflicts.push({ section, id, mine: after, theirs: there.after });
    if (isConflict && prefer === 'theirs') continue;
    const entries = opened.get(section) ?? entriesOf(theirs[section]);
    opened.set(section, entries);
    if (after === undefined) entries.delete(id);
    else entries.set(id, after);
  }
  let document = theirs;
  for (const [section, entries] of opened) document = withSection(document, section, entries);
  return { document, conflicts };
}

function withSection(document: Json, section: string, entries: ReadonlyMap<string, unknown>): Json {
  const { [section]: _, ...rest } = document;
  const isGone = entries.size === 0 && !Array.isArray(document[section]) && typeof document[section] !== 'object';
  return isGone ? rest : { ...document, [section]: toSection(section, entries) };
}

function nameOf({ section, id }: EntryChange): string {
  return JSON.stringify([section, id]);
}
