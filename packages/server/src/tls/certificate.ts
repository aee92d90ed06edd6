import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

const commonName = '2.5.4.3';
const ecdsaWithSha256 = '1.2.840.10045.4.3.2';

/** What every certificate here is made from; only the extensions differ. Keys are P-256. */
export interface CertificateOrder {
  /** A common name, or a whole name. */
  readonly subject: string | Name;
  readonly subjectKey: KeyObject;
  readonly issuer: string;
  readonly issuerKey: { readonly public: KeyObject; readonly private: KeyObject };
  readonly notBefore: EpochSeconds;
  readonly notAfter: EpochSeconds;
}

/** A CA that can vouch for these names and addresses only, for TLS servers only, and for no further CA. As PEM. */
export function mintConstrainedCa(
  order: CertificateOrder,
  names: readonly string[],
  addresses: readonly string[],
): string {
  const permitted = [
    ...names.map((dNSName) => ({ dNSName })),
    // A constraint on addresses is a network: address and mask (RFC 5280 §4.2.1.10).
    ...addresses.map((address) => ({ iPAddress: `${address}/${address.includes(':') ? 128 : 32}` })),
  ].map((name) => new GeneralSubtree({ base: new GeneralName(name) }));

  return mint(order, [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), 'critical'),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign), 'critical'),
    extension(
      id_ce_nameConstraints,
      new NameConstraints({ permittedSubtrees: new GeneralSubtrees(permitted) }),
      'critical',
    ),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
  ]);
}

/** A certificate for a TLS server under these names and addresses. As PEM. */
export function mintServerCertificate(
  order: CertificateOrder,
  names: readonly string[],
  addresses: readonly string[],
): string {
  const alternatives = [
    ...names.map((dNSName) => new GeneralName({ dNSName })),
    ...addresses.map((iPAddress) => new GeneralName({ iPAddress })),
  ];
  return mint(order, [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), 'critical'),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), 'critical'),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
    extension(id_ce_subjectAltName, new SubjectAlternativeName(alternatives)),
  ]);
}

/** Any certificate; the extensions say what it is for. As PEM. */
export function mint(order: CertificateOrder, extensions: readonly Extension[]): string {
  const algorithm = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 });
  const body = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: nameOf(order.issuer),
    validity: new Validity({ notBefore: dateOf(order.notBefore), notAfter: dateOf(order.notAfter) }),
    subject: nameOf(order.subject),
    subjectPublicKeyInfo: AsnConvert.parse(spki(order.subjectKey), SubjectPublicKeyInfo),
    extensions: new Extensions([
      ...extensions,
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(order.subjectKey))),
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(order.issuerKey.public)) }),
      ),
    ]),
  });

  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(body)), order.issuerKey.private);
  const certificate = new Certificate({
    tbsCertificate: body,
    signatureAlgorithm: algorithm,
    signatureValue: toArrayBuffer(signature),
  });
  return toPem(Buffer.from(AsnConvert.serialize(certificate)));
}

export function extension(extnID: string, value: object, critical?: 'critical'): Extension {
  return new Extension({
    extnID,
    critical: critical !== undefined,
    extnValue: new OctetString(AsnConvert.serialize(value)),
  });
}

function nameOf(value: string | Name): Name {
  if (typeof value !== 'string') return value;
  const attribute = new AttributeTypeAndValue({ type: commonName, value: new AttributeValue({ utf8String: value }) });
  return new Name([new RelativeDistinguishedName([attribute])]);
}

/** 126 random bits; the first two bits 01 keep it positive and without a leading zero (RFC 5280 §4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return toArrayBuffer(bytes);
}

function keyIdentifier(key: KeyObject): ArrayBuffer {
  return toArrayBuffer(createHash('sha256').update(spki(key)).digest().subarray(0, 20));
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function dateOf(seconds: EpochSeconds): Date {
  return new Date(seconds * 1000);
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
