import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { createAccountLinkPage } from './account-link.ts';
import { createAfterSignIn } from './after-sign-in.ts';
import { withBreakGlassAlerts } from './break-glass.ts';
import { defaultScope } from './default-scope.ts';
import { tellWhenEnded } from './end-session.ts';
import { createHelpDesk } from './help-desk.ts';
import { createInteractions } from './interactions.ts';
import type { Context, Layer } from './layer.ts';
import { limitStarts } from './limit-starts.ts';
import { createMyAgents } from './my-agents.ts';
import { oneSpelling } from './one-spelling.ts';
import type { SignInOptions } from './options.ts';
import { withOwnPages } from './own-pages.ts';
import type { PageFrame } from './pages.ts';
import { createProvider, isHttps } from './provider.ts';
import { createProviderPages } from './provider-pages.ts';
import { publish } from './publish.ts';
import { recordAnswers } from './record-answers.ts';
import { createRefusedPage } from './refused/refused.ts';
import type { ReadRequest } from './request-body.ts';
import { createSecurityPage } from './security.ts';
import { createSignInLimit, type SignInLimits } from './sign-in-limit.ts';
import { answerFaults, limitClients } from './token-door.ts';
import { createAttempts } from './upstream/attempts.ts';
import { backChannelLogout } from './upstream/back-channel.ts';
import { upstreamCallback } from './upstream/callback.ts';
import { createUpstreamChoice } from './upstream/choice.ts';
import { upstreamSignOut } from './upstream/sign-out.ts';

/** The sign-in half of the IdP: every path of the issuer but the token exchange. */
export interface SignIn {
  /** Answers a request. A form body that was read before is taken from `body`; the listener has checked Host and path. */
  readonly callback: (incoming: ReadRequest, outgoing: ServerResponse) => Promise<void>;
  /** Takes up the ID Token keys in force now. Requests under way end as they began. */
  rebuild(): void;
}

const defaultLimits: SignInLimits = {
  perAccount: 10,
  perNetwork: 120,
  perAccountEverywhere: 100,
  perDevice: 100,
};

/**
 * People sign in here by OpenID Connect (code and PKCE), and clients get ID Tokens. Built on `oidc-provider`, in whose
 * request path stand, from the outside in: faults, what is published, limits of what begins, our own pages, limits of clients, whom to tell of the end of a session, the record, and one spelling for each path.
 */
export function createSignIn(given: SignInOptions, limits: Partial<SignInLimits> = {}): SignIn {
  const options = withBreakGlassAlerts(withOwnPages(given));
  const frame: PageFrame = { host: new URL(options.issuer).host, organisation: options.organisation };
  const { upstreams } = options;
  const attempts = createAttempts({ artifacts: options.store.artifacts, now: options.now, secure: isHttps(options) });
  const choice = upstreams && createUpstreamChoice(options, upstreams, attempts, frame);
  const limit = createSignInLimit({ ...defaultLimits, ...limits }, options.shared);
  const interactions = createInteractions(options, frame, limit, choice);
  const pages = [
    interactions,
    createSecurityPage(options, frame, limit),
    createAccountLinkPage(options, frame),
    createHelpDesk(options, frame),
    createMyAgents(options, frame),
    createRefusedPage(options, frame),
  ];
  const afterSignIn = createAfterSignIn(options);
  const upstreamLayers = (provider: Provider): readonly Layer[] =>
    upstreams
      ? [
          upstreamCallback(options, upstreams, attempts, frame, provider),
          backChannelLogout(options, upstreams, provider),
          upstreamSignOut(options, upstreams, frame),
        ]
      : [];

  const pass = randomBytes(32).toString('base64url');

  const build = () => {
    const provider = createProvider(options, createProviderPages(frame), pass);
    const ourPages: Layer = async (context: Context, next) => {
      for (const answers of pages) if (await answers(context, provider)) return;
      await next();
    };
    for (const layer of [
      answerFaults(options, frame),
      publish(options),
      defaultScope,
      limitStarts(options, frame),
      ourPages,
      ...upstreamLayers(provider),
      limitClients(options, pass),
      tellWhenEnded(options, provider),
      recordAnswers(options, frame, provider, afterSignIn),
      oneSpelling,
    ]) {
      provider.use(layer);
    }
    return provider.callback();
  };

  const { protocol, host } = new URL(options.issuer);
  let callback = build();
  return {
    callback: async (incoming, outgoing) => {
      // Secure cookies and every URL follow the issuer, which is configured, and never what the request says (TLS-02).
      incoming.headers['x-forwarded-proto'] = protocol.slice(0, -1);
      incoming.headers['x-forwarded-host'] = host;
      await callback(incoming, outgoing);
    },
    rebuild: () => {
      callback = build();
    },
  };
}
