import { createHash, X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { isTrusted } from '../listener.ts';
import { Problem } from '../problem.ts';
import { certificatesIn } from '../tls/pem.ts';
import { type CertificateNames, readNames } from './certificate-names.ts';

/** The certificate a caller proved to have, as far as anybody wants to know. */
export interface ClientCertificate {
  /** SHA-256 of it, base64url: `x5t#S256` (RFC 8705 §3.1). */
  readonly thumbprint: string;
  /** An authority of ours signed it, directly or through others; says nothing of today. */
  readonly isVouchedFor: boolean;
  readonly validFrom: EpochSeconds;
  readonly validUntil: EpochSeconds;
  /** The names in it. */
  names(): CertificateNames;
}

/** Reads the certificate a caller showed; `undefined` when none, or none that can be read. */
export type CertificateReader = (incoming: IncomingMessage | undefined) => ClientCertificate | undefined;

/** Where certificates come from. */
export interface CertificateSource {
  /** Certificates of our authorities, PEM. */
  readonly authorities: readonly string[];
  /** Header in which a proxy passes the certificate of its caller on. */
  readonly header: string | undefined;
  /** The proxies that are believed. */
  readonly trustedHops: BlockList;
}

/**
 * Reads the certificate of the connection itself, whose chain `node:tls` has checked against our authorities; from a proxy
 * that is trusted the one in the header instead, which one of our authorities must have signed itself. From anybody else the
 * header means nothing (TLS-02).
 * @see https://www.rfc-editor.org/rfc/rfc9440
 */
export function createCertificateReader({ authorities, header, trustedHops }: CertificateSource): CertificateReader {
  const parsed = authorities.flatMap(parseAuthorities);
  const ofSocket = new WeakMap<object, ClientCertificate>();
  return (incoming) => {
    if (!incoming) return undefined;
    const { socket } = incoming;
    // What a proxy shows of its own is not its caller's.
    if (header !== undefined && isTrusted(socket.remoteAddress ?? '', trustedHops)) {
      const certificate = parseHeader(incoming, header);
      return certificate && vouchedFor(certificate, signersOf(certificate, parsed));
    }
    if (!(socket instanceof TLSSocket)) return undefined;
    const known = ofSocket.get(socket);
    if (known) return known;
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) return undefined;
    const read = toClientCertificate(certificate, socket.authorized);
    ofSocket.set(socket, read);
    return read;
  };
}

function toClientCertificate(certificate: X509Certificate, isVouchedFor: boolean): ClientCertificate {
  let names: CertificateNames | undefined;
  return {
    thumbprint: createHash('sha256').update(certificate.raw).digest('base64url'),
    isVouchedFor,
    validFrom: toSeconds(certificate.validFromDate),
    validUntil: toSeconds(certificate.validToDate),
    names: () => {
      names ??= readNames(certificate.raw);
      return names;
    },
  };
}

function parseAuthorities(pem: string): readonly X509Certificate[] {
  const certificates = certificatesIn(pem);
  if (certificates?.every(({ ca }) => ca)) return certificates;
  throw new Problem(
    'clientCertificates.ca: a file holds no certificates of authorities, or others besides.',
    'List PEM files with the certificates of the authorities that sign client certificates.',
  );
}

/** `:BASE64:` as RFC 9440 §2.1 has it, or PEM in percent-encoding as nginx writes it. Twice is not once. */
function parseHeader({ headersDistinct }: IncomingMessage, header: string): X509Certificate | undefined {
  const [value = '', ...more] = headersDistinct[header] ?? [];
  if (more.length > 0) return undefined;
  const [, base64] = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(value) ?? [];
  try {
    if (base64 !== undefined) return new X509Certificate(Buffer.from(base64, 'base64'));
    const pem = decodeURIComponent(value);
    return pem.match(/-----BEGIN CERTIFICATE-----/g)?.length === 1 ? new X509Certificate(pem) : undefined;
  } catch {
    return undefined;
  }
}

const clientAuth = '1.3.6.1.5.5.7.3.2';

/** Our authorities that signed it themselves: paths through others are for `node:tls` to build, where it sees them. */
function signersOf(certificate: X509Certificate, authorities: readonly X509Certificate[]): readonly X509Certificate[] {
  const { keyUsage: purposes } = certificate;
  if (certificate.ca || (purposes !== undefined && !purposes.includes(clientAuth))) return [];
  return authorities.filter(
    (authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
  );
}

/** Good for no longer than its authority is, which nobody else looks at here; of one that was renewed the last end counts. */
function vouchedFor(certificate: X509Certificate, signers: readonly X509Certificate[]): ClientCertificate {
  const own = toClientCertificate(certificate, signers.length > 0);
  if (signers.length === 0) return own;
  const end = Math.max(...signers.map(({ validToDate }) => toSeconds(validToDate)));
  return { ...own, validUntil: Math.min(own.validUntil, end) };
}

function toSeconds(date: Date): EpochSeconds {
  return Math.floor(date.getTime() / 1000);
}
