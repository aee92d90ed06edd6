import { digestOf } from '#hashing';
import type { AuditRow } from '../store/store.ts';
import type { AuditRecord, Facts } from './record.ts';

/**
 * The facts that tell of a person: who, from where, with which device, as a member of what; `detail` because an operator may
 * have written a name into it. They stand beside the line, which carries a salted hash of them: whoever has the record can
 * tell that they were not changed, and once they are erased nobody can guess them from what is left.
 */
export const personalFacts = [
  'person',
  'by',
  'subject',
  'address',
  'session',
  'inputs',
  'joined',
  'left',
  'factor',
  'keyThumbprint',
  'certificateThumbprint',
  'detailsHash',
  'before',
  'after',
  'detail',
] as const satisfies readonly (keyof Facts | 'address')[];

/** What the line carries of its personal part: SHA-256 of the text, which begins with 128 random bits. Base64url. */
export function personalHash(text: string): string {
  return digestOf(text);
}

/** A record as it is read: whole, or without what was erased. */
export type ReadRecord = AuditRecord & { readonly erased?: true };

/** Puts the two parts together again. Does not look whether they belong together; `credence audit verify` does. */
export function readRecord({ body, personal }: Pick<AuditRow, 'body' | 'personal'>): ReadRecord {
  const { personalHash: commitment, ...shared } = JSON.parse(body) as AuditRecord & { personalHash?: string };
  if (commitment === undefined) return shared;
  if (personal === undefined) return { ...shared, erased: true };
  const { salt: _, ...facts } = JSON.parse(personal) as Facts & { salt: string };
  return { ...shared, ...facts };
}
