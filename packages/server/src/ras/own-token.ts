import {
  type AccessToken,
  checkAccessToken,
  chooseKey,
  type EpochSeconds,
  type Jwk,
  parseJws,
} from '@credence/mcp/protocol';
import { verifySignature } from '../keys/verify-signature.ts';

/** What it takes to recognise an access token of this RAS. */
export interface OwnTokens {
  readonly issuer: string;
  readonly publishedKeys: () => readonly Jwk[];
  readonly skewSeconds: number;
  /** The epoch whose tokens count. */
  readonly epoch: () => string;
}

/** Reads a live access token that this RAS issued, for whichever server; `undefined` for anything else. */
export function verifyOwnToken(text: string, own: OwnTokens, now: EpochSeconds): AccessToken | undefined {
  const jws = parseJws(text);
  if (!jws || typeof jws.claims.aud !== 'string') return undefined;
  const choice = chooseKey(jws.header, own.publishedKeys());
  if (!choice.ok || !verifySignature(jws, choice.key, choice.algorithm)) return undefined;
  const expected = { issuer: own.issuer, resource: jws.claims.aud, now, skewSeconds: own.skewSeconds };
  const token = checkAccessToken(jws, expected);
  return token.ok && (token.value.epoch ?? '') === own.epoch() ? token.value : undefined;
}
