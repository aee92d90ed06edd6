import { hash } from 'node:crypto';

// What the record is hashed with. It is imported as `#hashing`: in a browser that is `hashing-in-browser.ts`, so that whoever verifies
// the record there runs the code that `credence audit verify` runs (ADR 0054).

/** SHA-256. By way of text, one character for each byte: asked for bytes `node:crypto` takes three times as long. */
export function sha256(data: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', data, 'binary'), 'binary');
}

/** SHA-256 of a text in UTF-8, base64url. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}

/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}
