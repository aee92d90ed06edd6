import { createHash } from 'node:crypto';
import type { AuditRecord, RecordDomain } from '../audit/record.ts';
import { eventId } from '../call.ts';
import type { ClientProof } from '../policy/model.ts';
import type { Store } from '../store/store.ts';
import type { Seen } from './remote-clients.ts';

const model = 'ClientSeen';

/**
 * Puts it on the record when a metadata document or a key set of a client is not what it was: whoever holds that address
 * decides who the client is (CIM-07, B75). What was seen last is kept, so that a restart forgets nothing. Throws while the
 * store is away: a change nobody would hear of is not taken up.
 */
export function createClientWatch(options: {
  readonly store: Store;
  readonly domain: RecordDomain & ('idp' | 'ras');
  readonly clients: () => Iterable<ClientProof & { readonly id: string }>;
  readonly nowMs: () => number;
  readonly append: (records: readonly AuditRecord[]) => Promise<void>;
}): (seen: Seen) => Promise<void> {
  const { store, domain, clients, nowMs, append } = options;
  const { artifacts } = store;

  return async ({ what, url, saidBy, digest }) => {
    const id = createHash('sha256')
      .update(JSON.stringify([domain, what, url]))
      .digest('base64url');
    const before = await artifacts.find(model, id);
    if (before?.digest === digest) return;
    if (before) {
      const of = [...clients()].filter(({ metadata, jwksUri }) => {
        return jwksUri === url || (metadata !== undefined && [url, ...saidBy].includes(metadata));
      });
      const alert = {
        v: 2,
        kind: 'alert',
        domain,
        timeMs: nowMs(),
        outcome: 'allowed',
        detail: `${words[what]} at ${url.slice(0, 300)} changed: find out whether that was meant`,
      } as const;
      const each = of.length > 0 ? of.map(({ id: client }) => ({ client })) : [{}];
      await append(each.map((about) => ({ ...alert, id: eventId('a_'), ...about })));
    }
    await artifacts.upsert(model, id, { digest }, undefined);
  };
}

const words = { metadata: 'the metadata document of a client', keys: 'the keys of a client' } as const;
