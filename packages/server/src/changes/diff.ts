import { setImmediate } from 'node:timers/promises';
import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Origins } from '../in-force.ts';
import { splitSubject } from '../policy/compile-rules.ts';
import { createEffects, type Effect, type Effects } from '../policy/diff/effects.ts';
import type { EntryChange } from '../policy/diff/entries.ts';
import { toSentence, toSummary } from '../policy/diff/words.ts';
import type { PolicyKind, Store } from '../store/store.ts';
import { type AccessComparison, type Comparison, compare, comparedBefore } from './compare.ts';
import { countOnce, endsOn } from './counted.ts';
import { loadPopulation } from './load-population.ts';

/** What a change of a document does, in people and in words. */
export interface Diff {
  readonly kind: PolicyKind;
  /** Version it is compared with; 0 where there is none. */
  readonly from: number;
  /** How many people gain, and lose, anything; of a resource document nobody can say. */
  readonly gain: number;
  readonly lose: number;
  readonly summary: string;
  readonly effects: readonly (Effect & { readonly words: string })[];
  readonly entries: readonly EntryChange[];
  /** Why it takes a second person, where one is asked for; empty when it only takes away. */
  readonly widens: readonly string[];
  /** Whether one is asked for, by the version in force. */
  readonly asksSecondPerson: boolean;
}

type Ground = { readonly origins: Origins; readonly now: EpochSeconds };
type Stores = Pick<Store, 'policies' | 'population' | 'people' | 'directory' | 'changeSequence'>;

/**
 * Compares a document with the version in force. The one diff that there is: console, API, `credence plan` and the record of a
 * publication all say this.
 * @param document - JSON text of a document that was found good
 */
export async function diffOf(store: Stores, kind: PolicyKind, document: string, ground: Ground): Promise<Diff> {
  return toDiff(store, kind, await compare(store, kind, document, ground.origins), ground);
}

/** The same of a document that is known by its digest ({@link comparedBefore}); `undefined` where its text is needed for it. */
export async function diffKnown(
  store: Stores,
  kind: PolicyKind,
  digest: string,
  ground: Ground,
): Promise<Diff | undefined> {
  const known = await comparedBefore(store, kind, digest, ground.origins);
  return known && toDiff(store, kind, known, ground);
}

async function toDiff(store: Stores, kind: PolicyKind, compared: Comparison, { now }: Ground): Promise<Diff> {
  const { access, ...rest } = compared;
  if (!access) return { kind, gain: 0, lose: 0, summary: toCount(rest.entries), effects: [], ...rest };
  const { before, after, affected } = access;
  const { gain, lose, effects } = await countOnce(store, now, {
    about: access,
    ends: () => affected.flatMap(({ id }) => [...endsOn(before, id), ...endsOn(after, id)]),
    count: () => countEffects(store, access, now),
  });
  return { kind, gain, lose, summary: toSummary({ gain, lose }), effects, ...rest };
}

async function countEffects(
  store: Stores,
  { before, after, affected }: AccessComparison,
  now: EpochSeconds,
): Promise<Pick<Diff, 'gain' | 'lose' | 'effects'>> {
  const work = createEffects(before, after, await loadPopulation(store, affected), now);
  const { effects, gain, lose } = await inTurn(work, affected);
  const names = { before, after, subjects: await namesOf(store, effects) };
  return { gain, lose, effects: effects.map((effect) => ({ ...effect, words: toSentence(effect, names) })) };
}

/** A server at a time: whoever asks for a token in the meantime does not wait for all of them. */
async function inTurn(
  work: ReturnType<typeof createEffects>,
  affected: AccessComparison['affected'],
): Promise<Effects> {
  for (const server of affected) {
    work.add(server);
    await setImmediate();
  }
  return work.all();
}

async function namesOf({ directory }: Pick<Store, 'directory'>, effects: readonly Effect[]) {
  const names = new Map<string, string>();
  for (const subject of new Set(effects.map((effect) => effect.subject))) {
    const [kind, id] = splitSubject(subject);
    if (kind !== 'group' && kind !== 'role') continue;
    const group = await directory.groups.find(kind, id);
    if (group) names.set(subject, group.name);
  }
  return names;
}

function toCount(entries: readonly EntryChange[]): string {
  if (entries.length === 0) return 'Nothing changes.';
  return `${entries.length} ${entries.length === 1 ? 'entry changes' : 'entries change'}.`;
}
