import { toAccessIndex } from '../../in-force.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import type { PolicyVersion } from '../../store/store.ts';
import type { AdminServices } from './services.ts';

/** The text of a draft and that in force, for two people at a time. */
const most = 4;

const known = new WeakMap<AdminServices, Map<string, AccessIndex>>();

/**
 * The index of an access document that is not in force, kept for as long as somebody works on it: a replay asks for the same one page
 * after page, and to compile ten thousand rules takes longer than a page. By the digest of the text, which stands for all of it.
 */
export function indexOf(services: AdminServices, version: PolicyVersion): AccessIndex {
  const { idp, ras } = services.installation;
  const mine = known.get(services) ?? new Map<string, AccessIndex>();
  known.set(services, mine);
  const name = `${version.version} ${version.digest}`;
  const index = mine.get(name) ?? toAccessIndex(version, { idp, ras });
  // What was used last stays longest.
  mine.delete(name);
  mine.set(name, index);
  for (const oldest of mine.keys()) {
    if (mine.size <= most) break;
    mine.delete(oldest);
  }
  return index;
}
