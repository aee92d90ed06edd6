import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { Problem } from '../problem.ts';
import { type CertificateOrder, mintConstrainedCa, mintServerCertificate } from './certificate.ts';

/** What an https listener in development needs, and the file that its callers have to trust. */
export interface DevelopmentTls {
  /** For `NODE_EXTRA_CA_CERTS` and the like. */
  readonly caPath: string;
  readonly key: string;
  readonly cert: string;
}

const names = ['localhost'];
const addresses = ['127.0.0.1', '::1'];

const day = 24 * 60 * 60;
const lifetimeDays = 90;
/** Renewed this long before the end, so that what starts today does not expire while it runs. */
const renewBeforeDays = 14;

/**
 * A server certificate for this machine's loopback names under a CA of its own, kept in `<home>/tls`.
 *
 * The CA is limited to `localhost`, its subdomains, 127.0.0.1 and ::1, and its key exists only inside this call: whoever
 * trusts it trusts one certificate, for loopback, until it ends. The price is that renewal makes a new CA, to be trusted
 * anew. Not for anything but development.
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10
 */
export async function createDevelopmentTls(
  home: string,
  now: EpochSeconds = Math.floor(Date.now() / 1000),
): Promise<DevelopmentTls> {
  const dir = join(home, 'tls');
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return (await readKept(dir, now)) ?? (await createAll(dir, now));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Problem(
      `cannot keep the development certificates in ${dir} (${code})`,
      'make the folder writable for you',
    );
  }
}

/** The files as they are, unless one is missing, ends soon, or does not belong to the others. */
async function readKept(dir: string, now: EpochSeconds): Promise<DevelopmentTls | undefined> {
  const [ca, cert, key] = await Promise.all(
    [fileNames.ca, fileNames.cert, fileNames.key].map((name) => readIfThere(join(dir, name))),
  );
  if (ca === undefined || cert === undefined || key === undefined || !belongTogether(ca, cert, key, now))
    return undefined;
  await chmod(join(dir, fileNames.key), 0o600);
  return { caPath: join(dir, fileNames.ca), key, cert };
}

function belongTogether(ca: string, cert: string, key: string, now: EpochSeconds): boolean {
  try {
    const authority = new X509Certificate(ca);
    const server = new X509Certificate(cert);
    const from = Math.max(authority.validFromDate.getTime(), server.validFromDate.getTime());
    const until = Math.min(authority.validToDate.getTime(), server.validToDate.getTime());
    return (
      from <= now * 1000 &&
      until > (now + renewBeforeDays * day) * 1000 &&
      server.verify(authority.publicKey) &&
      server.checkPrivateKey(createPrivateKey(key))
    );
  } catch {
    return false; // A file that cannot be read as what it should be is replaced like one that is missing.
  }
}

async function createAll(dir: string, now: EpochSeconds): Promise<DevelopmentTls> {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // A name of its own each time: trust stores find a CA by name, and an old one must not be taken for a new one.
  const issuer = `Credence development CA ${randomBytes(4).toString('hex')} (localhost only)`;
  const shared = {
    issuer,
    issuerKey: { public: authority.publicKey, private: authority.privateKey },
    notBefore: now - 60 * 60,
    notAfter: now + lifetimeDays * day,
  };
  const forCa: CertificateOrder = { ...shared, subject: issuer, subjectKey: authority.publicKey };
  const forServer: CertificateOrder = { ...shared, subject: 'localhost', subjectKey: server.publicKey };

  const ca = mintConstrainedCa(forCa, names, addresses);
  const cert = mintServerCertificate(forServer, names, addresses);
  const key = server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  // Dying between two of these leaves files that do not belong together, which the next start replaces.
  await writePrivate(join(dir, fileNames.key), key);
  await writePrivate(join(dir, fileNames.cert), cert);
  await writePrivate(join(dir, fileNames.ca), ca);
  return { caPath: join(dir, fileNames.ca), key, cert };
}

const fileNames = { ca: 'ca.pem', cert: 'server.pem', key: 'server-key.pem' };

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Readable by the owner from its first byte on, and never half-written under its own name. */
async function writePrivate(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, path);
}
