import { createPublicKey, type KeyObject } from 'node:crypto';
import { ExternalSigningKey, type JWK } from 'oidc-provider';
import { type PrivateJwk, type Signer, toPublicJwk } from '../../keys/signer.ts';
import type { SignInOptions } from './options.ts';

/** An ID Token key as `oidc-provider` takes it: the key itself, or something that signs where the key is in a token. */
export function toProviderKey(
  jwk: PrivateJwk,
  { signerOf }: Pick<SignInOptions, 'signerOf'>,
): JWK | ExternalSigningKey {
  if (jwk.token === undefined) return { ...jwk } as JWK;
  if (!signerOf) throw new Error(`nothing signs with ${jwk.kid}, which is in a token`);
  return new TokenKey(jwk, signerOf(jwk));
}

class TokenKey extends ExternalSigningKey {
  readonly #key: KeyObject;
  readonly #signer: Signer;

  constructor(jwk: PrivateJwk, signer: Signer) {
    super();
    this.#key = createPublicKey({ key: { ...toPublicJwk(jwk) }, format: 'jwk' });
    this.#signer = signer;
  }

  override get kid(): string {
    return this.#signer.kid;
  }

  override get alg(): string {
    return this.#signer.algorithm;
  }

  override keyObject(): KeyObject {
    return this.#key;
  }

  override async sign(data: Uint8Array): Promise<Uint8Array> {
    return this.#signer.sign(Buffer.from(data).toString('latin1'));
  }
}
