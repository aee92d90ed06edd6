import { randomBytes } from 'node:crypto';
import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Facts, RecordKind } from '../audit/record.ts';
import type { Origins } from '../in-force.ts';
import { applyEdits, type Edit, missingEdits } from '../policy/diff/edits.ts';
import type { Json } from '../policy/diff/entries.ts';
import { type Conflict, merge } from '../policy/diff/merge.ts';
import { withoutUpstream, withoutUpstreams } from '../policy/upstreams.ts';
import type { Draft } from '../store/drafts.ts';
import type { AuditRow, PolicyKind, Store } from '../store/store.ts';
import { standing, withProposer } from './author.ts';
import { judge } from './judge.ts';
import { done, type Outcome, refused } from './outcome.ts';
import { settleRequest } from './settle-request.ts';

/** What the steps of a change work with. */
export interface Ground {
  readonly store: Store;
  readonly origins: Origins;
  readonly now: EpochSeconds;
  /** Who does it: the id of a person, also where a program does it in their name; `cli:<user>` at the machine itself. */
  readonly by: string;
  /** A line of the record that tells of it. */
  readonly row: (kind: RecordKind, facts: Facts) => AuditRow;
}

/** A draft of a policy document. */
export type PolicyDraft = Draft & { readonly kind: PolicyKind };

/** There are never more at once: each is a document, and somebody has to look at it. */
export const maxDrafts = 100;

/**
 * Begins a draft of the version in force, of an older one (that is how a version is rolled back), or of a document that was
 * written elsewhere.
 */
export async function beginDraft(
  ground: Ground,
  given: {
    readonly kind: PolicyKind;
    readonly name: string;
    readonly version?: number | undefined;
    readonly document?: unknown;
    /** Instead of a document: what is made of the text that it begins with. */
    readonly change?: (document: Json) => Outcome<Json>;
    /** The version that has to be in force: whoever made the change has seen no other. */
    readonly base?: number | undefined;
    /** Who has a hand in it besides whoever begins it. */
    readonly also?: readonly string[];
  },
): Promise<Outcome<PolicyDraft>> {
  const { store, by, now, row } = ground;
  const { kind, name, version } = given;
  if ((await store.drafts.list()).length >= maxDrafts) {
    return refused('api_conflict', { detail: `There are ${maxDrafts} drafts; discard those that nobody needs.` });
  }
  const latest = await store.policies.latest(kind);
  const base = latest?.version ?? 0;
  if (given.base !== undefined && given.base !== base) {
    const detail = `Version ${base} is in force by now, not ${given.base}. Look at it, and make the change again.`;
    return refused('api_conflict', { detail });
  }
  const from = version === undefined ? latest : await store.policies.read(kind, version);
  if (version !== undefined && !from) return refused('api_not_found', { detail: `There is no version ${version}.` });
  const begun = (given.document ?? JSON.parse(from?.document ?? '{}')) as Json;
  const changed = given.change ? given.change(begun) : done(begun);
  if (!changed.ok) return changed;
  const judged = judge(kind, changed.value, ground.origins, [latest]);
  if (!judged.ok) return judged;
  const { document, digest } = judged.value;
  const times = { createdAt: now, changedAt: now };
  const id = newDraftId();
  const draft = {
    id,
    kind,
    name,
    base,
    document,
    digest,
    revision: 1,
    state: 'open',
    authors: [...(given.also ?? []).filter((other) => other !== by), by],
    ...times,
  } as const;
  const origin = version === undefined ? '' : `, with the text of version ${version}`;
  await store.drafts.add(draft, [row('policy', factsOf(draft, `draft ${id} begun on version ${base}${origin}`))]);
  return done(draft);
}

/** Replaces the document, or edits single entries of it. What was proposed is open again: what was not seen is not approved. */
export async function editDraft(
  ground: Ground,
  draft: PolicyDraft,
  change: { readonly document: unknown } | { readonly edits: readonly Edit[] },
): Promise<Outcome<PolicyDraft>> {
  const edited = 'edits' in change ? withEdits(JSON.parse(draft.document), change.edits) : done(change.document);
  if (!edited.ok) return edited;
  const latest = await ground.store.policies.latest(draft.kind);
  const judged = judge(draft.kind, edited.value, ground.origins, [draft, latest]);
  if (!judged.ok) return judged;
  return keep(ground, draft, { ...judged.value, state: 'open', authors: withAuthor(draft, ground.by) }, 'edited');
}

/** A text with entries put in and taken out; refused where one is to be taken out that is not there. */
export function withEdits(document: Json, edits: readonly Edit[]): Outcome<Json> {
  const [missing] = missingEdits(document, edits);
  if (!missing) return done(applyEdits(document, edits));
  return refused('draft_mistaken', {
    errors: [{ at: `${missing.section}.${missing.id}`, problem: 'is not in this draft' }],
  });
}

/**
 * Asks for approval of exactly this text. Only whoever wrote some of it does; of what was written at the machine alone, or by people
 * who are out or stopped, whoever takes it over by that, and is one of its authors from then on. The last author is who vouches for it.
 */
export async function proposeDraft(ground: Ground, draft: PolicyDraft): Promise<Outcome<PolicyDraft>> {
  const { store, by, now } = ground;
  if (!draft.authors.includes(by) && (await standing(store, draft, now)).length > 0) {
    return refused('api_conflict', { detail: 'Whoever wrote it proposes it. Edit it to become one of them.' });
  }
  const behind = await checkBase(ground, draft);
  if (!behind.ok) return behind;
  return keep(ground, draft, { ...draft, state: 'proposed', authors: withProposer(draft.authors, by) }, 'proposed');
}

/** Moves a draft onto the version in force, when another was published since it was begun. */
export async function rebaseDraft(
  ground: Ground,
  draft: PolicyDraft,
  prefer: 'mine' | 'theirs' | undefined,
): Promise<Outcome<PolicyDraft>> {
  const { kind, base } = draft;
  const latest = await ground.store.policies.latest(kind);
  const begun = base === 0 ? undefined : await ground.store.policies.read(kind, base);
  const [from, mine, theirs] = [begun, draft, latest].map((each) => JSON.parse(each?.document ?? '{}') as Json);
  const { document, conflicts } = merge(from ?? {}, mine ?? {}, theirs ?? {}, prefer);
  if (conflicts.length > 0 && prefer === undefined)
    return refused('draft_conflict', { current: toConflicts(conflicts) });
  const judged = judge(kind, document, ground.origins);
  if (!judged.ok) return judged;
  const moved = { ...judged.value, base: latest?.version ?? 0, authors: withAuthor(draft, ground.by) };
  return keep(ground, draft, { ...moved, state: 'open' }, `moved from version ${base} to version ${moved.base}`);
}

export async function discardDraft(ground: Ground, draft: Draft): Promise<Outcome<undefined>> {
  const { store, row } = ground;
  const line = row(draft.kind === 'access' || draft.kind === 'resource' ? 'policy' : 'admin', {
    detail: `draft ${draft.id} discarded`,
    before: { digest: draft.digest },
  });
  const isGone = await store.drafts.remove(draft.id, draft.revision, [line]);
  if (!isGone) return refused('api_version_differs');
  await settleRequest(ground, draft.id, undefined);
  return done(undefined);
}

/** Whether the draft still stands on the version in force; if not, the caller is told both. */
export async function checkBase({ store }: Ground, { kind, base }: PolicyDraft): Promise<Outcome<void>> {
  const latest = await store.policies.latest(kind);
  const version = latest?.version ?? 0;
  if (version === base) return done(undefined);
  const detail = `It was begun on version ${base}; version ${version} is in force.`;
  return refused('draft_behind', { detail, current: { base, inForce: version, author: latest?.author } });
}

async function keep(
  { store, now, row }: Ground,
  draft: PolicyDraft,
  change: Pick<Draft, 'document' | 'digest' | 'state' | 'authors'> & { readonly base?: number },
  what: string,
): Promise<Outcome<PolicyDraft>> {
  const { document, digest, state, authors, base = draft.base } = change;
  const kept = { ...draft, document, digest, state, authors, base, revision: draft.revision + 1, changedAt: now };
  const facts = factsOf(kept, `draft ${draft.id} ${what}`, draft.digest);
  if (await store.drafts.save(kept, [row('policy', facts)])) return done(kept);
  const current = await store.drafts.find(draft.id);
  return refused('api_version_differs', current && { current: toConflict(current) });
}

/** What somebody hears who was not the first: the text as it is now, to compare with their own. */
export function toConflict({ revision, digest, authors, changedAt, document }: Draft) {
  return { revision, digest, authors, changedAt, document: withoutUpstreams(JSON.parse(document)) };
}

function toConflicts(conflicts: readonly Conflict[]) {
  const orNull = (value: unknown) => withoutUpstream(value) ?? null;
  return {
    conflicts: conflicts.map(({ section, id, mine, theirs }) => ({
      section,
      id,
      mine: orNull(mine),
      theirs: orNull(theirs),
    })),
  };
}

function factsOf({ kind, base, digest, authors, revision }: PolicyDraft, detail: string, before?: string): Facts {
  return {
    policy: { kind, version: base },
    detail,
    ...(before !== undefined && { before: { digest: before } }),
    after: { digest, revision, authors },
  };
}

function withAuthor({ authors }: Draft, by: string): readonly string[] {
  return authors.includes(by) ? authors : [...authors, by];
}

export function newDraftId(): string {
  return `dr_${randomBytes(9).toString('base64url')}`;
}
