import { acrOf } from '../../policy/sign-in-levels.ts';

/** What a sign-in was like, for ID Tokens and the record: only what was really shown. @see https://www.rfc-editor.org/rfc/rfc8176#section-2 */
export interface Strength {
  readonly acr: string;
  readonly amr: readonly string[];
}

export const passwordAlone: Strength = { acr: acrOf.password, amr: ['pwd'] };
export const passwordAndApp: Strength = { acr: acrOf.twoFactors, amr: ['pwd', 'otp', 'mfa'] };
/** A list of codes is something that a person has (NIST SP 800-63B §3.1.2); RFC 8176 has no word for it. */
export const passwordAndRecoveryCode: Strength = { acr: acrOf.twoFactors, amr: ['pwd', 'mfa'] };

/**
 * A passkey proves possession of a key (`pop`) to a person who was there (`user`) and whom the authenticator verified: two
 * factors (`mfa`). Without attestation nobody knows whether hardware holds the key, so `hwk` is never said; of one that is
 * copied between devices it is known that software does (`swk`).
 */
export function passkeyStrength(isSynced: boolean, withPassword: boolean): Strength {
  const methods = [...(withPassword ? ['pwd'] : []), 'pop', ...(isSynced ? ['swk'] : []), 'user', 'mfa'];
  return { acr: acrOf.passkey, amr: methods };
}

/** How somebody signed in, in words for the record. */
export function describeMethods(amr: readonly string[]): string {
  const second = amr.includes('pop') ? 'passkey' : amr.includes('otp') ? 'authenticator app' : undefined;
  if (!amr.includes('pwd')) return second ?? 'unknown means';
  if (second !== undefined) return `password and ${second}`;
  return amr.includes('mfa') ? 'password and recovery code' : 'password';
}
