import type Provider from 'oidc-provider';
import type { InteractionResults } from 'oidc-provider';
import type { Form } from '../../form.ts';
import { pageHeaders } from '../../pages/headers.ts';
import type { AccessClient } from '../../policy/model.ts';
import type { Person } from '../../store/store.ts';
import { makeFormToken } from './form-token.ts';
import type { Context } from './layer.ts';
import type { InteractionForm } from './pages.ts';
import type { Progress } from './progress.ts';
import { isNativeRedirect } from './redirect.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** One visit to an interaction page. */
export interface Visit {
  readonly context: Context;
  readonly provider: Provider;
  readonly interaction: Interaction;
  readonly client: AccessClient;
  readonly redirectUri: string;
}

/** What a form does in a sign-in that is under way. */
export type Take = (visit: Visit, person: Person, progress: Progress, form: Form) => Promise<void>;

/** A challenge is for one page: this interaction, and after a password this person. */
export function boundTo({ interaction }: Visit, person?: Person): string {
  return JSON.stringify([interaction.uid, person?.id ?? null]);
}

export function formOf({ interaction, client, redirectUri }: Visit, cookieKeys: readonly string[]): InteractionForm {
  return {
    action: `/interaction/${interaction.uid}`,
    token: makeFormToken(interaction.uid, cookieKeys),
    client: client.name,
    isNative: isNativeRedirect(redirectUri),
  };
}

/** @param asksPasskey - the page needs the one script there is */
export function show({ context, redirectUri }: Visit, status: number, page: string, asksPasskey = false): void {
  context.set(pageHeaders([redirectUri], [], asksPasskey));
  context.status = status;
  context.body = page;
}

/** Ends the interaction: back to the authorization endpoint, which judges the result anew. */
export async function finish({ context, provider }: Visit, result: InteractionResults): Promise<void> {
  context.redirect(await provider.interactionResult(context.req, context.res, result));
  context.status = 303;
  context.body = '';
}
