import { setImmediate } from 'node:timers/promises';
import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Origins } from '../in-force.ts';
import type { AccessDocument } from '../policy/access-document.ts';
import { type AccessIndex, compileAccess } from '../policy/compile.ts';
import { splitSubject } from '../policy/compile-rules.ts';
import { type AffectedServer, affectedServers } from '../policy/diff/affected.ts';
import { createEffects, type Effect, type Effects } from '../policy/diff/effects.ts';
import { changedEntries, type EntryChange, type Json } from '../policy/diff/entries.ts';
import { widenings } from '../policy/diff/widened.ts';
import { toSentence, toSummary } from '../policy/diff/words.ts';
import type { PolicyKind, Store } from '../store/store.ts';
import { compiledAccess } from './compiled.ts';
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
}

/**
 * Compares a document with the version in force. The one diff that there is: console, API, `credence plan` and the record of a
 * publication all say this.
 * @param document - JSON text of a document that was found good
 */
export async function diffOf(
  store: Pick<Store, 'policies' | 'population' | 'people' | 'directory'>,
  kind: PolicyKind,
  document: string,
  { origins, now }: { readonly origins: Origins; readonly now: EpochSeconds },
): Promise<Diff> {
  const latest = await store.policies.latest(kind);
  const from = latest?.version ?? 0;
  const [before, after] = [(latest ? JSON.parse(latest.document) : {}) as Json, JSON.parse(document) as Json];
  const entries = changedEntries(before, after);
  if (kind === 'resource') {
    const widens = widenings(kind, { document: before }, { document: after });
    return { kind, from, gain: 0, lose: 0, summary: toCount(entries), effects: [], entries, widens };
  }
  const old = latest ? compiledAccess(latest, origins) : emptyAccess(origins);
  const next = compiledAccess({ version: from + 1, document }, origins);
  const affected = affectedServers(old, next);
  const work = createEffects(old, next, await loadPopulation(store, affected), now);
  const { effects, gain, lose } = await inTurn(work, affected);
  const names = { before: old, after: next, subjects: await namesOf(store, effects) };
  return {
    kind,
    from,
    gain,
    lose,
    summary: toSummary({ gain, lose }),
    effects: effects.map((effect) => ({ ...effect, words: toSentence(effect, names) })),
    entries,
    widens: widenings(kind, { document: before, access: old }, { document: after, access: next }),
  };
}

/** A server at a time: whoever asks for a token in the meantime does not wait for all of them. */
async function inTurn(work: ReturnType<typeof createEffects>, affected: readonly AffectedServer[]): Promise<Effects> {
  for (const server of affected) {
    work.add(server);
    await setImmediate();
  }
  return work.all();
}

function emptyAccess({ ras }: Origins): AccessIndex {
  const nothing: AccessDocument = {
    servers: {},
    clients: {},
    audiences: {},
    networks: {},
    rules: [],
    never_together: [],
  };
  return compileAccess(nothing, { version: 0, localRas: ras });
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
