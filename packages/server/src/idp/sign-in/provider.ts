import { randomBytes } from 'node:crypto';
import { signatureAlgorithms } from '@credence/mcp/protocol';
import Provider, { type Configuration, type Grant, type KoaContextWithOIDC } from 'oidc-provider';
import { hashSecret, hasSecret, secretMatches } from '../../clients/authenticate.ts';
import { isRemote } from '../../clients/remote-clients.ts';
import { acrOf } from '../../policy/sign-in-levels.ts';
import type { Store } from '../../store/store.ts';
import { subjectAt } from '../subject.ts';
import { createAdapter } from './adapter.ts';
import { judgeCertificates } from './certificate-door.ts';
import { rememberUnavailable, toMetadata } from './clients.ts';
import { refuseNothing } from './default-scope.ts';
import { tell } from './end-session.ts';
import { createInteractionPolicy, needsConfirmation } from './interaction-policy.ts';
import { bindSignInsToKeys, readProof } from './key-binding.ts';
import type { SignInOptions } from './options.ts';
import { toProviderKey } from './provider-key.ts';
import { isRegisteredRedirect } from './redirect.ts';
import { rotateAtPace } from './refresh-pace.ts';
import { saveSessionsWhole } from './session-saves.ts';
import { interactionSeconds, keepAuthTime, secondsLeft } from './session-times.ts';
import { createAcrCheck } from './upstream/acr-check.ts';

/** Pages that the provider asks for while it answers. */
export interface ProviderPages {
  readonly refused: NonNullable<Configuration['renderError']>;
  readonly signOut: (context: KoaContextWithOIDC, form: string) => Promise<void>;
  readonly signedOut: (context: KoaContextWithOIDC) => Promise<void>;
}

/**
 * Builds an `oidc-provider` for the keys in force now; it takes a millisecond or two.
 * @param pass - what a client is passed on with that has proven itself by an assertion: see assertion-door.ts
 */
export function createProvider(options: SignInOptions, pages: ProviderPages, pass: string): Provider {
  // No hash of a live secret equals it, it changes with every start, and nothing is ever signed with it.
  const noSecret = randomBytes(32).toString('base64url');
  const idTokenAlgorithm = options.idTokenKeys()[0]?.alg ?? 'RS256';
  const findClient = async (id: string) => {
    const client = options.clients().get(id);
    if (!client || !isRemote(client)) return client && toMetadata(client, noSecret, idTokenAlgorithm);
    const whole = await options.complete(client);
    if (whole.ok) return toMetadata(whole.value, noSecret, idTokenAlgorithm);
    rememberUnavailable(Provider.ctx, whole.refusal);
    return undefined;
  };
  const subjectFor = (clientId: string | undefined, personId: string) => {
    const audience = options.clients().get(clientId ?? '')?.subjectsOf;
    return audience ? subjectAt(personId, audience.ras, audience, options.subjectSecret) : personId;
  };
  const provider = new Provider(options.issuer, {
    ...(isHttps(options) ? secureCookies : plainCookies)(options.cookieKeys),
    adapter: createAdapter(options.store, findClient, options.now),
    jwks: { keys: options.idTokenKeys().map((key) => toProviderKey(key, options)) },
    features: {
      devInteractions: { enabled: false },
      dPoP: {
        enabled: true,
        // Asked at every endpoint that takes a proof, before the proof is verified.
        requireNonce: (context) => {
          readProof(context);
          return options.dpopNonces !== undefined;
        },
        ...(options.dpopNonces && { nonceSecret: options.dpopNonces.secret }),
      },
      resourceIndicators: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      ...judgeCertificates(options),
      externalSigningSupport: { enabled: true, ack: 'experimental-01' }, // for keys in a token
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: pages.signOut, postLogoutSuccessSource: pages.signedOut },
    },
    responseTypes: ['code'],
    // As in ID-JAGs for the RAS that the client signs people in for (IDP-26).
    subjectTypes: ['public', 'pairwise'],
    pairwiseIdentifier: async (_context, personId, { clientId }) => subjectFor(clientId, personId),
    routes: { userinfo: '/userinfo' }, // `/me` is a page for people
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none', 'tls_client_auth'],
    enabledJWA: {
      dPoPSigningAlgValues: [...signatureAlgorithms],
      idTokenSigningAlgValues: [idTokenAlgorithm],
    },
    acrValues: Object.values(acrOf),
    extraParams: { scope: refuseNothing },
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time'], profile: ['name'], email: ['email'] },
    pkce: { required: () => true },
    clockTolerance: options.skewSeconds,
    ttl: lifetimes(options),
    rotateRefreshToken: (context) => rotateAtPace(context, options.pace),
    // Whatever hangs on a session ends with it (IDP-13), offline_access or not: agents work for a person who signed in.
    expiresWithSession: async () => true,
    loadExistingGrant: (context) => findOrMakeGrant(context, options),
    findAccount: (_context, id) => findAccount(options.store, id),
    interactions: {
      url: (_context, { uid }) => `/interaction/${uid}`,
      policy: createInteractionPolicy(subjectFor, options.upstreams ? [createAcrCheck()] : []),
    },
    renderError: pages.refused,
    clientBasedCORS: () => false,
    // Only to say that a session has ended: clients come with their keys.
    fetch: (url, init) => options.fetch(String(url), init),
  });

  const passHash = hashSecret(pass);
  const { prototype } = provider.Client;
  prototype.compareClientSecret = function compare(secret: string) {
    const client = options.clients().get(this.clientId);
    return secretMatches(secret, client && hasSecret(client) ? options.secretHashes(this.clientId) : [passHash]);
  };
  prototype.redirectUriAllowed = function isAllowed(uri: string) {
    return isRegisteredRedirect(uri, this.redirectUris ?? []);
  };
  prototype.postLogoutRedirectUriAllowed = function isAllowed(uri: string) {
    return isRegisteredRedirect(uri, this.postLogoutRedirectUris ?? []);
  };
  bindSignInsToKeys(provider, options);
  keepAuthTime(provider, options.now);
  saveSessionsWhole(provider, options.store, options.now);
  endSessionsWithBulletin(provider, options);
  // Every ID Token names its session: without sid nobody could tell whether it still stands (IDP-13, IDP-40).
  prototype.includeSid = () => true;
  // The scheme is the issuer's, whatever a proxy says: see `callback` in sign-in.ts.
  provider.proxy = true;
  provider.silent = true;
  return provider;
}

/** A session is destroyed when its owner signs out: with all that other tabs have put into it since this one read it. */
function endSessionsWithBulletin(provider: Provider, options: SignInOptions): void {
  provider.Session.prototype.destroy = async function destroy() {
    const known = new Set(Object.values(this.authorizations ?? {}).map(({ sid }) => sid));
    const held = await options.store.sessions.signOut(this.uid);
    Object.assign(this, { destroyed: true });
    const others = held.filter(({ sid }) => !known.has(sid));
    if (this.accountId !== undefined) await tell(options, provider, this.accountId, others);
  };
}

export function isHttps({ issuer }: Pick<SignInOptions, 'issuer'>): boolean {
  return issuer.startsWith('https:');
}

const cookie = { httpOnly: true, sameSite: 'lax', signed: true } as const;

/** `__Host-` where the path is `/`; the others are bound to the path of one interaction. */
function secureCookies(keys: readonly string[]): Pick<Configuration, 'cookies'> {
  const names = {
    session: '__Host-credence_session',
    interaction: '__Secure-credence_interaction',
    resume: '__Secure-credence_resume',
  };
  return { cookies: { names, long: { ...cookie, secure: true }, short: { ...cookie, secure: true }, keys } };
}

/** For clear http on loopback, where browsers refuse the prefixes. */
function plainCookies(keys: readonly string[]): Pick<Configuration, 'cookies'> {
  const names = { session: 'credence_session', interaction: 'credence_interaction', resume: 'credence_resume' };
  return { cookies: { names, long: cookie, short: cookie, keys } };
}

function lifetimes(options: SignInOptions): NonNullable<Configuration['ttl']> {
  const { idTokenSeconds, sessionSeconds } = options;
  return {
    AuthorizationCode: 60,
    IdToken: Math.min(idTokenSeconds, 43_200),
    // Clients take `expires_in` for the lifetime of everything they got.
    AccessToken: Math.min(idTokenSeconds, 43_200),
    RefreshToken: sessionSeconds,
    Grant: sessionSeconds,
    Interaction: interactionSeconds,
    Session: (_context, session) => secondsOf(session, options),
  };
}

function secondsOf({ loginTs }: { readonly loginTs?: number | undefined }, options: SignInOptions): number {
  const { sessionSeconds, sessionIdleSeconds } = options;
  const limits = { sessionSeconds, sessionIdleSeconds, signingInSeconds: interactionSeconds, now: options.now() };
  return secondsLeft(loginTs, limits);
}

/** The person as the directory has them now; one who is switched off is nobody. */
async function findAccount({ people }: Store, id: string) {
  const person = await people.find(id);
  if (!person?.active) return undefined;
  const { name, email } = person;
  return { accountId: id, claims: () => ({ sub: id, name, email }) };
}

/**
 * The grant under which a client gets tokens in this session, made on the spot: nobody is asked for consent. Not before
 * the person has answered, where an answer is due.
 */
async function findOrMakeGrant(context: KoaContextWithOIDC, options: SignInOptions): Promise<Grant | undefined> {
  const { client, session, account, provider, requestParamOIDCScopes } = context.oidc;
  if (!client || !session || !account) return undefined;
  const known = session.grantIdFor(client.clientId);
  const existing = known === undefined ? undefined : await provider.Grant.find(known);
  if (needsConfirmation(context)) return existing;

  const grant = existing ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  const covered = new Set(grant.getOIDCScope().split(' '));
  if (existing && [...requestParamOIDCScopes].every((scope) => covered.has(scope))) return existing;
  grant.addOIDCScope(requestParamOIDCScopes);
  await grant.save();
  session.ensureClientContainer(client.clientId);
  session.grantIdFor(client.clientId, grant.jti);
  // Now, and not after the answer: another tab of this client may be at it, and what both are given has to hang on one grant.
  await session.save(secondsOf(session, options));
  if (session.grantIdFor(client.clientId) === grant.jti) return grant;
  await grant.destroy();
  return findOrMakeGrant(context, options);
}
