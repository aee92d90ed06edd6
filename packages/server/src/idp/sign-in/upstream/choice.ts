import type Provider from 'oidc-provider';
import type { AskedStrength } from '../../../directory/upstream/strength.ts';
import { toStrengthParameters } from '../../../directory/upstream/strength.ts';
import type { Form } from '../../../form.ts';
import { pageHeaders } from '../../../pages/headers.ts';
import type { Context } from '../layer.ts';
import type { SignInOptions } from '../options.ts';
import type { InteractionForm, PageFrame } from '../pages.ts';
import type { Attempts } from './attempts.ts';
import type { UpstreamOptions } from './options.ts';
import { choicePage, goingPage } from './pages.ts';
import { showUpstreamRefusal } from './refused.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** What the choice needs of a visit to an interaction page. */
export interface ChoiceVisit {
  readonly context: Context;
  readonly interaction: Interaction;
  readonly client: { readonly id: string };
  readonly redirectUri: string;
}

/** The first page where the organisation has identity providers, and the way to the one that was chosen. */
export interface UpstreamChoice {
  show(visit: ChoiceVisit, form: InteractionForm, email: string, another?: boolean): void;
  /** Answers what the page sent, or says that the password page is next. */
  submitted(visit: ChoiceVisit, form: Form): Promise<'answered' | 'password' | 'not_ours'>;
}

/** More would be a list to search; then the address decides. */
const maxButtons = 4;

export function createUpstreamChoice(
  options: SignInOptions,
  { parties }: UpstreamOptions,
  attempts: Attempts,
  frame: PageFrame,
): UpstreamChoice {
  const upstreams = [...parties.values()].map(({ upstream }) => upstream);
  const byDomain = new Map(upstreams.flatMap(({ mapping, name }) => mapping.domains.map((domain) => [domain, name])));
  const buttons = upstreams.length <= maxButtons ? upstreams.map(({ name, label }) => ({ name, label })) : [];

  async function go({ context, interaction, client }: ChoiceVisit, name: string, email: string, another: boolean) {
    const party = parties.get(name);
    if (!party) return 'not_ours' as const;
    const { upstream } = party;
    const asked = toAsked(interaction, upstream.maxAge);
    const attempt = await attempts.open(context, { upstream: name, interaction: interaction.uid, asked });
    const prompt = [asked.again && 'login', another && 'select_account'].filter(Boolean).join(' ');
    const url = await party.begin(attempt, {
      ...toStrengthParameters(asked, upstream.acr),
      ...(prompt !== '' && { prompt }),
      ...(email !== '' && { login_hint: email }),
    });
    if (!url.ok) {
      const again = `/interaction/${interaction.uid}`;
      await showUpstreamRefusal(options, frame, context, { upstream, reason: url.refusal, client: client.id, again });
      return 'answered' as const;
    }
    context.set({ ...pageHeaders(), refresh: `0;url=${url.value}` });
    context.status = 200;
    context.body = goingPage(frame, { label: upstream.label, url: url.value });
    return 'answered' as const;
  }

  return {
    show({ context, redirectUri }, form, email, another = false) {
      context.set(pageHeaders([redirectUri]));
      context.status = 200;
      context.body = choicePage(frame, { ...form, email, buttons, another });
    },

    async submitted(visit, form) {
      const [deed = '', name] = (form.get('do') ?? '').split(':');
      const email = (form.get('email') ?? '').trim().slice(0, 256);
      const another = form.get('another') === 'yes';
      if (deed === 'password') return 'password';
      if (deed === 'upstream' && name !== undefined) return go(visit, name, email, another);
      if (deed !== 'identify') return 'not_ours';
      // By the domain alone: whether there is such a person shows neither here nor on the next page.
      const home = byDomain.get(email.slice(email.lastIndexOf('@') + 1).toLowerCase());
      return home === undefined ? 'password' : go(visit, home, email, another);
    },
  };
}

/** What the client asked of this sign-in; the configuration of the upstream may ask for more. */
function toAsked({ params, prompt }: Interaction, maxAge: number | undefined): AskedStrength {
  const asked = params.max_age === undefined ? undefined : Number(params.max_age);
  const ages = [asked, maxAge].filter((age) => age !== undefined);
  const essential = (prompt.details as { acr?: { value?: unknown; values?: unknown } }).acr;
  const values = [essential?.values ?? essential?.value ?? []].flat();
  const voluntary = typeof params.acr_values === 'string' ? params.acr_values.split(' ') : [];
  return {
    again: String(params.prompt ?? '')
      .split(' ')
      .includes('login'),
    maxAge: ages.length > 0 ? Math.min(...ages) : undefined,
    acr: (values.length > 0 ? values : voluntary).filter((acr): acr is string => typeof acr === 'string' && acr !== ''),
  };
}
