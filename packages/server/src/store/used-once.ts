import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { mostSkewSeconds } from '../config-schema.ts';
import { earliestSeconds } from './artifacts.ts';
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

/** Below this many, what is wanted no longer may stay in memory. */
const tidyFrom = 50_000;

const entryBytes = digestBytes + 4;

/** One use as it stands in the table: its digest and its last second. */
export function toEntry({ kind, id, until }: Mark): Buffer {
  const entry = Buffer.allocUnsafe(entryBytes);
  // As text, one character for each byte: asked for bytes `node:crypto` takes three times as long.
  entry.write(hash('sha256', `${kind}\n${id}`, 'binary'), 0, digestBytes, 'binary');
  entry.writeUInt32LE(Math.min(until, 0xffff_ffff), digestBytes);
  return entry;
}

/** A NumericDate may have a fraction (RFC 7519 §2), and a column of whole numbers takes none: one such mark would fail all that were to be written with it. */
export function wholeSecond({ until }: Pick<Mark, 'until'>): EpochSeconds {
  return Math.floor(until);
}

export function usedOnce(database: DatabaseSync): UsedOnce {
  const insert = database.prepare('INSERT INTO used_once (until, entries) VALUES (?, ?)');
  const since = database.prepare('SELECT position, entries FROM used_once WHERE position > ? ORDER BY position');
  const standing = createDigestSet();
  /** Of this transaction, by the digest as text. */
  const taken = new Map<string, { readonly entry: Buffer; readonly until: EpochSeconds }>();
  let readUpTo = 0;
  let written = 0;
  /** A process that never purges the table forgets with those that do. */
  let tidyAt = tidyFrom;

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
      if (standing.size < tidyAt) return;
      standing.purge(earliestSeconds() - mostSkewSeconds);
      tidyAt = Math.max(tidyAt, 2 * standing.size);
    },
    take(mark) {
      const entry = toEntry(mark);
      const name = entry.toString('latin1', 0, digestBytes);
      if (taken.has(name) || standing.has(entry)) return false;
      taken.set(name, { entry, until: wholeSecond(mark) });
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
      const uses = [...taken.values()];
      const entries = Buffer.concat(uses.map(({ entry }) => entry));
      const last = Math.max(...uses.map(({ until }) => until));
      written = Number(insert.run(last, entries).lastInsertRowid);
    },
    keep() {
      if (taken.size === 0) return;
      for (const { entry, until } of taken.values()) standing.add(entry, until);
      readUpTo = written;
      taken.clear();
    },
    purge: (now) => standing.purge(now),
  };
}
