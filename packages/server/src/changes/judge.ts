import { type Origins, toResourceIndex } from '../in-force.ts';
import type { Json } from '../policy/diff/entries.ts';
import { loosenedBy, loosenedClients } from '../policy/loosened.ts';
import { parseDocument } from '../policy/parse.ts';
import { withUpstreams } from '../policy/upstreams.ts';
import { Problem } from '../problem.ts';
import { digestOf } from '../store/drafts.ts';
import type { PolicyKind, PolicyVersion } from '../store/store.ts';
import { compiledAccess } from './compiled.ts';
import { done, type Outcome, refused } from './outcome.ts';

/** A document that could be published as it is. */
export interface Judged {
  /** JSON text. */
  readonly document: string;
  readonly digest: string;
  /** Switches that let in what is refused by default. */
  readonly loosened: readonly string[];
}

/**
 * Whether a document could be published: every mistake at its path, also those that only show once `local` is filled in.
 * @param kept - what it was made from, the nearest first: upstreams that it has in the form in which they are told are these
 */
export function judge(
  kind: PolicyKind,
  raw: unknown,
  origins: Origins,
  kept: readonly (Pick<PolicyVersion, 'document'> | undefined)[] = [],
): Outcome<Judged> {
  const told = kept.flatMap((each) => (kind === 'resource' && each ? [JSON.parse(each.document) as Json] : []));
  const filled = kind === 'resource' ? withUpstreams(raw, told) : { document: raw, mistakes: [] };
  if (filled.mistakes.length > 0) return refused('draft_mistaken', { errors: filled.mistakes.slice(0, 100) });
  const parsed = parseDocument(filled.document, kind);
  if (!parsed.ok) {
    const errors = parsed.findings.map(({ path, message }) => ({ at: path.join('.'), problem: message }));
    return refused('draft_mistaken', { errors: errors.slice(0, 100) });
  }
  const document = JSON.stringify(parsed.document);
  const digest = digestOf(document);
  const version = { kind, version: 0, document, digest, author: '', publishedAt: 0 };
  try {
    const loosened =
      kind === 'access'
        ? loosenedClients(compiledAccess(version, origins))
        : loosenedBy(toResourceIndex(version, origins));
    return done({ document, digest, loosened });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return refused('draft_mistaken', { errors: [{ at: '', problem: `${error.message} ${error.wayOut}` }] });
  }
}
