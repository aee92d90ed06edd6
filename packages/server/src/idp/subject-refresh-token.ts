import { type EpochSeconds, isDate, isName, no, ok, type Result } from '@credence/mcp/protocol';
import type { ArtifactStore } from '../store/store.ts';
import { bearerKey } from './bearer-key.ts';
import { type SubjectToken, toSubjectToken } from './subject-token.ts';

/**
 * Reads a refresh token used as subject token, under the rules of the refresh grant (IDP-14 to IDP-16): own, of this client,
 * live, its grant not revoked. One that was rotated out ends its whole family. It is not rotated here, since no new one could
 * be handed out (catalogue A10); the session and the person are judged by the caller, as for an ID Token.
 * @see https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/ §4.3.3
 */
export async function readRefreshToken(
  value: string,
  expected: { readonly clientId: string; readonly now: EpochSeconds },
  artifacts: ArtifactStore,
): Promise<Result<SubjectToken>> {
  const found =
    value.length <= 512 ? await artifacts.find('RefreshToken', bearerKey('RefreshToken', value)) : undefined;
  if (found?.kind !== 'RefreshToken') return no('refresh_token_not_accepted');
  const { clientId, accountId, grantId, sid, exp, iat, consumed, authTime, acr, amr, jkt } = found;
  if (clientId !== expected.clientId) return no('subject_token_other_client');
  if (!isName(grantId, 256)) return no('refresh_token_not_accepted');
  if (consumed !== undefined) {
    await artifacts.destroy('Grant', grantId);
    await artifacts.revokeGrant(grantId);
    return no('refresh_token_not_accepted');
  }
  if (!isDate(exp) || exp <= expected.now) return no('subject_token_expired');
  if (!(await artifacts.find('Grant', grantId))) return no('refresh_token_not_accepted');
  if (!isName(accountId, 256) || !isName(sid, 256)) return no('refresh_token_not_accepted');
  if (jkt !== undefined && !isName(jkt, 256)) return no('refresh_token_not_accepted');
  return ok({
    // One that does not say is from before everything.
    ...toSubjectToken({
      personId: accountId,
      session: sid,
      issuedAt: isDate(iat) ? iat : 0,
      authTime,
      acr,
      amr,
      keyThumbprint: jkt,
    }),
    grantId,
  });
}
