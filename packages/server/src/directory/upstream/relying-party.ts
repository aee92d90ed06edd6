import { webcrypto } from 'node:crypto';
import { type EpochSeconds, isName, type JsonObject, no, ok, type Refusal, type Result } from '@credence/mcp/protocol';
import * as client from 'openid-client';
import type { Egress } from '../../egress.ts';
import type { Upstream } from './settings.ts';

/** What one sign-in at an upstream remembers between going there and coming back. */
export interface Attempt {
  readonly state: string;
  readonly nonce: string;
  /** PKCE (RFC 7636). */
  readonly verifier: string;
}

/** What came back, verified: signature, issuer, audience, nonce and times. */
export interface UpstreamAnswer {
  readonly claims: JsonObject;
  readonly subject: string;
  /** The session over there, where it says one. */
  readonly sid: string | undefined;
  /** Kept for signing out over there. */
  readonly idToken: string;
}

/** What it takes to know of somebody who signs people in. */
type Provider = Pick<Upstream, 'name' | 'issuer' | 'clientId' | 'scopes' | 'userinfo'>;

/** A client of one upstream, by OpenID Connect with code, PKCE, state, nonce and `iss`. */
export interface RelyingParty<U extends Provider = Upstream> {
  readonly upstream: U;
  /** Where a browser is sent. */
  begin(attempt: Attempt, more: Readonly<Record<string, string>>): Promise<Result<string>>;
  /** Trades the code in the address the browser came back with. */
  finish(returned: URLSearchParams, attempt: Attempt): Promise<Result<UpstreamAnswer>>;
  /** Where a browser signs out over there, or `undefined` where that cannot be. */
  endSessionEndpoint(): Promise<string | undefined>;
}

export interface RelyingPartyOptions {
  /** Of this upstream alone: two upstreams never share one (mix-up, RFC 9700 §4.4). */
  readonly redirectUri: string;
  /** Secret or private JWK, as read from the file. */
  readonly credential: UpstreamCredential;
  readonly egress: Egress;
  readonly skewSeconds: number;
  readonly now: () => EpochSeconds;
  readonly allowLoopback: boolean;
  /** Told what failed in the protocol's own words; never a token. */
  readonly onFault: (upstream: string, fault: unknown) => void;
}

export type UpstreamCredential =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'key'; readonly jwk: JsonObject }
  /** PKCE alone, where the address that the code is sent to is as good as a secret. */
  | { readonly kind: 'none' };

const metadataSeconds = 600;
const aliveSeconds = 10;

export function createRelyingParty<U extends Provider>(upstream: U, options: RelyingPartyOptions): RelyingParty<U> {
  let known: { configuration: client.Configuration; at: EpochSeconds } | undefined;

  /**
   * Metadata, not older than `seconds`. Before a browser is sent away it is read nearly every time, which tells an outage
   * from here, with a page of ours; for one that comes back, what was read before stands when reading fails.
   */
  async function configuration(seconds: number): Promise<client.Configuration> {
    if (known && options.now() - known.at < seconds) return known.configuration;
    try {
      known = { configuration: await discover(upstream, options), at: options.now() };
    } catch (fault) {
      if (!known || seconds < metadataSeconds) throw fault;
      options.onFault(upstream.name, fault);
    }
    return known.configuration;
  }

  return {
    upstream,
    async begin({ state, nonce, verifier }, more) {
      try {
        const url = client.buildAuthorizationUrl(await configuration(aliveSeconds), {
          ...more,
          redirect_uri: options.redirectUri,
          scope: upstream.scopes.join(' '),
          state,
          nonce,
          code_challenge: await client.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        });
        return isWeb(url, options.allowLoopback) ? ok(url.href) : no('upstream_unreachable');
      } catch (fault) {
        options.onFault(upstream.name, fault);
        return no('upstream_unreachable');
      }
    },

    async finish(returned, { state, nonce, verifier }) {
      const address = new URL(options.redirectUri);
      address.search = returned.toString();
      try {
        const config = await configuration(metadataSeconds);
        const tokens = await client.authorizationCodeGrant(config, address, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        });
        const claims = tokens.claims() as JsonObject | undefined;
        if (!claims || !isName(claims.sub, 256) || tokens.id_token === undefined) {
          return no('upstream_answer_invalid');
        }
        // What was signed wins over what was merely fetched.
        const more = upstream.userinfo ? await client.fetchUserInfo(config, tokens.access_token, claims.sub) : {};
        return ok({
          claims: { ...more, ...claims },
          subject: claims.sub,
          sid: typeof claims.sid === 'string' ? claims.sid : undefined,
          idToken: tokens.id_token,
        });
      } catch (fault) {
        options.onFault(upstream.name, fault);
        return no(toRefusal(fault));
      }
    },

    async endSessionEndpoint() {
      try {
        const { end_session_endpoint: endpoint } = (await configuration(metadataSeconds)).serverMetadata();
        const isUsable = endpoint && URL.canParse(endpoint) && isWeb(new URL(endpoint), options.allowLoopback);
        return isUsable ? endpoint : undefined;
      } catch (fault) {
        options.onFault(upstream.name, fault);
        return undefined;
      }
    },
  };
}

async function discover(upstream: Provider, options: RelyingPartyOptions): Promise<client.Configuration> {
  const metadata = { redirect_uris: [options.redirectUri], [client.clockTolerance]: options.skewSeconds };
  return client.discovery(new URL(upstream.issuer), upstream.clientId, metadata, await toAuthentication(options), {
    [client.customFetch]: (url, init) => options.egress.fetch(url, { ...init, readsJson: true }),
    // The signature is checked although TLS would do: the ID Token decides who somebody is (MCC-07).
    execute: [client.enableNonRepudiationChecks, ...(options.allowLoopback ? [client.allowInsecureRequests] : [])],
  });
}

async function toAuthentication({ credential }: RelyingPartyOptions): Promise<client.ClientAuth> {
  if (credential.kind === 'none') return client.None();
  if (credential.kind === 'secret') {
    const [basic, post] = [client.ClientSecretBasic(credential.secret), client.ClientSecretPost(credential.secret)];
    return (server, ...rest) => {
      const offered = server.token_endpoint_auth_methods_supported;
      const isBasic = offered === undefined || offered.includes('client_secret_basic');
      return (isBasic ? basic : post)(server, ...rest);
    };
  }
  const { jwk } = credential;
  const algorithm = keyAlgorithms[String(jwk.alg)];
  if (!algorithm) throw new Error('the client key has no alg that is known');
  const key = await webcrypto.subtle.importKey('jwk', jwk as webcrypto.JsonWebKey, algorithm, false, ['sign']);
  return client.PrivateKeyJwt(typeof jwk.kid === 'string' ? { key, kid: jwk.kid } : key);
}

const keyAlgorithms: Readonly<Record<string, webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams>> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
};

/** A browser is sent to web addresses only: metadata may say `javascript:` (T40). */
function isWeb({ protocol }: URL, allowLoopback: boolean): boolean {
  return protocol === 'https:' || (protocol === 'http:' && allowLoopback);
}

const refusedClient = ['invalid_client', 'unauthorized_client'];

/** What an upstream says to the browser; anything else is about how we are registered there. */
const toldRefusals: Readonly<Record<string, Refusal | undefined>> = {
  access_denied: 'upstream_refused',
  login_required: 'upstream_refused',
  interaction_required: 'upstream_refused',
  consent_required: 'upstream_refused',
  account_selection_required: 'upstream_refused',
  unmet_authentication_requirements: 'upstream_too_weak',
  server_error: 'upstream_unreachable',
  temporarily_unavailable: 'upstream_unreachable',
};

/** What a failure means: for the person a page, for the operator a reason. */
function toRefusal(fault: unknown): Refusal {
  if (fault instanceof client.AuthorizationResponseError) {
    const isTold = Object.hasOwn(toldRefusals, fault.error);
    return (isTold ? toldRefusals[fault.error] : undefined) ?? 'upstream_client_refused';
  }
  if (fault instanceof client.ResponseBodyError) {
    if (fault.status >= 500) return 'upstream_unreachable';
    return refusedClient.includes(fault.error) ? 'upstream_client_refused' : 'upstream_code_refused';
  }
  if (fault instanceof client.WWWAuthenticateChallengeError) return 'upstream_client_refused';
  const isAnswer = fault instanceof client.ClientError && failedChecks.has(String(fault.code));
  return isAnswer ? 'upstream_answer_invalid' : 'upstream_unreachable';
}

/** An answer that arrived whole and is not what it has to be; everything else is somebody on the way. */
const failedChecks = new Set(
  [
    'INVALID_RESPONSE',
    'PARSE_ERROR',
    'JWT_TIMESTAMP_CHECK_FAILED',
    'JWT_CLAIM_COMPARISON_FAILED',
    'JSON_ATTRIBUTE_COMPARISON_FAILED',
    'KEY_SELECTION_FAILED',
    'UNSUPPORTED_OPERATION',
  ].map((name) => `OAUTH_${name}`),
);
