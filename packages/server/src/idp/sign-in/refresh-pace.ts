import { wireCodes } from '@credence/mcp/protocol';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Pace } from '../../limits.ts';

/** Somebody's agents ask for more than one person may: to be tried again, with the refresh token that it was tried with. */
export class PersonTooFast extends errors.OIDCProviderError {
  override readonly error_description = wireCodes.temporarily_unavailable.sentence;

  constructor() {
    super(503, 'temporarily_unavailable');
  }
}

/**
 * Every refresh token is followed by another (rotation). Asked before that, and after what was used before has been found out:
 * each costs a signature, durable steps and a line, so one person's agents share a pace with the token exchange (IDP-38, T27).
 */
export function rotateAtPace(context: KoaContextWithOIDC, pace: Pace): true {
  const personId = context.oidc.entities.RefreshToken?.accountId;
  if (personId !== undefined && !pace.take(personId)) {
    context.set('retry-after', '1');
    throw new PersonTooFast();
  }
  return true;
}
