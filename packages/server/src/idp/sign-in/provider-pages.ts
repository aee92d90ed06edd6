import type { KoaContextWithOIDC } from 'oidc-provider';
import { pageHeaders } from '../../pages/headers.ts';
import { type PageFrame, type Refused, signedOutPage, signOutPage } from './pages.ts';
import type { ProviderPages } from './provider.ts';

/** Pages that `oidc-provider` asks for by itself: around signing out, and refusals, which the record completes. */
export function createProviderPages(frame: PageFrame): ProviderPages {
  return {
    // Nothing is shown yet: the page names its record, and that is written next.
    refused: async (context) => {
      context.body = '';
    },
    signOut: async (context) => {
      const { session, client, params } = context.oidc;
      const next = params?.post_logout_redirect_uri;
      context.set(pageHeaders(typeof next === 'string' ? [next] : []));
      context.body = signOutPage(frame, {
        action: context.oidc.urlFor('end_session_confirm'),
        secret: String(session?.state?.secret),
        client: client?.clientName,
      });
    },
    signedOut: async (context) => {
      context.set(pageHeaders());
      context.body = signedOutPage(frame, context.oidc.client?.clientName);
    },
  };
}

/** Says to a person what `oidc-provider` refused, and to whoever looks after the client in the protocol's own words. */
export function toRefused(
  oidc: KoaContextWithOIDC['oidc'],
  error: { error: string; error_description?: string | undefined },
): Refused {
  const client = oidc.client?.clientName ?? 'The program that sent you here';
  const technical = [error.error, error.error_description].filter(Boolean).join(': ').slice(0, 300);
  const isSignOut = oidc.route.startsWith('end_session');
  const tellThem =
    'Nothing happened, and it is not your fault. Whoever looks after the program can use the lines below.';
  if (error.error === 'invalid_client') {
    const title = 'We do not know the program that sent you here.';
    return { state: 'Refused', title, lead: tellThem, technical };
  }
  if (error.error === 'invalid_redirect_uri') {
    const title = `${client} wants the answer at an address that is not registered for it.`;
    return { state: 'Refused', title, lead: tellThem, technical };
  }
  if (oidc.route === 'resume') {
    const lead = 'It was open too long, or it was finished before. Go back to your agent and start signing in again.';
    return { state: 'Expired', title: 'This sign-in is no longer good.', lead, technical };
  }
  const title = isSignOut ? 'You cannot be signed out this way.' : `${client} asked for something that cannot be.`;
  return { state: 'Refused', title, lead: tellThem, technical };
}
