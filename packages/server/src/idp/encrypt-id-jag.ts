import type { Jwk } from '@credence/mcp/protocol';
import type { IssuerKeys } from '@credence/mcp/resource';
import { chooseEncryptionKey, encryptJwt } from '../keys/jwe.ts';
import type { Audience } from '../policy/model.ts';

/** Encrypts an ID-JAG to the RAS of an audience that wants it so; `undefined` while it has no key to encrypt to. */
export type EncryptIdJag = (idJag: string, audience: Audience) => Promise<string | undefined>;

/**
 * Sign, then encrypt (IDP-37): to a key written in the access document, or to one that the RAS publishes for it. Without a
 * key nothing is issued: what must not be seen by the client is never handed out in the clear.
 * @param onFault - told when a key cannot be used; the client never is
 */
export function createIdJagEncryption(keysOf: IssuerKeys['keysOf'], onFault: (fault: unknown) => void): EncryptIdJag {
  return async (idJag, { ras, encryption }) => {
    const keys = encryption && (await keysOf({ issuer: ras, keys: encryption }, {}));
    const chosen = chooseEncryptionKey((keys ?? []) as readonly Jwk[]);
    if (!chosen) return undefined;
    try {
      return await encryptJwt(idJag, chosen.key, chosen.algorithm);
    } catch (fault) {
      onFault(fault);
      return undefined;
    }
  };
}
