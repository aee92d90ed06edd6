/** An attribute of a name in a certificate: its type as a dotted OID, its value as text. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

/** The short names that RFC 4514 §3 knows, and two that are common in client certificates. */
const types: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  UID: '0.9.2342.19200300.100.1.1',
  DC: '0.9.2342.19200300.100.1.25',
  EMAILADDRESS: '1.2.840.113549.1.9.1',
};

/**
 * A distinguished name as one text that two equal names share and no two different ones: RDNs in the order of RFC 4514 (the
 * last of the certificate first), attributes of one RDN sorted, types as OIDs. Values are compared to the letter.
 */
export function toCanonicalName(rdns: readonly (readonly NameAttribute[])[]): string {
  return JSON.stringify(rdns.map((rdn) => rdn.map(({ type, value }) => `${type}=${value}`).sort()));
}

/**
 * The canonical form of a distinguished name as people write it, `CN=agent,O=Acme,C=CH`; `undefined` when it is none. Blanks
 * around the separators count for nothing unless escaped.
 * @see https://www.rfc-editor.org/rfc/rfc4514#section-3
 */
export function parseDistinguishedName(text: string): string | undefined {
  const rdns: NameAttribute[][] = [];
  for (const rdn of splitUnescaped(text, ',')) {
    const attributes = splitUnescaped(rdn, '+').map(parseAttribute);
    if (!attributes.every((attribute) => attribute !== undefined)) return undefined;
    rdns.push(attributes);
  }
  return toCanonicalName(rdns);
}

function splitUnescaped(text: string, separator: string): string[] {
  const parts = [''];
  for (const [piece] of text.matchAll(/\\[\s\S]|[\s\S]/g)) {
    if (piece === separator) parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts;
}

function parseAttribute(text: string): NameAttribute | undefined {
  const [, name = '', written = ''] = /^ *([A-Za-z]+|\d+(?:\.\d+)+) *= *([\s\S]*)$/.exec(text) ?? [];
  const type = /^\d/.test(name) ? name : types[name.toUpperCase()];
  const value = toPlain(written.replace(/(?<!\\) +$/, ''));
  return type === undefined || value === undefined || value === '' ? undefined : { type, value };
}

/** `#` begins a value in hexadecimal, which no text is; the others have to be escaped. */
function toPlain(written: string): string | undefined {
  const bytes: Buffer[] = [];
  for (const [piece] of written.matchAll(/\\[0-9A-Fa-f]{2}|\\[\s\S]?|[^\\]+/g)) {
    if (/^\\[0-9A-Fa-f]{2}$/.test(piece)) bytes.push(Buffer.from(piece.slice(1), 'hex'));
    else if (piece.startsWith('\\')) {
      if (!/^\\["+,;<>\\ #=]$/.test(piece)) return undefined;
      bytes.push(Buffer.from(piece.slice(1)));
    } else {
      if (/["+,;<>\0]/.test(piece) || (bytes.length === 0 && piece.startsWith('#'))) return undefined;
      bytes.push(Buffer.from(piece));
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(bytes));
  } catch {
    return undefined;
  }
}
