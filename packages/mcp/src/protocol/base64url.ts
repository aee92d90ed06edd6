/** Several times faster than what the web platform has, and there in Node, Bun and Deno; elsewhere the platform does it. */
const NodeBuffer: typeof Buffer | undefined = globalThis.Buffer;

/**
 * Decodes base64url, or `undefined`: no padding, no blanks, and no second spelling of the same bytes. What is not exactly
 * as {@link encodeBase64url} would write it is refused.
 *
 * The unused bits of the last character must be zero. Otherwise a changed character of a signature could still verify,
 * and a token would have several spellings while single-use and revocation lists know only one.
 * @see https://www.rfc-editor.org/rfc/rfc4648#section-3.5
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const bytes = NodeBuffer ? NodeBuffer.from(text, 'base64url') : decodeOnTheWeb(text);
  return bytes && encodeBase64url(bytes) === text ? bytes : undefined;
}

const utf8 = new TextEncoder();

/** Encodes bytes or a string (as UTF-8) as base64url without padding. */
export function encodeBase64url(data: Uint8Array | string): string {
  if (!NodeBuffer) return encodeOnTheWeb(typeof data === 'string' ? utf8.encode(data) : data);
  const bytes =
    typeof data === 'string'
      ? NodeBuffer.from(data, 'utf8')
      : NodeBuffer.from(data.buffer, data.byteOffset, data.byteLength);
  return bytes.toString('base64url');
}

export function encodeOnTheWeb(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

export function decodeOnTheWeb(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return undefined; // a character or a length that base64 does not have
  }
}
