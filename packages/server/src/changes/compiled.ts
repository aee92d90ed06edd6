import { hash } from 'node:crypto';
import type { Origins } from '../in-force.ts';
import type { AccessDocument } from '../policy/access-document.ts';
import { type AccessIndex, compileAccess } from '../policy/compile.ts';
import { type Json, shareEntries } from '../policy/diff/entries.ts';
import type { PolicyVersion } from '../store/store.ts';
import { lastUsed } from './last-used.ts';

/** A text of an access document, read and compiled. Two that are kept at once have the objects in common that say the same. */
export interface ReadText {
  readonly document: Json;
  /** Its index, as this version. */
  readonly as: (version: number) => AccessIndex;
}

interface Kept extends ReadText {
  readonly ras: string;
  readonly compiled: { readonly document: AccessDocument; readonly index: AccessIndex };
}

/** By SHA-256 of the text and RAS: what is in force, and the drafts or the versions that somebody is looking at. */
const kept = lastUsed<Kept>(4);

/**
 * Reads a text, or finds it as it was read: ten thousand rules take a fifth of a second to compile, and somebody who goes from decision to
 * decision, or back and forth in a draft, asks for the same text each time. One that is new is compiled beside the one that was used last,
 * which it has most in common with where it is a draft, or what a draft became by an edit.
 */
export function readText(document: string, origins: Origins): ReadText {
  const digest = hash('sha256', document, 'base64url');
  return keptText(digest, origins) ?? keep(digest, document, origins);
}

/** A text that is kept, by its digest: one that was computed here, or stands in a part of the store that is covered (T24). */
export function keptText(digest: string, { ras }: Origins): ReadText | undefined {
  return kept.get(keyOf(digest, ras));
}

/** The index of a version, by its text. */
export function compiledAccess(
  { version, document }: Pick<PolicyVersion, 'version' | 'document'>,
  origins: Origins,
): AccessIndex {
  return readText(document, origins).as(version);
}

function keep(digest: string, text: string, { ras }: Origins): ReadText {
  const beside = kept.values().findLast((other) => other.ras === ras)?.compiled;
  const parsed = JSON.parse(text) as AccessDocument & Json;
  const document = beside ? (shareEntries(beside.document, parsed) as typeof parsed) : parsed;
  const index = compileAccess(document, { version: 0, localRas: ras, beside });
  const versions = new Map<number, AccessIndex>();
  const as = (version: number) => {
    const known = versions.get(version) ?? { ...index, version, trial: index.trial && { ...index.trial, version } };
    versions.set(version, known);
    return known;
  };
  const made = { document, as, ras, compiled: { document, index } };
  kept.set(keyOf(digest, ras), made);
  return made;
}

function keyOf(digest: string, ras: string): string {
  return `${digest} ${ras}`;
}
