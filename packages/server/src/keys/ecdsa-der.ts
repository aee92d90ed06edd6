/**
 * JOSE writes an ES256 signature as r and s of 32 bytes each, OpenSSL as a DER sequence of two integers. `node:crypto`
 * converts too, but takes half as long again as the signature itself for it.
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-3.4
 */
const half = 32;

/** From DER, as OpenSSL has just made it. */
export function toJoseSignature(der: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(2 * half).fill(0); // from the pool: memory of its own would take as long as a hash
  let at = 2;
  for (const end of [half, 2 * half]) {
    const length = der[at + 1] ?? 0;
    const start = at + 2;
    // A leading zero keeps DER's integer positive; a short one has zeros in front.
    const from = Math.max(start, start + length - half);
    out.set(der.subarray(from, start + length), end - (start + length - from));
    at = start + length;
  }
  return out;
}

/** To DER; `undefined` when it is not 64 bytes. */
export function toDerSignature(signature: Uint8Array): Uint8Array | undefined {
  if (signature.length !== 2 * half) return undefined;
  const out = Buffer.allocUnsafe(2 + 2 * (3 + half)).fill(0);
  let at = 2;
  for (const start of [0, half]) {
    let from = start;
    while (from < start + half - 1 && signature[from] === 0) from += 1;
    const isNegative = (signature[from] ?? 0) >= 0x80;
    const length = start + half - from;
    out[at] = 0x02;
    out[at + 1] = length + (isNegative ? 1 : 0);
    at += isNegative ? 3 : 2;
    out.set(signature.subarray(from, start + half), at);
    at += length;
  }
  out[0] = 0x30;
  out[1] = at - 2;
  return out.subarray(0, at);
}
