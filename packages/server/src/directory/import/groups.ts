import { setTimeout as pause } from 'node:timers/promises';
import type { Group } from '../../store/directory.ts';
import { parseGroup } from '../scim/group.ts';
import { nameOfSource } from '../source.ts';
import type { ImportOptions, ItemOutcome } from './import.ts';
import type { Item } from './items.ts';
import type { References } from './references.ts';

export type GroupItem = Extract<Item, { readonly kind: 'group' }>;

/** Members that join or leave in one transaction. */
const atATime = 500;
const page = 1000;
/** Between two transactions for one large group. */
const stepPauseMs = 20;

/** What is to be done about one group; without `write` nothing is. */
export interface GroupPlan {
  readonly outcome: ItemOutcome;
  /** Members that join and leave. */
  readonly moves: number;
  readonly write?: () => Promise<void>;
}

/** Makes a group have exactly the members the file gives it, in steps of a bounded size. */
export function createGroupPlanner(
  options: ImportOptions,
  references: References,
): (item: GroupItem) => Promise<GroupPlan> {
  const { store, onProblem } = options;
  const { groups } = store.directory;

  return async ({ body, where }) => {
    const fields = parseGroup(body, Number.POSITIVE_INFINITY);
    if (!fields.ok) {
      onProblem(where, fields.problem.detail);
      return { outcome: 'failed', moves: 0 };
    }
    const { name, externalId } = fields.value;
    const wanted = await resolve(fields.value.members, where);
    const same = await findSame(options, name, externalId);
    if (same === 'several') {
      onProblem(where, 'the source has several groups of this name; give each an externalId');
      return { outcome: 'failed', moves: 0 };
    }
    if (!same) {
      const [first, rest] = [[...wanted].slice(0, atATime), [...wanted].slice(atATime)];
      const write = async () => {
        const group = await createGroup(options, name, externalId, first);
        await change(group, rest, [], false);
      };
      return { outcome: 'created', moves: wanted.size, write };
    }
    const there = new Set(await allMembers(same));
    const isRenamed = same.name !== name || (externalId !== undefined && same.externalId !== externalId);
    const joined = [...wanted].filter((id) => !there.has(id));
    const left = [...there].filter((id) => !wanted.has(id));
    const moves = joined.length + left.length;
    if (!isRenamed && moves === 0) return { outcome: 'unchanged', moves };
    const write = () => change({ ...same, name, externalId: externalId ?? same.externalId }, joined, left, isRenamed);
    return { outcome: 'changed', moves, write };
  };

  async function resolve(members: readonly string[], where: string): Promise<Set<string>> {
    const ids = new Set<string>();
    let unknown = 0;
    for (const [at, member] of members.entries()) {
      if (at % page === page - 1) await pause(0);
      const id = await references.find(member);
      if (id === undefined) unknown += 1;
      else ids.add(id);
    }
    if (unknown > 0)
      onProblem(where, `${unknown} members are neither in the file nor in the source; they are left out`);
    return ids;
  }

  async function change(
    group: Group,
    joined: readonly string[],
    left: readonly string[],
    isRenamed: boolean,
  ): Promise<void> {
    const steps = Math.max(isRenamed ? 1 : 0, Math.ceil(joined.length / atATime), Math.ceil(left.length / atATime));
    let next = { ...group, modifiedMs: options.nowMs() };
    for (let step = 0; step < steps; step += 1) {
      const part = (ids: readonly string[]) => ids.slice(step * atATime, (step + 1) * atATime);
      const [add, remove] = [part(joined), part(left)];
      const records = options.records({ group: group.id, joined: add, left: remove, detail: 'group changed' });
      if (!(await groups.update(next, { add, remove }, records))) {
        const now = await groups.find(group.kind, group.id);
        if (!now) return; // deleted by another client meanwhile
        next = { ...next, version: now.version };
        step -= 1;
        continue;
      }
      next = { ...next, version: next.version + 1 };
      await pause(stepPauseMs);
    }
  }

  async function allMembers({ kind, id }: Group): Promise<string[]> {
    const all: string[] = [];
    for (;;) {
      const some = await groups.members(kind, id, all.at(-1) ?? '', page);
      all.push(...some);
      if (some.length < page) return all;
    }
  }
}

/** Ids of groups by the names that a table uses; one that is not there yet is made. */
export function createGroupsByName(options: ImportOptions): (names: readonly string[]) => Promise<string[]> {
  const ids = new Map<string, string>();
  return async (names) => {
    for (const name of names) {
      if (ids.has(name)) continue;
      const same = await findSame(options, name, undefined);
      // Several of one name: none of them is meant for sure, so that nobody gets into one by a name.
      if (same === 'several')
        options.onProblem(name, 'the source has several groups of this name; nobody is put into one');
      ids.set(name, same === 'several' ? '' : (same ?? (await createGroup(options, name, undefined, []))).id);
    }
    return [...new Set(names.map((name) => ids.get(name) ?? '').filter((id) => id !== ''))].sort();
  };
}

/** The group of the source by its external id, else the only one of that name. */
async function findSame(
  { store, source }: ImportOptions,
  name: string,
  externalId: string | undefined,
): Promise<Group | 'several' | undefined> {
  const search = { sortBy: undefined, descending: false, skip: 0, limit: 2 } as const;
  const find = async (field: 'externalId' | 'name', value: string) =>
    (await store.directory.search.groups(source, 'group', { ...search, where: { field, is: 'eq', value } })).items;
  const [byExternalId] = externalId === undefined ? [] : await find('externalId', externalId);
  if (byExternalId) return byExternalId;
  const [first, second] = await find('name', name.toLowerCase());
  if (second) return 'several';
  // One that has another external id is another group of the same name.
  return externalId !== undefined && first?.externalId !== undefined ? undefined : first;
}

async function createGroup(
  options: ImportOptions,
  name: string,
  externalId: string | undefined,
  members: readonly string[],
): Promise<Group> {
  const { store, source, nowMs, newId } = options;
  const id = `${nameOfSource(source)}/${newId('g_')}`;
  const times = { createdMs: nowMs(), modifiedMs: nowMs() };
  const group: Group = { kind: 'group', id, source, name, externalId, version: 1, ...times };
  await store.directory.groups.create(
    group,
    members,
    options.records({ group: id, joined: members, detail: 'group created' }),
  );
  return group;
}
