import type { EpochSeconds } from '@credence/mcp/protocol';
import { toRow } from '../../audit/record.ts';
import { eventId } from '../../call.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import { lostClients, narrowedServers } from '../../policy/narrowed.ts';
import { issuerMark } from '../../stops/descent.ts';
import { cutAt, type Hit, untilOf } from '../../store/stop.ts';
import type { Store } from '../../store/store.ts';

export interface NarrowingOptions {
  readonly issuer: string;
  readonly ownRas?: string | undefined;
  readonly store: Pick<Store, 'stops'>;
  /** A version of the past; `undefined` when there is none of that number. */
  readonly versionOf: (version: number) => Promise<AccessIndex | undefined>;
  readonly now: () => EpochSeconds;
  readonly nowMs: () => number;
}

/** Which version was compared last, among the places of those who tell of stops; those are called by the issuer of a RAS. */
export const narrowingPlace = 'policy';

/**
 * A version that grants less ends what was issued on the old one: tokens of the servers that are concerned are dead once, and what
 * policy still allows is issued anew. By server, and not by person: that is one event, however many people there are. Whoever
 * is told of people only hears of those whom the changed rules name.
 */
export function createNarrowing(options: NarrowingOptions): (index: AccessIndex) => Promise<void> {
  const { store, versionOf } = options;
  const toCut = createCuts(options);
  return async (index) => {
    const place = (await store.stops.shelf.readers()).get(narrowingPlace);
    if (place === undefined) await store.stops.shelf.begin(narrowingPlace, 0);
    // One after the other: what a version granted that was in force for a moment only ends as well.
    else
      for (let at = place; at < index.version; at += 1) {
        const next = at + 1 === index.version ? index : await versionOf(at + 1);
        if (next) await compare(await versionOf(at), next);
        await store.stops.shelf.advance(narrowingPlace, at + 1, []);
      }
    await store.stops.shelf.advance(narrowingPlace, index.version, []);
  };

  async function compare(before: AccessIndex | undefined, index: AccessIndex): Promise<void> {
    if (!before) return;
    const narrowed = narrowedServers(before, index);
    const hits: Hit[] = [
      ...narrowed.flatMap(({ server }) => toCut('server', server.resource, server.ras)),
      ...lostClients(before, index).flatMap(({ ras, clientId }) => toCut('client', clientId, ras)),
    ];
    if (hits.length === 0) return;
    const [at, id] = [options.now(), eventId('st_')];
    const reason = `version ${index.version} of the access document grants less than version ${before.version}`;
    const times = { grantsBefore: cutAt(at), tokensBefore: cutAt(at), until: untilOf(at) };
    const about = {
      id,
      kind: 'rule',
      target: `access version ${index.version}`,
      hits,
      reason,
      by: 'policy',
      at,
    } as const;
    const subjects = new Set(narrowed.flatMap((each) => [...each.subjects]));
    const line = toRow({
      v: 2,
      id: eventId('d_'),
      kind: 'revocation',
      domain: 'idp',
      timeMs: options.nowMs(),
      outcome: 'allowed',
      policy: { kind: 'access', version: index.version },
      detail: `stop ${id}: ${reason}: what was issued for ${narrowed.map(({ server }) => server.id).join(', ')} is issued anew or not at all`,
    });
    const resumed = { at, by: 'policy', reason, ...times };
    await store.stops.add({ ...about, resumed }, { members: [...subjects] }, [line]);
  }
}

/** What of ours a RAS has given out for one server, or to one client, until now. */
export function createCuts({ issuer, ownRas }: Pick<NarrowingOptions, 'issuer' | 'ownRas'>) {
  return (what: 'server' | 'client', value: string, ras: string): Hit[] => {
    const told: Hit = { at: 'told', what, value, ras, cut: true };
    const here: Hit = { at: 'ras', what, value, from: issuerMark(issuer), cut: true };
    return ras === ownRas ? [told, here] : [told];
  };
}
