import { createHash, randomBytes } from 'node:crypto';

/** Letters and digits that nobody mistakes for another (Crockford's base 32). */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const length = 25;

/**
 * A code that works once: 125 random bits in five groups, such as `7k2mx-...`. Recovery codes and the enrolment codes of
 * administrators are of this kind.
 */
export function newOnceCode(): string {
  const letters = [...randomBytes(length)].map((byte) => alphabet[byte & 31]).join('');
  return letters.match(/.{5}/g)?.join('-') ?? '';
}

/**
 * The hash that stands for a code in the store, or `undefined` for what cannot be one. Case, blanks, dashes and letters
 * that look like digits make no difference. Nobody can guess 125 bits, so a fast hash will do (KEY-09).
 */
export function hashOnceCode(typed: string): string | undefined {
  if (typed.length > 4 * length) return undefined;
  const letters = typed.toLowerCase().replace(/[\s-]/g, '').replace(/o/g, '0').replace(/[il]/g, '1');
  if (letters.length !== length || [...letters].some((letter) => !alphabet.includes(letter))) return undefined;
  return createHash('sha256').update(`credence once code\0${letters}`).digest('base64url');
}
