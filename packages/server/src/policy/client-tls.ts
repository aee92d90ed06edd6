import { z } from 'zod';
import { parseDistinguishedName } from './distinguished-name.ts';
import { has, isMapping, mapping } from './document-words.ts';
import type { ClientTls } from './model.ts';

const text = (pattern: RegExp, message: string) => z.string('must be text').regex(pattern, message).max(1024);

const shape = {
  subject_dn: z
    .string('must be text')
    .refine((dn) => parseDistinguishedName(dn) !== undefined, {
      error: 'must be a distinguished name such as CN=agent,O=Acme (RFC 4514)',
    })
    .optional(),
  san_dns: text(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 'must be one DNS name, without a wildcard').optional(),
  san_uri: text(/^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/, 'must be an absolute URI').optional(),
  san_ip: z.union([z.ipv4(), z.ipv6()], 'must be an IPv4 or IPv6 address').optional(),
  san_email: text(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address').optional(),
  self_signed: z
    .array(
      text(/^[A-Za-z0-9_-]{43}$/, 'must be the SHA-256 of the certificate in base64url, 43 characters'),
      'must be a list of thumbprints',
    )
    .min(1, 'must name at least one certificate')
    .optional(),
};

/** Each names the certificate by itself; two at once would leave open whether one or both have to fit. */
const ways = Object.keys(shape) as (keyof typeof shape)[];

/**
 * What the certificate of a client has to be: one name in it, exactly one, from an authority of the configuration; or one of
 * these certificates, whoever signed it. `bound`: what the client gets works with that certificate only.
 * @see https://www.rfc-editor.org/rfc/rfc8705#section-2.1.2
 */
export const ClientTlsEntry = mapping({
  ...shape,
  bound: z.boolean('must be true or false').default(false),
}).superRefine(
  (entry, context) => {
    const count = ways.filter((way) => has(entry, way)).length;
    if (count !== 1) context.addIssue({ code: 'custom', message: `must have exactly one of ${ways.join(', ')}` });
  },
  { when: isMapping },
);

/** An entry that was accepted, in the form that certificates are compared in. */
export function toClientTls(entry: z.output<typeof ClientTlsEntry>): ClientTls {
  const { bound, subject_dn, san_dns, san_uri, san_ip, san_email, self_signed } = entry;
  if (self_signed) return { kind: 'self_signed', thumbprints: self_signed, bound };
  if (subject_dn !== undefined) return { kind: 'subject_dn', value: parseDistinguishedName(subject_dn) ?? '', bound };
  if (san_dns !== undefined) return { kind: 'san_dns', value: san_dns, bound };
  if (san_uri !== undefined) return { kind: 'san_uri', value: san_uri, bound };
  if (san_ip !== undefined) return { kind: 'san_ip', value: toCanonicalAddress(san_ip), bound };
  return { kind: 'san_email', value: san_email ?? '', bound };
}

/** One spelling for each address. */
export function toCanonicalAddress(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
