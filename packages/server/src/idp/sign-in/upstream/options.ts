import type { Jwk, VerifiedJwt } from '@credence/mcp/protocol';
import type { RelyingParty } from '../../../directory/upstream/relying-party.ts';

/** The identity providers of the organisation, as the sign-in works with them. */
export interface UpstreamOptions {
  /** By name, in the order of the configuration. */
  readonly parties: ReadonlyMap<string, RelyingParty>;
  /** Closes the ID Tokens that are kept for signing out over there; its key is not in the store (T25). */
  readonly seal: { close(plain: string): string; open(sealed: string): string };
  /** Keys of an upstream, for its logout tokens; `undefined` while they cannot be had. */
  readonly keysOf: (issuer: string, header: VerifiedJwt['header']) => MaybeKeys | Promise<MaybeKeys>;
}

type MaybeKeys = readonly Jwk[] | undefined;
