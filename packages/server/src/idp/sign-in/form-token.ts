import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * What a form of ours carries to show that it is ours: bound to one interaction, whose id only the signed cookie of this
 * browser proves (CSRF).
 */
export function makeFormToken(interactionId: string, keys: readonly string[]): string {
  const [key] = keys;
  if (key === undefined) throw new Error('no key to sign forms with');
  return mac(interactionId, key).toString('base64url');
}

export function isFormToken(token: string | undefined, interactionId: string, keys: readonly string[]): boolean {
  const presented = Buffer.from(token ?? '', 'base64url');
  return keys.some((key) => {
    const expected = mac(interactionId, key);
    return presented.length === expected.length && timingSafeEqual(presented, expected);
  });
}

function mac(interactionId: string, key: string): Buffer {
  return createHmac('sha256', key).update(`form of interaction ${interactionId}`).digest();
}
