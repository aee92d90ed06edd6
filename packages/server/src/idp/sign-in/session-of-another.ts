import type Provider from 'oidc-provider';
import { endSession } from './end-session.ts';
import type { SignInOptions } from './options.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** A browser has one session. When somebody else signs in, the old one ends, and what hung on it. */
export async function endSessionOfAnother(
  options: SignInOptions,
  provider: Provider,
  interaction: Interaction,
  by: { readonly personId: string; readonly client: string; readonly address: string },
): Promise<void> {
  if (!interaction.session || interaction.session.accountId === by.personId) return;
  const facts = { client: by.client, detail: 'another person signed in with this browser' };
  await endSession(options, provider, interaction.session.uid, { address: by.address, facts, initiator: 'user' });
  interaction.session = undefined;
  await interaction.persist();
}
