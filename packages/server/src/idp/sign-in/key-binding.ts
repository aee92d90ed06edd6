import { createHash } from 'node:crypto';
import { parseDpopProof, toThumbprint, type UnverifiedProof } from '@credence/mcp/protocol';
import Provider, { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { isOfBefore } from '../../clients/before-epoch.ts';
import { dpopMark, maxAgeSeconds } from '../../clients/dpop.ts';
import type { SignInOptions } from './options.ts';

/** A DPoP proof that was used before; the record tells it apart. */
export class ProofReplayed extends errors.InvalidDpopProof {}

/**
 * Binds a sign-in to the key of the DPoP proof that its code was traded with: the refresh token, of confidential clients
 * too, and the ID Token by `cnf`, so that the token exchange can demand the same key (T02, T04). What is bound later is not
 * bound at sign-in: a refresh token that was bound to nothing gives no bound ID Token, whatever key is shown with it.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-5
 */
export function bindSignInsToKeys(
  provider: Provider,
  options: Pick<SignInOptions, 'issuer' | 'now' | 'since' | 'store'>,
): void {
  const refreshToken = provider.RefreshToken.prototype;
  const { save } = refreshToken;
  refreshToken.save = async function saveBound(this: { jkt?: string | undefined }, ...args) {
    const key = keyOfCodeExchange();
    if (key !== undefined) this.jkt = key;
    return save.apply(this as typeof refreshToken, args);
  };

  const idToken = provider.IdToken.prototype as unknown as { payload(): Promise<Record<string, unknown>> };
  const { payload } = idToken;
  idToken.payload = async function boundPayload() {
    const key = keyOfSignIn();
    const claims = await payload.call(this);
    return key === undefined ? claims : { ...claims, cnf: { jkt: key } };
  };

  // Its own way to tell proofs apart is by client and jti: ours is one with the exchange. It asks about nothing else, since it reads
  // no client assertions; what is not the proof of the request would be marked as one, and so be good again beside another (B08).
  const replays = provider.ReplayDetection as unknown as Unique;
  replays.unique = async (_issuer, jti) => {
    const proof = proofUnderWay();
    if (proof.id !== jti) throw new errors.InvalidDpopProof('not the proof of this request');
    // As old as at the exchange and no older: what was used there is forgotten after that. A nonce is no excuse either.
    if (!(Math.abs(options.now() - proof.madeAt) <= maxAgeSeconds)) {
      throw new errors.InvalidDpopProof('made too long ago, or ahead of now');
    }
    if (isOfBefore(proof.madeAt, options.since(), maxAgeSeconds)) {
      throw new errors.InvalidDpopProof('from before this store was restored or moved');
    }
    const outcome = await options.store.commit({
      marks: [dpopMark(`${options.issuer}${proof.path}`, proof.thumbprint, proof.id, proof.madeAt + maxAgeSeconds)],
      records: [],
    });
    if (!outcome.won) throw new ProofReplayed('the proof was used before');
    return true;
  };
}

interface Unique {
  unique(issuer: string, jti: string): Promise<boolean>;
}

function entities(): Partial<KoaContextWithOIDC['oidc']['entities']> {
  return Provider.ctx?.oidc.entities ?? {};
}

/** The key shown when the code was traded, in the request that does so. */
function keyOfCodeExchange(): string | undefined {
  const { AuthorizationCode, AccessToken } = entities();
  return AuthorizationCode && (AccessToken as { jkt?: string } | undefined)?.jkt;
}

/** The same in later requests of this sign-in: what its refresh token is bound to. */
function keyOfSignIn(): string | undefined {
  const { AuthorizationCode, RefreshToken } = entities();
  return AuthorizationCode ? keyOfCodeExchange() : (RefreshToken as { jkt?: string } | undefined)?.jkt;
}

/**
 * The DPoP proof of a request, read as strictly as at the token exchange: what cannot be named cannot be marked as used. It is
 * asked for before anything is verified with the key that the proof brings: any key may come, of any size (T27).
 */
export function readProof(context: KoaContextWithOIDC | undefined): UnverifiedProof {
  const proof = parseDpopProof(context?.get('dpop') ?? '');
  if (!proof.ok) throw new errors.InvalidDpopProof('not a proof over a public key');
  return proof.value;
}

/** What is marked as used of the proof of the request under way. */
function proofUnderWay() {
  const context = Provider.ctx;
  const { key, jws } = readProof(context);
  const thumbprint = toThumbprint(key, (text) => createHash('sha256').update(text).digest());
  const { jti, iat } = jws.claims;
  return { path: context?.path ?? '', thumbprint, id: String(jti), madeAt: Number(iat) };
}
