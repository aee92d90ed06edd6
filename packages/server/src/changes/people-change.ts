import type { AccessIndex } from '../policy/compile.ts';
import { grantingServers, restrictingServers } from '../policy/grants.ts';
import { togetherRulesOf } from '../policy/together.ts';
import type { AdminRole } from '../store/administrators.ts';
import type { GroupKind } from '../store/directory.ts';
import { type Draft, digestOf } from '../store/drafts.ts';
import type { Store } from '../store/store.ts';
import { type Ground, maxDrafts, newDraftId } from './drafts.ts';
import { done, type Outcome, refused } from './outcome.ts';

/** People who are to join and leave a local group or role. */
export interface MembersChange {
  readonly kind: GroupKind;
  readonly id: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** Somebody who is to administer, or to do so with another role. */
export interface RoleChange {
  readonly person: string;
  readonly role: AdminRole;
}

export type PeopleDraft = Draft & { readonly kind: 'members' | 'administrator' };

/** Why a change of members grants somebody more; empty where it does not. */
export function membershipWidens(
  index: AccessIndex | undefined,
  { kind, id, add, remove }: MembersChange,
): readonly string[] {
  if (!index) return [];
  const subject = `${kind}:${id}`;
  const granting = add.length > 0 ? [...grantingServers(index, subject)] : [];
  const restricting = remove.length > 0 ? [...restrictingServers(index, subject)] : [];
  const apart = remove.length > 0 ? togetherRulesOf(index, subject) : [];
  return [
    ...(granting.length > 0 ? [`rules allow ${subject} something at ${granting.join(', ')}`] : []),
    ...(restricting.length > 0
      ? [`rules deny ${subject} something, or ask more of it, at ${restricting.join(', ')}`]
      : []),
    ...(apart.length > 0 ? [`${apart.join(', ')} keeps apart what ${subject} may have`] : []),
  ];
}

/** Who joins and leaves by a change: nobody who is in it already, or is not. Good for as long as the group has this version. */
export async function movesOf(
  { directory }: Pick<Store, 'directory'>,
  { kind, id, add, remove }: MembersChange,
): Promise<{ readonly joined: readonly string[]; readonly left: readonly string[] }> {
  const there = await directory.groups.among(kind, id, [...add, ...remove]);
  return {
    joined: add.filter((person) => !there.has(person)),
    left: remove.filter((person) => there.has(person) && !add.includes(person)),
  };
}

/** How a line of the record says it. */
export function toMoves({ joined, left }: Awaited<ReturnType<typeof movesOf>>) {
  return { ...(joined.length > 0 && { joined }), ...(left.length > 0 && { left }) };
}

/** Asks a second person to approve a change of people. From then on it says this and nothing else; to change it, ask anew. */
export async function proposePeopleChange(
  ground: Ground,
  kind: PeopleDraft['kind'],
  name: string,
  change: MembersChange | RoleChange,
): Promise<Outcome<PeopleDraft>> {
  const { store, by, now, row } = ground;
  if ((await store.drafts.list()).length >= maxDrafts) {
    return refused('api_conflict', { detail: `${maxDrafts} changes wait; decide on some, or discard them.` });
  }
  const document = JSON.stringify(change);
  const times = { createdAt: now, changedAt: now };
  const draft: PeopleDraft = {
    id: newDraftId(),
    kind,
    name,
    base: 0,
    document,
    digest: digestOf(document),
    revision: 1,
    state: 'proposed',
    authors: [by],
    ...times,
  };
  const detail = `change ${draft.id} of ${kind === 'members' ? 'members' : 'an administrator'} waits for approval`;
  await store.drafts.add(draft, [row('admin', { detail, after: { digest: draft.digest, ...change } })]);
  return done(draft);
}

/** Whether this person may approve it: never who asked for it, never who gains by it. */
export function checkApprover(draft: PeopleDraft, by: string, digest: string): Outcome<void> {
  if (digest !== draft.digest) return refused('draft_text_differs', { current: { digest: draft.digest } });
  if (draft.authors.includes(by)) return refused('second_person_needed');
  const concerned =
    draft.kind === 'members' ? [...readMembers(draft).add, ...readMembers(draft).remove] : [readRole(draft).person];
  return concerned.includes(by) ? refused('admin_own_access') : done(undefined);
}

export function readMembers({ document }: Draft): MembersChange {
  return JSON.parse(document) as MembersChange;
}

export function readRole({ document }: Draft): RoleChange {
  return JSON.parse(document) as RoleChange;
}
