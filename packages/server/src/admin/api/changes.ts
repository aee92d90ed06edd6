import { z } from 'zod';
import { standing, takes } from '../../changes/author.ts';
import { discardDraft } from '../../changes/drafts.ts';
import {
  checkApprover,
  type MembersChange,
  membershipWidens,
  movesOf,
  type PeopleDraft,
  proposePeopleChange,
  readMembers,
  readRole,
  toMoves,
} from '../../changes/people-change.ts';
import { untilWritten } from '../../directory/until-written.ts';
import type { AdminRole } from '../../store/administrators.ts';
import { changeName } from './draft-shape.ts';
import { toGround } from './drafts.ts';
import { roleSchema } from './me.ts';
import { type ApiCall, answer, type Outcome, type Route, refuse, route } from './route.ts';
import type { AdminServices } from './services.ts';

const ids = z.array(z.string().max(256)).max(100).default([]);
const kind = z.enum(['group', 'role']);

const Change = z.object({
  id: z.string(),
  name: z.string(),
  digest: z.string().describe('Of what would be done: what is approved is that or nothing.'),
  author: z.string().describe('Id of the person who asks for it; somebody else approves.'),
  createdAt: z.int(),
  members: z.object({ kind, id: z.string(), add: z.array(z.string()), remove: z.array(z.string()) }).nullable(),
  administrator: z.object({ person: z.string(), role: roleSchema }).nullable(),
  widens: z.array(z.string()).describe('What it gives, by the policy in force.'),
});

const params = z.strictObject({ id: z.string().max(64) });

/** Changes of people that wait for a second person: who is in what, and who administers. */
export const changeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/changes',
    id: 'listChanges',
    summary: 'Changes of people that wait for approval, the oldest first',
    permission: 'read:groups',
    answer: z.object({ items: z.array(Change) }),
    handle: async ({ by }, services) => {
      const items = [];
      for (const { id, kind: of } of await services.store.drafts.list()) {
        if (of === 'administrator' && !by.permissions.has('read:administrators')) continue;
        const found = await findChange(services, id);
        if (found) items.push(toShape(found, services));
      }
      return answer({ items });
    },
  }),
  route({
    method: 'POST',
    path: '/changes/members',
    id: 'proposeMembers',
    summary: 'Ask a second person to approve who joins and leaves a local group or role',
    permission: 'write:groups',
    fresh: true,
    body: z.strictObject({ name: changeName, kind, id: z.string().max(300), add: ids, remove: ids }),
    status: 201,
    answer: Change,
    handle: async (call, services) => {
      const { name, kind: of, id, add, remove } = call.body;
      const group = await services.store.directory.groups.find(of, id);
      if (!group) return refuse('api_value_invalid', `There is no ${of} ${id}.`);
      if (group.source !== 'local') return refuse('api_other_source', `It belongs to ${group.source}.`);
      const known = await Promise.all(add.map((person) => services.store.people.find(person)));
      if (known.includes(undefined)) return refuse('api_value_invalid', 'Somebody who is to join is not there.');
      const change = { kind: of, id, add, remove };
      const proposed = await proposePeopleChange(toGround(call, services), 'members', name, change);
      return proposed.ok ? answer(toShape(proposed.value, services)) : proposed;
    },
  }),
  route({
    method: 'POST',
    path: '/changes/administrators',
    id: 'proposeRole',
    summary: 'Ask a second person to approve that somebody administers, or does so with another role',
    permission: 'write:administrators',
    fresh: true,
    body: z.strictObject({ name: changeName, person: z.string().max(256), role: roleSchema }),
    status: 201,
    answer: Change,
    handle: async (call, services) => {
      const { name, person, role } = call.body;
      if (!(await services.store.people.find(person))) return refuse('api_value_invalid', 'There is no such person.');
      const change = { person, role: role as AdminRole };
      const proposed = await proposePeopleChange(toGround(call, services), 'administrator', name, change);
      return proposed.ok ? answer(toShape(proposed.value, services)) : proposed;
    },
  }),
  route({
    method: 'POST',
    path: '/changes/{id}/approve',
    id: 'approveChange',
    summary: 'Approve a change of people that somebody else has asked for: it is done then',
    permission: 'approve',
    fresh: true,
    params,
    body: z.strictObject({ digest: z.string().length(43).describe('Of what was looked at: that or nothing.') }),
    handle: async (call, services) => {
      const found = await findAllowed(call, services);
      if (!found.ok) return found;
      const draft = found.value;
      const may = checkApprover(draft, call.by.person.id, call.body.digest);
      if (!may.ok) return may;
      if ((await standing(services.store, draft, draft.createdAt)).length === 0) {
        return refuse(
          'draft_not_proposed',
          'Whoever asked for it may not any more, or was stopped since: discard it, and ask anew.',
        );
      }
      // Taken out first, and that is what counts: of two who approve, or one who discards it meanwhile, one is the first.
      if (!(await services.store.drafts.remove(draft.id, draft.revision, []))) return refuse('api_not_found');
      return (draft.kind === 'members' ? changeMembers : grantRole)(draft, call, services);
    },
  }),
  route({
    method: 'DELETE',
    path: '/changes/{id}',
    id: 'discardChange',
    summary: 'Discard a change of people that waits',
    permission: 'write:groups',
    params,
    handle: async (call, services) => {
      const found = await findAllowed(call, services);
      return found.ok ? discardDraft(toGround(call, services), found.value) : found;
    },
  }),
];

type Call = Pick<ApiCall<{ readonly id: string }, unknown, unknown>, 'params' | 'by' | 'now' | 'nowMs' | 'row'>;

async function findChange({ store }: AdminServices, id: string): Promise<PeopleDraft | undefined> {
  const draft = await store.drafts.find(id);
  return draft && (draft.kind === 'members' || draft.kind === 'administrator') ? (draft as PeopleDraft) : undefined;
}

/** A change that the caller could make, were nobody else asked. */
async function findAllowed({ params: { id }, by }: Call, services: AdminServices): Promise<Outcome<PeopleDraft>> {
  const draft = await findChange(services, id);
  if (!draft) return refuse('api_not_found');
  if (by.permissions.has(takes[draft.kind])) return answer(draft);
  return refuse(by.by.kind === 'token' ? 'admin_scope_lacks' : 'admin_role_lacks');
}

async function changeMembers(draft: PeopleDraft, call: Call, { store }: AdminServices): Promise<Outcome<undefined>> {
  const { kind: of, id, add, remove } = readMembers(draft);
  return untilWritten('group', async () => {
    const group = await store.directory.groups.find(of, id);
    if (group?.source !== 'local') return refuse('api_conflict', `There is no local ${of} ${id} any more.`);
    const known = await Promise.all(add.map((person) => store.people.find(person)));
    const there = add.filter((_, at) => known[at] !== undefined);
    const moves = await movesOf(store, { kind: of, id, add: there, remove });
    const line = call.row('admin', {
      group: id,
      ...toMoves(moves),
      ...approvalOf(draft, call),
      detail: `members of ${of} changed, change ${draft.id}`,
    });
    const changed = { ...group, modifiedMs: call.nowMs };
    const isDone = await store.directory.groups.update(changed, { add: moves.joined, remove: moves.left }, [line]);
    return isDone ? answer(undefined) : undefined;
  });
}

async function grantRole(draft: PeopleDraft, call: Call, { store }: AdminServices): Promise<Outcome<undefined>> {
  const { person, role } = readRole(draft);
  const before = (await store.administrators.roleOf(person)) ?? null;
  const { after } = approvalOf(draft, call);
  const facts = {
    person,
    before: { role: before },
    after: { role, ...after },
    detail: `administrator role granted, change ${draft.id}`,
  };
  if (!(await store.people.find(person))) return refuse('api_conflict', 'There is no such person any more.');
  const granted = { personId: person, role, grantedAt: call.now };
  const isDone = await store.administrators.grant(granted, [call.row('admin', facts)], call.by.person.id);
  return isDone ? answer(undefined) : refuse('api_conflict', 'The break-glass account stays an owner.');
}

function approvalOf({ authors }: PeopleDraft, { by }: Call) {
  return { after: { authors, approver: by.person.id } };
}

function toShape(draft: PeopleDraft, { access }: AdminServices): z.output<typeof Change> {
  const { id, name, digest, authors, createdAt } = draft;
  const head = { id, name, digest, author: authors[0] ?? '', createdAt };
  if (draft.kind === 'administrator') {
    const administrator = readRole(draft);
    return { ...head, members: null, administrator, widens: [`administers as ${administrator.role}`] };
  }
  const members: MembersChange = readMembers(draft);
  const { kind: of, id: group, add, remove } = members;
  const widens = [...membershipWidens(access(), members)];
  return { ...head, members: { kind: of, id: group, add: [...add], remove: [...remove] }, administrator: null, widens };
}
