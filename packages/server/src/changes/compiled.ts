import { hash } from 'node:crypto';
import { type Origins, toAccessIndex } from '../in-force.ts';
import type { AccessIndex } from '../policy/compile.ts';
import type { PolicyVersion } from '../store/store.ts';

/** Texts whose indexes are kept: what is in force, and the version or the draft that somebody is looking at. */
const mostKept = 4;

/** By version, RAS and SHA-256 of the text, the one used last at the end. */
const kept = new Map<string, AccessIndex>();

/**
 * {@link toAccessIndex} for those who read: ten thousand rules take a fifth of a second to compile, and somebody who goes from
 * decision to decision, or back and forth in a draft, asks for the same text each time. Known again by the text itself, never by a
 * digest that stands beside it in the store.
 */
export function compiledAccess(
  { version, document }: Pick<PolicyVersion, 'version' | 'document'>,
  origins: Origins,
): AccessIndex {
  const key = `${version} ${origins.ras} ${hash('sha256', document, 'base64url')}`;
  const index =
    kept.get(key) ??
    toAccessIndex({ kind: 'access', version, document, digest: '', author: '', publishedAt: 0 }, origins);
  kept.delete(key);
  kept.set(key, index);
  for (const oldest of kept.keys()) {
    if (kept.size <= mostKept) break;
    kept.delete(oldest);
  }
  return index;
}
