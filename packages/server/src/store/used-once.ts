import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { createDigestSet, digestBytes } from './digest-set.ts';
import type { Mark } from './store.ts';

/** Kinds that are only ever won or lost. The others are looked up too, by processes that do not write. */
const onceOnly: ReadonlySet<Mark['kind']> = new Set<OnceOnly>(['id_jag', 'client_assertion', 'dpop_proof']);
type OnceOnly = Extract<Mark['kind'], 'id_jag' | 'client_assertion' | 'dpop_proof'>;

export function isOnceOnly({ kind }: Mark): boolean {
  return onceOnly.has(kind);
}

/**
 * What was used once, as one process that writes knows it: appended to a table, and looked up in memory. Under the lock of a
 * transaction it first reads what other processes have appended, so that of any number of them one wins.
 */
export interface UsedOnce {
  /** To be called under the lock, before the first {@link take} of a transaction. */
  begin(): void;
  /** False when it was used before. */
  take(mark: Mark): boolean;
  /** Takes back what was taken since `point`: that many were taken before. */
  takeBack(point: number): void;
  readonly taken: number;
  /** Appends what was taken, as part of the transaction. */
  write(): void;
  /** After the commit: it stands. Whoever never says so has taken nothing. */
  keep(): void;
  purge(now: EpochSeconds): void;
}

const entryBytes = digestBytes + 4;

export function usedOnce(database: DatabaseSync): UsedOnce {
  const insert = database.prepare('INSERT INTO used_once (until, entries) VALUES (?, ?)');
  const since = database.prepare('SELECT position, entries FROM used_once WHERE position > ? ORDER BY position');
  const standing = createDigestSet();
  /** Of this transaction, by the digest as text. */
  const taken = new Map<string, { readonly digest: Buffer; readonly until: EpochSeconds }>();
  let readUpTo = 0;
  let written = 0;

  function readOthers(): void {
    for (const { position, entries } of since.iterate(readUpTo)) {
      readUpTo = Number(position);
      const bytes = entries as Uint8Array;
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < buffer.length; at += entryBytes) {
        standing.add(buffer.subarray(at, at + digestBytes), buffer.readUInt32LE(at + digestBytes));
      }
    }
  }

  readOthers(); // most of it before anybody waits
  return {
    begin() {
      taken.clear();
      readOthers();
    },
    take({ kind, id, until }) {
      const digest = hash('sha256', `${kind}\n${id}`, 'buffer').subarray(0, digestBytes);
      const name = digest.toString('latin1');
      if (taken.has(name) || standing.has(digest)) return false;
      taken.set(name, { digest, until: Math.min(until, 0xffff_ffff) });
      return true;
    },
    takeBack(point) {
      for (const name of [...taken.keys()].slice(point)) taken.delete(name);
    },
    get taken() {
      return taken.size;
    },
    write() {
      if (taken.size === 0) return;
      const entries = Buffer.allocUnsafe(taken.size * entryBytes);
      let at = 0;
      let last = 0;
      for (const { digest, until } of taken.values()) {
        digest.copy(entries, at);
        entries.writeUInt32LE(until, at + digestBytes);
        at += entryBytes;
        last = Math.max(last, until);
      }
      written = Number(insert.run(last, entries).lastInsertRowid);
    },
    keep() {
      if (taken.size === 0) return;
      for (const { digest, until } of taken.values()) standing.add(digest, until);
      readUpTo = written;
      taken.clear();
    },
    purge: (now) => standing.purge(now),
  };
}
