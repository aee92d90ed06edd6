import { createHash, randomBytes } from 'node:crypto';
import type { RelyingParty } from '../../../directory/upstream/relying-party.ts';
import { pageHeaders } from '../../../pages/headers.ts';
import type { UpstreamSession } from '../../../store/store.ts';
import type { Context, Layer } from '../layer.ts';
import type { SignInOptions } from '../options.ts';
import { type PageFrame, signedOutPage } from '../pages.ts';
import type { UpstreamOptions } from './options.ts';
import { signOutTherePage } from './pages.ts';

const model = 'UpstreamSignOut';
const seconds = 600;

/**
 * Signing out here leads to signing out there (RP-initiated logout), and from there to where the client wanted the person.
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
export function upstreamSignOut(options: SignInOptions, upstreams: UpstreamOptions, frame: PageFrame): Layer {
  const { store, now, issuer } = options;
  const returnPath = (name: string) => `/sign-in/upstream/${name}/signed-out`;

  return async (context: Context, next) => {
    const [, name] = /^\/sign-in\/upstream\/([a-z0-9-]{1,32})\/signed-out$/.exec(context.path) ?? [];
    if (name !== undefined && upstreams.parties.has(name) && context.method === 'GET') return cameBack(context, name);
    await next();
    const { oidc } = context;
    // A resumed sign-in of somebody else passes here too: it goes on to `/auth/...`, and nobody asked to leave.
    const location = context.response.get('location');
    const isOver = oidc?.route === 'end_session_confirm' && oidc.session?.destroyed === true && location !== '';
    if (!isOver || location.startsWith(`${issuer}/auth/`)) return;
    const there = await store.upstream.findSession(oidc.session?.uid ?? '');
    if (!there) return;
    await store.upstream.forgetSession(there.sessionUid);
    const party = upstreams.parties.get(there.upstream);
    const endpoint = await party?.endSessionEndpoint();
    if (party && endpoint !== undefined) await lead(context, party, endpoint, there, location);
  };

  async function lead(
    context: Context,
    { upstream }: RelyingParty,
    endpoint: string,
    { idToken }: UpstreamSession,
    location: string,
  ): Promise<void> {
    const state = randomBytes(32).toString('base64url');
    await store.artifacts.upsert(model, hash(state), { upstream: upstream.name, location }, now() + seconds);
    const method = upstream.signOut === 'form' ? 'post' : 'get';
    const hint = method === 'post' ? open(idToken) : undefined;
    const inputs: [string, string][] = [
      ...(hint === undefined ? [] : [['id_token_hint', hint] as [string, string]]),
      ['client_id', upstream.clientId],
      ['post_logout_redirect_uri', `${issuer}${returnPath(upstream.name)}`],
      ['state', state],
    ];
    context.remove('location');
    // Hosts of the upstream send on to further ones, and browsers hold each hop against the policy of the page.
    context.set(pageHeaders([endpoint, location], ['https:']));
    context.status = 200;
    context.body = signOutTherePage(frame, { label: upstream.label, method, action: endpoint, inputs, stay: location });
  }

  /** Only where a browser of ours was sent from: the state is good once, and says where to. */
  async function cameBack(context: Context, name: string): Promise<void> {
    const id = hash(new URLSearchParams(context.querystring).get('state') ?? '');
    const kept = await store.artifacts.find(model, id);
    const isFirst = kept?.upstream === name && (await store.artifacts.consume(model, id, now()));
    if (isFirst && typeof kept.location === 'string') {
      context.redirect(kept.location);
      context.status = 303;
      context.body = '';
      return;
    }
    context.set(pageHeaders());
    context.status = 200;
    context.body = signedOutPage(frame, undefined);
  }

  function open(sealed: string): string | undefined {
    try {
      return upstreams.seal.open(sealed);
    } catch (fault) {
      options.onFault(fault);
      return undefined;
    }
  }
}

function hash(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}
