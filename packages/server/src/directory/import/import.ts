import { setTimeout as pause } from 'node:timers/promises';
import type { AuditRow, Store } from '../../store/store.ts';
import { memberOf } from '../scim/operations.ts';
import type { Source } from '../source.ts';
import { createGroupPlanner, type GroupItem, type GroupPlan } from './groups.ts';
import type { Item } from './items.ts';
import { createReferences } from './references.ts';
import { createUserWriter, type UserItem } from './users.ts';

/** What a line of the record is to tell; the caller adds who and when. */
export interface ImportFacts {
  readonly person?: string;
  readonly group?: string;
  readonly joined?: readonly string[];
  readonly left?: readonly string[];
  readonly detail: string;
}

export interface ImportOptions {
  readonly store: Store;
  readonly source: Exclude<Source, 'local'>;
  /** Names the file, so that an import that was cut short goes on where it was: the SHA-256 of its bytes. */
  readonly digest: string;
  readonly nowMs: () => number;
  readonly newId: (prefix: string) => string;
  readonly records: (facts: ImportFacts) => AuditRow[];
  readonly onProgress: (progress: Progress) => void;
  readonly onProblem: (where: string, words: string) => void;
  /** Asked between two batches. */
  readonly isStopped: () => boolean;
}

export type ItemOutcome = 'created' | 'changed' | 'unchanged' | 'failed';

export interface Progress {
  readonly phase: 'people' | 'groups';
  readonly people: Readonly<Record<ItemOutcome, number>>;
  readonly groups: Readonly<Record<ItemOutcome, number>>;
  /** How many groups the file has; known once its people are through. */
  readonly groupsInAll: number | undefined;
}

export interface ImportSummary extends Progress {
  /** Items that an earlier run had done. */
  readonly skipped: number;
  readonly isWhole: boolean;
}

/**
 * A transaction is to be over within this, more or less. Afterwards the lock is free for as long as it was held: whoever
 * waits for it asks again and again with growing pauses, and would find it taken each time if the gaps were short.
 */
const transactionMs = 20;
/** People in one transaction. Fewer would spend the time on flushes. */
const [minBatch, maxBatch] = [20, 500];
/** Groups in one transaction, and members that join or leave by it. */
const [maxGroups, maxMoves] = [20, 1000];

/**
 * Brings people and groups of a file into a source: whoever is new is created, whoever is known becomes what the file
 * says, nobody is removed. A group gets exactly the members the file gives it. People come first, whatever the order in the
 * file, since groups name them. Once more with the same file changes nothing.
 */
export async function importItems(items: AsyncIterable<Item>, options: ImportOptions): Promise<ImportSummary> {
  const { store, source, digest, onProblem } = options;
  const { imports } = store.directory;
  const start = await imports.position(source, digest);
  const counts = { people: zero(), groups: zero() };
  const references = createReferences(store, source);
  const users = createUserWriter(options, references);
  const planGroup = createGroupPlanner(options, references);
  const groups: GroupItem[] = [];
  let phase: Progress['phase'] = 'people';
  let position = 0;
  let size = minBatch;
  const progress = (): Progress => ({ phase, ...counts, groupsInAll: phase === 'groups' ? groups.length : undefined });

  const flush = async (batch: UserItem[]): Promise<void> => {
    if (batch.length === 0) return;
    const { outcomes, tookMs } = await users.write(batch, () => imports.keepPosition(source, digest, position));
    size = nextSize(size, tookMs);
    for (const outcome of outcomes) counts.people[outcome] += 1;
    options.onProgress(progress());
    await pause(tookMs);
  };

  let batch: UserItem[] = [];
  for await (const item of items) {
    if (item.kind === 'problem') {
      onProblem(item.where, item.words);
      counts.people.failed += 1;
      continue;
    }
    if (item.kind === 'group') {
      groups.push(item);
      continue;
    }
    position += 1;
    if (position <= start) {
      users.skip(item);
      continue;
    }
    batch.push(item);
    if (batch.length < size) continue;
    await flush(batch);
    batch = [];
    if (options.isStopped()) return { ...progress(), skipped: Math.min(start, position), isWhole: false };
  }
  await flush(batch);

  phase = 'groups';
  const todo = groups.slice(Math.max(0, start - position));
  position += groups.length - todo.length;
  while (todo.length > 0) {
    if (options.isStopped()) return { ...progress(), skipped: Math.min(start, position), isWhole: false };
    const plans = await planGroups(todo, planGroup);
    position += plans.length;
    const before = performance.now();
    await Promise.all([...plans.map(({ write }) => write?.()), imports.keepPosition(source, digest, position)]);
    const tookMs = performance.now() - before;
    for (const { outcome } of plans) counts.groups[outcome] += 1;
    options.onProgress(progress());
    await pause(tookMs);
  }
  await imports.finish(source, digest);
  return { ...progress(), skipped: Math.min(start, position), isWhole: true };
}

/** Takes as many groups as one transaction may hold; two of one name never, since the second may be the first again. */
async function planGroups(todo: GroupItem[], plan: (item: GroupItem) => Promise<GroupPlan>): Promise<GroupPlan[]> {
  const plans: GroupPlan[] = [];
  const names = new Set<string>();
  let moves = 0;
  for (let next = todo[0]; next && plans.length < maxGroups && moves < maxMoves; next = todo[0]) {
    const name = String(memberOf(next.body, 'displayName')).toLowerCase();
    if (names.has(name)) break;
    names.add(name);
    const planned = await plan(next);
    todo.shift();
    plans.push(planned);
    moves += planned.moves;
  }
  return plans;
}

/** Grows while there is time left, shrinks when there was not enough. */
function nextSize(size: number, tookMs: number): number {
  const fitting = Math.floor(size * (transactionMs / Math.max(1, tookMs)));
  return Math.max(minBatch, Math.min(maxBatch, fitting, size * 2));
}

function zero(): Record<ItemOutcome, number> {
  return { created: 0, changed: 0, unchanged: 0, failed: 0 };
}
