import { type ReadRecord, readRecord } from '../../audit/personal.ts';
import type { AuditRecord } from '../../audit/record.ts';
import type { StoredAuditRow } from '../../store/store.ts';

/** A record with its place in the chain of the node that wrote it. By `node` and `seq` a receiver knows what it has twice. */
export type Exported = ReadRecord & { readonly chain: ChainPlace };

interface ChainPlace {
  readonly position: number;
  readonly node: string;
  readonly seq: number;
  readonly previousHash: string;
  readonly hash: string;
}

/** Every format starts here: what may leave, and nothing else. */
export function toExported(row: StoredAuditRow): Exported {
  const { position, node, seq, previousHash, hash } = row;
  return { ...readRecord(row), chain: { position, node, seq, previousHash, hash } };
}

/** Who it is about: a person of the directory, or the subject of a foreign issuer. */
export function subjectOf({ person, subject }: AuditRecord): string | undefined {
  return person ?? subject;
}

/** Scopes it is about: those that were given, or else those that were asked for. */
export function scopesOf({ scopesGranted, scopesAsked }: AuditRecord): readonly string[] {
  return scopesGranted ?? scopesAsked ?? [];
}
