import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { BadKeySet } from '@credence/mcp/resource';
import type { Logger } from 'pino';
import type { AuditRecord, Facts } from './audit/record.ts';
import { eventId } from './call.ts';
import { createDpopNonces, type DpopEndpoint } from './clients/dpop.ts';
import { BadClientDocument } from './clients/metadata-document.ts';
import { createRemoteClients, type RemoteClients } from './clients/remote-clients.ts';
import { createClientWatch } from './clients/watch-clients.ts';
import type { Config } from './config.ts';
import type { KeyPurpose } from './config-schema.ts';
import type { Edge } from './edge.ts';
import { type Egress, EgressRefused } from './egress.ts';
import { type Home, keyFolderOf } from './home.ts';
import type { InForce } from './in-force.ts';
import { openSecret } from './keys/key-file.ts';
import { type KeyRing, openKeyRing } from './keys/key-ring.ts';
import { tokenSecondsOf } from './keys/lifecycle.ts';
import type { Seal } from './keys/seal.ts';
import type { KeyVault } from './keys/vault.ts';
import type { SharedCounts } from './limits.ts';
import { toFault } from './log.ts';
import type { Measures } from './measures.ts';
import type { ClientProof } from './policy/model.ts';
import type { Readiness } from './readiness.ts';
import type { Store } from './store/store.ts';

/** What the roles of one process share. */
export interface Parts {
  readonly config: Config;
  readonly home: Home;
  /** Private folders of stdio upstreams. */
  readonly dataDir: string;
  readonly store: Store;
  readonly inForce: InForce;
  readonly edge: Edge;
  readonly egress: Egress;
  readonly seal: Seal | undefined;
  readonly vault: KeyVault;
  readonly log: Logger;
  readonly measures: Measures;
  readonly now: () => EpochSeconds;
  /** Counts of the other workers, where there are several. */
  readonly shared: SharedCounts | undefined;
  /** Passes on what is for a gateway in another process. */
  readonly forward?: { handle(incoming: IncomingMessage, outgoing: ServerResponse): void } | undefined;
  readonly readiness: Readiness;
  /** Makes records durable. */
  readonly append: (records: readonly AuditRecord[]) => Promise<void>;
}

/** What a listener calls, what has to be looked after while it runs, and what has to be closed with it. */
export interface Handler {
  readonly handle: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown;
  readonly follow?: () => Promise<void>;
  /** Ends what would keep a stop waiting although nothing is under way. */
  readonly drain?: () => void;
  readonly close?: () => Promise<void>;
}

const day = 86_400;

/** What is loaded when it is first needed, and once. */
export function lazily<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => (opened ??= open());
}

/** What the log says of something that cannot be fetched, or is not in order. */
export function toFetchFault(fault: unknown): { why?: string; fault: ReturnType<typeof toFault> } {
  // Their words are our own, and without them nobody could tell the publisher of a document what is wrong with it.
  const isOurs = [EgressRefused, BadClientDocument, BadKeySet].some((kind) => fault instanceof kind);
  return { ...(isOurs && { why: (fault as Error).message }), fault: toFault(fault) };
}

/** What is fetched of the clients of one side. */
export function openRemoteClients(
  { store, edge, egress, log, now, append }: Parts,
  domain: 'idp' | 'ras',
  clients: () => Iterable<ClientProof & { readonly id: string }>,
): RemoteClients {
  return createRemoteClients({
    egress,
    now,
    onFault: (url, fault) => log.warn({ url, ...toFetchFault(fault) }, 'what is fetched of a client'),
    onFetched: createClientWatch({ store, domain, clients, nowMs: edge.nowMs, append }),
  });
}

/** The same as a record. */
export function toAlert(timeMs: number, domain: 'idp' | 'admin', facts: Facts, address: string): AuditRecord {
  return { v: 2, id: eventId('a_'), kind: 'alert', domain, timeMs, outcome: 'allowed', address, ...facts };
}

export async function openDpop({ config, home, inForce }: Parts, issuer: string): Promise<DpopEndpoint> {
  const nonces = config.dpop.nonce ? createDpopNonces(await openSecret(home.keysDir, 'dpop')) : undefined;
  return { url: `${issuer}/token`, nonces, since: () => inForce.epoch().since };
}

/** The keys of a purpose; those of one home share them, whichever process looks. */
export async function openRing(
  { config, home, seal, vault, edge, now, append, readiness, measures }: Parts,
  purpose: KeyPurpose,
): Promise<KeyRing> {
  const ring = await openKeyRing({
    keysDir: keyFolderOf(home, purpose),
    purpose,
    algorithm: config.keys.algorithms[purpose],
    seal,
    vault,
    now,
    waitSeconds: config.keys.publishWaitSeconds,
    tokenSeconds: tokenSecondsOf(purpose, config),
    rotateAfterSeconds: config.keys.rotateAfterDays * day,
    onRotated: (_, kid) =>
      append([
        {
          v: 2,
          id: eventId('k_'),
          kind: 'key',
          domain: 'system',
          timeMs: edge.nowMs(),
          outcome: 'allowed',
          detail: `${purpose} key ${kid} published, on schedule`,
        },
      ]),
  });
  readiness.needs(ring);
  measures.meter?.read('credence_key_age_seconds', () => [[[purpose], now() - ring.inUseSince()]]);
  return ring;
}
