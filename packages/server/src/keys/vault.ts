import { readFile } from 'node:fs/promises';
import type { Config } from '../config.ts';
import type { KeyPurpose } from '../config-schema.ts';
import { Problem } from '../problem.ts';
import {
  generatePrivateJwk,
  isSignatureAlgorithm,
  isSigningJwk,
  type KeptJwk,
  type KeyAlgorithm,
  type Signer,
  toSigner,
} from './signer.ts';

/** Where private keys are made and used: in this process, or in a token that never gives them out. */
export interface KeyVault {
  /** Whether new keys of this purpose are made in a token. */
  isInToken(purpose: KeyPurpose): boolean;
  /** Makes a key. What the key file keeps of one in a token is its public half, and the label it has there. */
  generate(purpose: KeyPurpose, algorithm: KeyAlgorithm): Promise<KeptJwk>;
  /** Throws `Problem` when the key is in a token, and not to be had. */
  signerOf(jwk: KeptJwk): Signer;
  close(): Promise<void>;
}

/** Keys in this process, kept in key files. */
export const processVault: KeyVault = {
  isInToken: () => false,
  generate: async (_purpose, algorithm) => generatePrivateJwk(algorithm),
  signerOf(jwk) {
    if (jwk.token === undefined) return toSigner(jwk);
    throw new Problem(
      `The key ${jwk.kid} is in a token, and keys.pkcs11 is not configured.`,
      'Configure the token; its keys leave the key file when their time is over.',
    );
  },
  close: async () => undefined,
};

/** The vault that the configuration asks for. Nothing of PKCS #11 is loaded where there is no token. */
export async function openVault({ pkcs11 }: Config['keys']): Promise<KeyVault> {
  if (!pkcs11) return processVault;
  const { openToken } = await import('./pkcs11/token.ts');
  const { labels, pinFile, ...where } = pkcs11;
  const token = openToken({ ...where, pin: await readPin(pinFile) });
  return {
    isInToken: (purpose) => labels[purpose] !== undefined,
    generate(purpose, algorithm) {
      const label = labels[purpose];
      // Keys for decrypting are made here: a token is asked to sign only.
      if (label === undefined || !isSignatureAlgorithm(algorithm)) return processVault.generate(purpose, algorithm);
      return token.generate(label, algorithm);
    },
    signerOf: (jwk) => (isSigningJwk(jwk) && jwk.token !== undefined ? token.signerOf(jwk) : toSigner(jwk)),
    close: () => token.close(),
  };
}

async function readPin(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Problem(
      `keys.pkcs11.pinFile: cannot read ${file} (${code}).`,
      'Check the path, its owner and its mode (0600).',
    );
  }
}
