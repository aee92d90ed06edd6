import type { EpochSeconds, Jwk } from '@credence/mcp/protocol';
import type { KeyPurpose } from '../config-schema.ts';
import { changeKeyFile, readKeyFile } from './key-file.ts';
import { rotate, signingKey, type TimedKey } from './lifecycle.ts';
import type { Seal } from './seal.ts';
import { isSigningJwk, type KeptJwk, type KeyAlgorithm, type Signer, toPublicJwk } from './signer.ts';
import { type KeyVault, processVault } from './vault.ts';

/** The keys of one purpose as a running server uses them. */
export interface KeyRing {
  readonly purpose: KeyPurpose;
  /** The key that signs now. */
  signer(): Signer;
  /** Public keys in force, for the JWK Set and for verifying; an unchanged key is the same object each time. */
  published(): readonly Jwk[];
  /** The public half of the key in use now: the one that others are to encrypt to. */
  current(): Jwk;
  /** Since when that key has been in use. */
  inUseSince(): EpochSeconds;
  /** Keys in force, the one in use first, for `oidc-provider` and for decrypting; of those in a token the public half. */
  privateJwks(): readonly KeptJwk[];
  /** Follows the key file, which `credence keys` may have changed, and rotates when it is time. */
  refresh(): Promise<void>;
}

export interface KeyRingOptions {
  readonly keysDir: string;
  readonly purpose: KeyPurpose;
  readonly algorithm: KeyAlgorithm;
  readonly seal: Seal | undefined;
  readonly now: () => EpochSeconds;
  /** A new key is published for this long before it signs. */
  readonly waitSeconds: number;
  /** The longest life of what these keys sign, skew included. */
  readonly tokenSeconds: number;
  /** A key that has signed for this long is followed by a new one. */
  readonly rotateAfterSeconds: number;
  /** Where private keys are; in this process unless said otherwise. */
  readonly vault?: KeyVault;
  /** Told of every key that is added. */
  readonly onRotated: (purpose: KeyPurpose, kid: string) => Promise<void>;
}

/** Has each of these follow its file, also where one before it cannot; throws what was wrong with the first that could not. */
export async function refreshAll(rings: readonly Pick<KeyRing, 'refresh'>[]): Promise<void> {
  const faults: unknown[] = [];
  for (const ring of rings) await ring.refresh().catch((fault: unknown) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}

/** Opens the keys of a purpose; the first one is made at the first start. */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const { keysDir, purpose, algorithm, seal, now, vault = processVault } = options;
  const signers = new Map<string, Signer>();
  const publicJwks = new Map<string, Jwk>();
  let keys: readonly TimedKey[] = [];

  const inForce = () => keys.filter(({ retiresAt }) => retiresAt === undefined || retiresAt > now());
  const current = () => {
    const key = signingKey(keys, now());
    if (!key) throw new Error(`there is no ${purpose} key that may sign`);
    return key;
  };
  const isDue = (latest: readonly TimedKey[]) => {
    const newest = latest.at(-1);
    const isLeaving = newest?.retiresAt !== undefined || !signingKey(latest, now());
    if (!newest || isLeaving || newest.signsFrom + options.rotateAfterSeconds <= now()) return true;
    return newest.jwk.alg !== algorithm || (newest.jwk.token !== undefined) !== vault.isInToken(purpose);
  };
  const remembered = <T>(map: Map<string, T>, { jwk }: TimedKey, make: (jwk: KeptJwk) => T): T => {
    const known = map.get(jwk.kid) ?? make(jwk);
    map.set(jwk.kid, known);
    return known;
  };

  const ring: KeyRing = {
    purpose,
    signer: () => remembered(signers, current(), vault.signerOf),
    published: () => inForce().map((key) => remembered(publicJwks, key, toPublicJwk)),
    current: () => remembered(publicJwks, current(), toPublicJwk),
    inUseSince: () => current().signsFrom,
    privateJwks() {
      const signing = current();
      return [signing, ...inForce().filter((key) => key !== signing)].map(({ jwk }) => jwk);
    },
    async refresh() {
      keys = await readKeyFile(keysDir, purpose, seal);
      if (!isDue(keys)) return;
      let added: string | undefined;
      keys = await changeKeyFile(keysDir, purpose, seal, async (latest) => {
        if (!isDue(latest)) return undefined; // another process was first
        const jwk = await vault.generate(purpose, algorithm);
        added = jwk.kid;
        const { waitSeconds, tokenSeconds } = options;
        return rotate(latest, jwk, { now: now(), waitSeconds, tokenSeconds });
      });
      if (added) await options.onRotated(purpose, added);
    },
  };
  await ring.refresh();
  // A key that cannot be had is found now, and not when it is its turn.
  for (const key of inForce()) if (isSigningJwk(key.jwk)) remembered(signers, key, vault.signerOf);
  return ring;
}
