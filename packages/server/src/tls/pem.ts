import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Problem } from '../problem.ts';

const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The PEM files of authorities to trust, as they are. Throws `Problem` when one cannot be read, or has no certificate, or one that is
 * none: TLS would leave it out without a word, and every connection that rests on it would fail later.
 * @param setting - what names the files, for whoever has to mend it
 */
export function readCertificates(setting: string, files: readonly string[]): Promise<string[]> {
  return Promise.all(files.map((file) => readAuthorities(setting, file)));
}

/** Throws `Problem` when the file cannot be read. */
export async function readPem(setting: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const why = (error as Error).message;
    throw new Problem(`${setting}: cannot read ${file}: ${why}`, 'Check the path and its permissions.');
  }
}

async function readAuthorities(setting: string, file: string): Promise<string> {
  const pem = await readPem(setting, file);
  if (certificatesIn(pem)) return pem;
  throw new Problem(
    `${setting}: ${file} has no certificate in it, or one that is none.`,
    'Name a PEM file of the authorities to trust: blocks of "-----BEGIN CERTIFICATE-----".',
  );
}

/** The certificates of a PEM text; `undefined` = there are none, or one of them is none. */
export function certificatesIn(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(block) ?? [];
  try {
    return blocks.length === 0 ? undefined : blocks.map((each) => new X509Certificate(each));
  } catch {
    return undefined;
  }
}
