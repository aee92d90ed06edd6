import type { AuditRecord } from '../../audit/record.ts';
import type { StoredAuditRow } from '../../store/store.ts';

/** A record with its place in the chain of the node that wrote it. By `node` and `seq` a receiver knows what it has twice. */
export type Exported = AuditRecord & { readonly chain: ChainPlace };

interface ChainPlace {
  readonly position: number;
  readonly node: string;
  readonly seq: number;
  readonly previousHash: string;
  readonly hash: string;
}

/** Every format starts here: what may leave, and nothing else. */
export function toExported({ body, position, node, seq, previousHash, hash }: StoredAuditRow): Exported {
  return { ...(JSON.parse(body) as AuditRecord), chain: { position, node, seq, previousHash, hash } };
}

/** Who it is about: a person of the directory, or the subject of a foreign issuer. */
export function subjectOf({ person, subject }: AuditRecord): string | undefined {
  return person ?? subject;
}

/** Scopes it is about: those that were given, or else those that were asked for. */
export function scopesOf({ scopesGranted, scopesAsked }: AuditRecord): readonly string[] {
  return scopesGranted ?? scopesAsked ?? [];
}
