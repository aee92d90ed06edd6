import { type PolicyVersion, StoreConflict } from '../store/store.ts';
import { proposerOf, standing, toAuthor } from './author.ts';
import { type Diff, diffOf } from './diff.ts';
import { checkBase, type Ground, type PolicyDraft } from './drafts.ts';
import { judge } from './judge.ts';
import { done, type Outcome, refused } from './outcome.ts';
import { settleRequest } from './settle-request.ts';

export interface Published {
  readonly version: number;
  readonly diff: Diff;
  /** Who approved it; `undefined` where whoever wrote it published it. */
  readonly approver: string | undefined;
}

/** Sentences of a diff that stand on the record; the rest can be computed again from the versions. */
const maxSentences = 50;

/**
 * Brings a draft into force as the next version. Where a second person is required and the draft grants more than what is in
 * force, that is whoever has not written a word of it; they name the text that they have seen by its digest, and it is that
 * text or none. What the new version takes away is ended by whoever follows the versions, as after any other change.
 */
export async function publishDraft(ground: Ground, draft: PolicyDraft, digest: string): Promise<Outcome<Published>> {
  const { store, origins, by, now, row } = ground;
  if (digest !== draft.digest) return refused('draft_text_differs', { current: { digest: draft.digest } });
  const behind = await checkBase(ground, draft);
  if (!behind.ok) return behind;
  const judged = judge(draft.kind, JSON.parse(draft.document), origins);
  if (!judged.ok) return judged;
  // The document is what was approved, to the letter: what today's schema would make of it is another text.
  if (judged.value.digest !== digest)
    return refused('draft_text_differs', { detail: 'Save it again: this version reads it differently.' });

  const inForce = await store.policies.latest(draft.kind);
  const diff = await diffOf(store, draft.kind, draft.document, { origins, now });
  const isAuthor = draft.authors.includes(by);
  const proposed = { kind: draft.kind, authors: [proposerOf(draft.authors)] };
  const isVouched = (await standing(store, proposed, draft.changedAt)).length > 0;
  const may = checkSecondPerson(asksSecondPerson(inForce), diff.widens, draft, { isAuthor, isVouched });
  if (!may.ok) return may;

  const approver = isAuthor ? undefined : by;
  const version = draft.base + 1;
  const author = toAuthor({ authors: draft.authors, approver });
  const { gain, lose, widens } = diff;
  const line = row('policy', {
    policy: { kind: draft.kind, version },
    detail: [
      `published draft ${draft.id}, sha256 ${digest}`,
      ...judged.value.loosened.map((words) => `loosened: ${words}`),
    ].join('; '),
    before: { version: draft.base },
    after: {
      version,
      authors: draft.authors,
      ...(approver !== undefined && { approver }),
      gain,
      lose,
      ...(widens.length > 0 && { widens: widens.slice(0, maxSentences) }),
      diff: diff.effects.slice(0, maxSentences).map(({ words }) => words),
    },
  });
  const next: PolicyVersion = { kind: draft.kind, version, document: draft.document, digest, author, publishedAt: now };
  try {
    await store.policies.append(next, [line]);
  } catch (error) {
    if (!(error instanceof StoreConflict)) throw error;
    return refused('draft_behind', { detail: 'Another version was published at the same moment.' });
  }
  // An edit of the last moment stays, as a draft that is behind.
  await store.drafts.remove(draft.id, draft.revision, []);
  await settleRequest(ground, draft.id, next);
  return done({ version, diff, approver });
}

/** Whether the version in force asks for a second person. The newer one does not decide that: it may be what takes it out. */
export function asksSecondPerson(inForce: Pick<PolicyVersion, 'document'> | undefined): boolean {
  return (
    inForce !== undefined && (JSON.parse(inForce.document) as { second_person?: unknown }).second_person === 'required'
  );
}

function checkSecondPerson(
  isAsked: boolean,
  widens: readonly string[],
  { state, authors }: PolicyDraft,
  { isAuthor, isVouched }: { readonly isAuthor: boolean; readonly isVouched: boolean },
): Outcome<void> {
  if (!isAsked || widens.length === 0) return done(undefined);
  const detail = `${widens.slice(0, 5).join('; ')}.`;
  if (isAuthor) return refused('second_person_needed', { detail: `It grants more than what is in force: ${detail}` });
  if (state !== 'proposed')
    return refused('draft_not_proposed', { detail: `Nobody of ${authors.join(', ')} has proposed it.` });
  // Whoever approves may be who had the shell: two hands are two people who sign in, and whose word it still is.
  if (!isVouched) {
    const why = 'may not propose it (any more), or was stopped since';
    return refused('draft_not_proposed', {
      detail: `${proposerOf(authors)} has proposed it and ${why}: somebody has to propose it again.`,
    });
  }
  return done(undefined);
}
