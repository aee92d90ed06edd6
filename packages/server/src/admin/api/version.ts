import { createHash } from 'node:crypto';

/** The entity tag of what a caller was shown: it changes with whatever they could see. */
export function etagOf(shown: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 22)}"`;
}

/** `If-Match`: `*`, or a list of strong tags. @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1 */
export function namesVersion(ifMatch: string, etag: string): boolean {
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  return tags.includes('*') || tags.includes(etag);
}
