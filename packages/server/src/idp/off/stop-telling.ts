import { createHash } from 'node:crypto';
import { mintSecurityEvent, type StopSaid, securityEvents, toStopPayload } from '@credence/mcp/protocol';
import { type AuditRecord, toRow } from '../../audit/record.ts';
import { eventId } from '../../call.ts';
import { cutAt, type Hit, type Stop } from '../../store/stop.ts';
import { type Delivery, deliver } from './deliver.ts';
import type { Progress, Work } from './reader.ts';
import { isMalformed, mostRefusals, type TellingOptions } from './telling.ts';
import { createWatch } from './watch.ts';

/** Tells one RAS what is stopped, and what goes on again, of all that was issued for it. */
export function createStopTelling(options: TellingOptions): Work<Stop> {
  const { now, receiver } = options;
  const refusals = new Map<string, number>();
  const watch = createWatch(options.alert);

  return async (page) => {
    const { ras, endpoint } = receiver();
    const records: AuditRecord[] = [];
    const made: Delivery[] = [];
    let until = page.at(-1)?.position ?? 0;
    let isStuck = false;
    for (const stop of page) {
      const done = await tellOf(stop, ras, endpoint);
      made.push(...done.made);
      if (!done.isDone) {
        [until, isStuck] = [stop.position - 1, true];
        break;
      }
      records.push(...done.records);
    }
    await watch(ras, made);
    return { until, records: records.map(toRow), isStuck } satisfies Progress;
  };

  async function tellOf(stop: Stop, ras: string, endpoint: string) {
    const records: AuditRecord[] = [];
    const made: Delivery[] = [];
    const isPast = stop.resumed !== undefined && stop.resumed.until < now();
    const hits = isPast || options.isHere ? [] : stop.hits.filter((hit) => isFor(hit, ras));
    for (const [at, hit] of hits.entries()) {
      const signal = await toStopSignal(stop, hit, at, ras);
      const delivery = await deliver(endpoint, signal.set, options);
      made.push(delivery);
      if (isMalformed(delivery)) refusals.set(signal.id, (refusals.get(signal.id) ?? 0) + 1);
      // Somebody who knows nothing of stops may find ours malformed: people who had access are told of one by one.
      const isLeft = isMalformed(delivery) && (refusals.get(signal.id) ?? 0) >= mostRefusals;
      if (delivery.outcome !== 'accepted' && !isLeft) return { records, made, isDone: false };
      refusals.delete(signal.id);
      records.push(toRecord(stop, ras, signal.id, isLeft ? delivery : undefined));
    }
    return { records, made, isDone: true };
  }

  async function toStopSignal(stop: Stop, hit: Hit, at: number, ras: string) {
    const { issuer, policy, signer } = options;
    const said: StopSaid = {
      id: `${stop.id}.${at}`,
      tenant: policy().audiences.get(ras)?.tenant,
      what: hit.what as StopSaid['what'],
      value: hit.what === 'everything' ? undefined : hit.value,
      resumedAt: hit.cut ? cutAt(stop.at) : stop.resumed?.at,
    };
    // Sent again, also after a crash, it is the same; when it goes on again, that is another.
    const id = createHash('sha256')
      .update(JSON.stringify([issuer, ras, said]))
      .digest('base64url');
    const payload = toStopPayload(said, hit.cut ? stop.at : (said.resumedAt ?? stop.at));
    const set = await mintSecurityEvent(
      { issuer, audience: ras, id, issuedAt: now(), event: securityEvents.stop, payload },
      signer(),
    );
    return { id, set };
  }

  function toRecord(stop: Stop, ras: string, id: string, refused: Delivery | undefined): AuditRecord {
    const words = stop.resumed ? 'told that it is over' : 'told';
    const why = refused?.outcome === 'refused' ? `refused: ${refused.why}` : words;
    return {
      v: 2,
      id: eventId('d_'),
      kind: 'revocation',
      domain: 'idp',
      timeMs: options.nowMs(),
      outcome: refused ? 'refused' : 'allowed',
      audience: ras,
      signal: { event: 'stop', id, at: stop.resumed?.at ?? stop.at },
      detail: `stop ${stop.id}: ${why}`,
    };
  }
}

function isFor({ at, ras }: Hit, receiver: string): boolean {
  return at === 'told' && (ras === undefined || ras === receiver);
}
