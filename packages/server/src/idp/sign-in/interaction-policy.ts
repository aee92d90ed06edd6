import { parseJws } from '@credence/mcp/protocol';
import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { satisfiesRequest } from '../../policy/sign-in-levels.ts';
import { isNativeRedirect } from './redirect.ts';

const { Check } = interactionPolicy;

/** Why the person is asked: a native program met a session that was there before it. */
export const borrowedIdReason = 'client_id_may_be_borrowed';

/** `oidc-provider` verifies the hint when a request comes, and does not look at it again when somebody has signed in for it. */
const hintReason = 'another_than_hinted';

/**
 * When a person is asked for something. Never for consent to a server: the organisation decides (design.md). The consent
 * prompt stays, because clients ask for it by name, and is finished without a page unless {@link needsConfirmation}.
 * @param subjectFor - what ID Tokens for a client call a person
 * @param more - further reasons to ask for a sign-in
 */
export function createInteractionPolicy(
  subjectFor: (clientId: string | undefined, personId: string) => string,
  more: readonly interactionPolicy.Check[] = [],
): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  const [login, consent] = [policy.get('login'), policy.get('consent')];
  if (!login || !consent) throw new Error('oidc-provider has no login or consent prompt any more');

  login.checks.add(
    new Check(
      'person_switched_off',
      'the person of this session may no longer sign in',
      'login_required',
      ({ oidc }) => oidc.session?.accountId !== undefined && oidc.account === undefined,
    ),
  );
  login.checks.add(
    new Check('acr_too_weak', 'a stronger sign-in is asked for than this session has', 'login_required', ({ oidc }) => {
      const { session, params } = oidc;
      return session?.accountId !== undefined && !satisfiesRequest(session.acr, params?.acr_values);
    }),
  );
  login.checks.add(
    new Check(hintReason, 'the person is not whom the client means', 'login_required', ({ oidc }) => {
      const hint = oidc.params?.id_token_hint;
      const meant = typeof hint === 'string' ? parseJws(hint)?.claims.sub : undefined;
      const person = oidc.session?.accountId;
      return meant !== undefined && person !== undefined && meant !== subjectFor(oidc.client?.clientId, person);
    }),
  );
  for (const check of more) login.checks.add(check);
  consent.checks.remove('native_client_prompt');
  consent.checks.add(
    new Check(borrowedIdReason, 'a native client is not let in silently', 'interaction_required', (context) =>
      needsConfirmation(context),
    ),
    0,
  );
  return policy;
}

/**
 * True when a program on the person's machine asks, and the person has done nothing for it: a live session would answer
 * any local program that borrows a known client id. RFC 8252 §8.6: "MUST NOT process authorization requests automatically"
 * (T03).
 */
export function needsConfirmation({ oidc }: KoaContextWithOIDC): boolean {
  const isAnswered = oidc.result?.login !== undefined || oidc.result?.consent !== undefined;
  return !isAnswered && isNativeRedirect(String(oidc.params?.redirect_uri));
}
