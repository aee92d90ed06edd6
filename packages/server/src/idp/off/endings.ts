import type { EpochSeconds } from '@credence/mcp/protocol';
import { toRow } from '../../audit/record.ts';
import { eventId } from '../../call.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import type { Ending } from '../../policy/ends.ts';
import { cutAt, untilOf } from '../../store/stop.ts';
import { createCuts, type NarrowingOptions } from './narrowing.ts';

/** Up to which second rules have ended, among the places of those who tell of stops. */
export const endingsPlace = 'endings';

/** What was issued on a rule that ended longer ago has expired. */
const longestTokenSeconds = 3600 + 120;

/**
 * A rule that allows until a time takes back then what was issued on it, as a version that grants less does: tokens of its servers are
 * dead once, and what policy still allows is issued anew. Also of a time that came while nobody was here.
 */
export function createEndings(options: Omit<NarrowingOptions, 'versionOf'>): (index: AccessIndex) => Promise<void> {
  const { store, now } = options;
  const toCut = createCuts(options);
  let upTo: EpochSeconds | undefined;

  async function placeOf(): Promise<EpochSeconds> {
    const place = (await store.stops.shelf.readers()).get(endingsPlace);
    if (place === undefined) await store.stops.shelf.begin(endingsPlace, 0);
    return Math.max(place ?? 0, now() - longestTokenSeconds);
  }

  return async ({ version, endings, servers }) => {
    if (!endings) return;
    upTo ??= await placeOf();
    const isDue = ({ until }: Ending) => until > (upTo ?? 0) && until <= now();
    if (!endings.some(isDue)) return;
    // Another node may have been first.
    upTo = Math.max(upTo, await placeOf());
    const due = endings.filter(isDue);
    const last = due.at(-1);
    if (!last) return;
    const [at, id] = [now(), eventId('st_')];
    const ended = [...new Set(due.map(({ rule }) => rule.id))].join(', ');
    const here = [...new Set(due.map(({ server }) => server))].flatMap((server) => servers.get(server) ?? []);
    const reason = `the time of ${ended} in version ${version} of the access document is over`;
    const line = toRow({
      v: 2,
      id: eventId('d_'),
      kind: 'revocation',
      domain: 'idp',
      timeMs: options.nowMs(),
      outcome: 'allowed',
      policy: { kind: 'access', version },
      detail: `stop ${id}: ${reason}: what was issued for ${here.map((server) => server.id).join(', ')} is issued anew or not at all`,
    });
    const hits = here.flatMap(({ resource, ras }) => toCut('server', resource, ras));
    const about = { id, kind: 'rule', target: ended, hits, reason, by: 'policy', at } as const;
    const times = { grantsBefore: cutAt(at), tokensBefore: cutAt(at), until: untilOf(at) };
    const resumed = { at, by: 'policy', reason, ...times };
    const members = [...new Set(due.flatMap(({ rule }) => rule.to))];
    await store.stops.add({ ...about, resumed }, { members }, [line]);
    await store.stops.shelf.advance(endingsPlace, last.until, []);
    upTo = last.until;
  };
}
