import { interactionPolicy } from 'oidc-provider';
import { coversAcr } from '../../../policy/sign-in-levels.ts';

const { Check } = interactionPolicy;

/**
 * Where an upstream signs people in, `acr_values` names what only it can give: a session that has none of these words is
 * led there once more. A sign-in that has just been does not come back here: the answer of the upstream was checked, and a
 * password of this server is what it is.
 */
export function createAcrCheck(): interactionPolicy.Check {
  return new Check('acr_not_held', 'a sign-in of another kind is asked for', 'login_required', ({ oidc }) => {
    const asked = typeof oidc.params?.acr_values === 'string' ? oidc.params.acr_values.split(' ') : [];
    const isAnswered = oidc.result?.login !== undefined || oidc.session?.accountId === undefined;
    return !isAnswered && asked.some((acr) => acr !== '') && !asked.some((acr) => coversAcr(oidc.session?.acr, acr));
  });
}
