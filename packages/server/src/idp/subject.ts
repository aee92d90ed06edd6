import { createHmac } from 'node:crypto';
import type { Audience } from '../policy/model.ts';

/**
 * Who a person is towards one RAS: the same everywhere, or an id that only this RAS sees (IDP-26).
 * @param secret - makes pairwise subjects; never changes
 */
export function subjectAt(personId: string, ras: string, audience: Audience | undefined, secret: string): string {
  if (audience?.subject !== 'pairwise') return personId;
  return createHmac('sha256', secret)
    .update(JSON.stringify([ras, personId]))
    .digest('base64url');
}
