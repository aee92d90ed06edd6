// One value as a part of a path, and back; for programs, for pages in a browser, and for the server.

/** What a listener takes for a second spelling of a path, and refuses (T38): such a value goes in as base64url. */
const isAmbiguous = /[/\\%\0]|^\.{1,2}$|^~/;

/**
 * As it stands in a path: percent-encoded or, where it has a `/`, as client ids that are URLs do, `~` and base64url of its UTF-8. Each value
 * has one spelling.
 */
export function toSegment(value: string): string {
  if (!isAmbiguous.test(value)) return encodeURIComponent(value);
  const bytes = new TextEncoder().encode(value);
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return `~${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

/** `undefined` for what is no escape, is spelt otherwise than {@link toSegment} does, or names nothing: PostgreSQL keeps no NUL. */
export function fromSegment(segment: string): string | undefined {
  try {
    const text = decodeURIComponent(segment);
    const value = text.startsWith('~') ? decode(text.slice(1)) : text;
    if (value.includes('\0') || (text.startsWith('~') && toSegment(value) !== text)) return undefined;
    return value;
  } catch {
    return undefined;
  }
}

function decode(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
}
