import { isIP } from 'node:net';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, id_ce_subjectAltName, SubjectAlternativeName } from '@peculiar/asn1-x509';
import { toCanonicalAddress } from '../policy/client-tls.ts';
import { toCanonicalName } from '../policy/distinguished-name.ts';
import type { CertificateNameKind } from '../policy/model.ts';

/** Every name in a certificate, by kind, in the form that entries of clients are compared in. */
export type CertificateNames = Readonly<Record<CertificateNameKind, readonly string[]>>;

/**
 * Reads the names from the DER itself: the text that `node:crypto` makes of them cannot be taken apart again without doubt.
 * A name that cannot be read is left out, and so equals nothing: one in a kind of string that nobody uses any more, or a range of
 * addresses; all of them where the DER is not what we know it as, whatever whoever signed it made of it.
 */
export function readNames(der: Buffer): CertificateNames {
  try {
    return namesIn(der);
  } catch {
    return { subject_dn: [], san_dns: [], san_uri: [], san_ip: [], san_email: [] };
  }
}

function namesIn(der: Buffer): CertificateNames {
  const { tbsCertificate } = AsnConvert.parse(der, Certificate);
  const written = tbsCertificate.extensions?.find(({ extnID }) => extnID === id_ce_subjectAltName);
  const alternatives = written ? [...AsnConvert.parse(written.extnValue, SubjectAlternativeName)] : [];
  const rdns = [...tbsCertificate.subject].reverse().map((rdn) =>
    [...rdn].map(({ type, value }) => ({
      type,
      value: value.utf8String ?? value.printableString ?? value.ia5String,
    })),
  );
  const subject = rdns.map((rdn) => rdn.flatMap(({ type, value }) => (value === undefined ? [] : [{ type, value }])));
  const isWhole = rdns.every((rdn, at) => rdn.length === subject[at]?.length);
  const listed = <Value>(values: readonly (Value | undefined)[]) => values.filter((value) => value !== undefined);
  return {
    subject_dn: isWhole && subject.length > 0 ? [toCanonicalName(subject)] : [],
    san_dns: listed(alternatives.map(({ dNSName }) => dNSName)),
    san_uri: listed(alternatives.map(({ uniformResourceIdentifier }) => uniformResourceIdentifier)),
    san_ip: listed(alternatives.map(({ iPAddress }) => iPAddress))
      .filter((address) => isIP(address) !== 0)
      .map(toCanonicalAddress),
    san_email: listed(alternatives.map(({ rfc822Name }) => rfc822Name)),
  };
}
