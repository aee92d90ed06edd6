import { randomFillSync } from 'node:crypto';
import type { AuditRow } from '../store/store.ts';
import { personalFacts, personalHash } from './personal.ts';
import type { AuditRecord } from './record.ts';

const isPersonal: ReadonlySet<string> = new Set(personalFacts);

/** A record in two: the text that the chain commits to, and beside it the text that may be erased. */
export function splitRecord(record: AuditRecord): Pick<AuditRow, 'body' | 'personal'> {
  const shared: Record<string, unknown> = {};
  const personal: Record<string, unknown> = { salt: '' };
  let isAnybody = false;
  let name: keyof AuditRecord;
  for (name in record) {
    const value = record[name];
    if (!isPersonal.has(name)) shared[name] = value;
    else if (value !== undefined) {
      isAnybody = true;
      personal[name] = value;
    }
  }
  if (!isAnybody) return { body: JSON.stringify(shared) };
  personal.salt = newSalt();
  const text = JSON.stringify(personal);
  shared.personalHash = personalHash(text);
  return { body: JSON.stringify(shared), personal: text };
}

function newSalt(): string {
  if (saltAt === saltPool.length) {
    randomFillSync(saltPool);
    saltAt = 0;
  }
  saltAt += saltBytes;
  return saltPool.toString('base64url', saltAt - saltBytes, saltAt);
}

const saltBytes = 16;
/** Filled for many at once: a call for each costs more than the rest of it. */
const saltPool = Buffer.allocUnsafeSlow(256 * saltBytes);
let saltAt = saltPool.length;
