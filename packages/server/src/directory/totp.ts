import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EpochSeconds } from '@credence/mcp/protocol';

/** What every authenticator app understands (RFC 6238 §1.2, §4.1): SHA-1, six digits, thirty seconds. */
const stepSeconds = 30;
const digits = 6;
/** Steps before and after the present one that count: slow fingers and clocks that differ (RFC 6238 §5.2). */
const tolerance = [0, -1, 1];

/** 160 bits, as long as the hash (RFC 4226 §4, R6). */
export function newTotpSecret(): Buffer {
  return randomBytes(20);
}

/** The code of one time step. @see https://www.rfc-editor.org/rfc/rfc4226#section-5.3 */
export function totpCode(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/**
 * The time step that `code` belongs to, or `undefined`. Whoever lets somebody in for it MUST use the step up, with all
 * before it: "The verifier MUST NOT accept the second attempt of the OTP" (RFC 6238 §5.2).
 */
export function findTotpStep(secret: Buffer, code: string, now: EpochSeconds): number | undefined {
  const current = Math.floor(now / stepSeconds);
  const presented = Buffer.from(code);
  if (presented.length !== digits) return undefined;
  return tolerance
    .map((distance) => current + distance)
    .find((step) => timingSafeEqual(Buffer.from(totpCode(secret, step)), presented));
}

/** What the QR code says. @see https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
export function totpUri(secret: Buffer, { organisation, email }: { organisation: string; email: string }): string {
  const label = `${encodeURIComponent(organisation)}:${encodeURIComponent(email)}`;
  return `otpauth://totp/${label}?secret=${toBase32(secret)}&issuer=${encodeURIComponent(organisation)}`;
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 §6, without padding; for whole groups of five bytes, as a secret is. */
export function toBase32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((group) => base32[Number.parseInt(group, 2)]).join('');
}
