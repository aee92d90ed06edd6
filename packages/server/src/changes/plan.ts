import type { EntryChange } from '../policy/diff/entries.ts';
import type { PolicyKind } from '../store/store.ts';
import { diffOf } from './diff.ts';
import type { Ground } from './drafts.ts';
import { judge } from './judge.ts';
import { done, type Outcome } from './outcome.ts';
import { asksSecondPerson } from './publish.ts';

/** What a document from elsewhere would change, if it was published: what a command prints and the API answers. */
export interface Plan {
  readonly kind: PolicyKind;
  /** Version it is compared with; 0 where there is none. */
  readonly from: number;
  /** SHA-256 of the document as it would be published. */
  readonly digest: string;
  /** It says what is in force, to the letter. */
  readonly isInForce: boolean;
  /** How many people gain, and lose, anything; of a resource document nobody can say. `null`: not for whoever asks. */
  readonly gain: number | null;
  readonly lose: number | null;
  readonly summary: string;
  readonly effects: readonly { readonly words: string }[];
  readonly entries: readonly PlannedEntry[];
  /** Why it grants more; empty when it only takes away. */
  readonly widens: readonly string[];
  readonly needsSecondPerson: boolean;
}

/** An entry of the document that is not what it was; without its text, which is in the documents. */
export interface PlannedEntry {
  readonly section: string;
  /** '' of a single word. */
  readonly id: string;
  readonly change: 'new' | 'gone' | 'changed';
  readonly keys: readonly string[];
}

/**
 * Compares a document that is no draft with the version in force; changes nothing.
 * @param mayCount - whether whoever asks may know of people: how many gain by a rule about one person and a group, which they can
 *   write as they like, tells whether that person is in it
 */
export async function planOf(
  { store, origins, now }: Pick<Ground, 'store' | 'origins' | 'now'>,
  kind: PolicyKind,
  raw: unknown,
  mayCount: boolean,
): Promise<Outcome<Plan>> {
  const latest = await store.policies.latest(kind);
  const judged = judge(kind, raw, origins, [latest]);
  if (!judged.ok) return judged;
  const { document, digest } = judged.value;
  const { from, gain, lose, summary, effects, entries, widens } = await diffOf(store, kind, document, { origins, now });
  return done({
    kind,
    from,
    digest,
    isInForce: latest?.digest === digest,
    ...(mayCount
      ? { gain, lose, summary, effects: effects.map(({ words }) => ({ words })) }
      : { gain: null, lose: null, summary: notCounted, effects: [] }),
    entries: entries.map(toPlanned),
    widens,
    needsSecondPerson: asksSecondPerson(latest) && widens.length > 0,
  });
}

const notCounted = 'How many people gain or lose is not told without read:reach.';

function toPlanned({ section, id, before, after, keys }: EntryChange): PlannedEntry {
  const change = before === undefined ? 'new' : after === undefined ? 'gone' : 'changed';
  return { section, id, change, keys };
}
