import { createHash, randomBytes } from 'node:crypto';
import { type Arrival, type Browser, openBrowser, type Page } from './browser.ts';

export interface SignInRequest {
  /** The identity provider; everything else is read from its discovery document. */
  readonly issuer: string;
  readonly client: { readonly client_id: string; readonly client_secret: string | null };
  readonly email: string;
  readonly password: string;
  readonly scope?: string;
  /** A loopback address. Nothing needs to listen there: this program reads the redirect instead of following it. */
  readonly redirectUri?: string;
  /** Given again, its cookies carry the live session to the next sign-in. */
  readonly browser?: Browser;
  readonly fetch?: typeof fetch;
}

export interface SignedIn {
  readonly id_token: string;
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Pages a person would have seen on the way. */
  readonly pagesSeen: number;
}

interface Discovered {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

export const defaultRedirectUri = 'http://127.0.0.1:53682/callback';
const defaultScope = 'openid offline_access';

/** Signs a person in as a native client does: authorization code with PKCE through the provider's own login page. */
export async function signIn(request: SignInRequest): Promise<SignedIn> {
  const fetchFn = request.fetch ?? fetch;
  const provider = await discover(request.issuer, fetchFn);
  const verifier = randomBytes(32).toString('base64url');
  const { code, pagesSeen } = await authorize(provider, request, verifier);
  const tokens = await redeemCode(provider, request, code, verifier, fetchFn);
  return { ...tokens, claims: claimsOf(tokens.id_token), pagesSeen };
}

/** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig */
export async function discover(issuer: string, fetchFn: typeof fetch = fetch): Promise<Discovered> {
  const response = await fetchFn(`${issuer}/.well-known/openid-configuration`);
  const metadata = (await response.json()) as Discovered;
  if (metadata.issuer !== issuer) throw new Error(`${issuer} calls itself ${metadata.issuer}.`);
  return metadata;
}

/** Walks from the authorization endpoint through the login page to the code. */
export async function authorize(
  provider: Discovered,
  request: SignInRequest,
  verifier: string,
): Promise<{ code: string; pagesSeen: number }> {
  const redirectUri = request.redirectUri ?? defaultRedirectUri;
  const scope = request.scope ?? defaultScope;
  const state = randomBytes(16).toString('base64url');
  const url = new URL(provider.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: request.client.client_id,
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(scope.includes('offline_access') && { prompt: 'consent' }),
  }).toString();

  const browser = request.browser ?? openBrowser(redirectUri, request.fetch);
  const { redirect, pagesSeen } = await walk(browser, await browser.visit(url), request);
  const answer = redirect.searchParams;
  if (answer.has('error'))
    throw new Error(`Sign-in refused: ${answer.get('error')} ${answer.get('error_description')}`);
  const code = answer.get('code');
  // Mix-up: the answer must be to this request and from this provider (RFC 9207).
  if (answer.get('state') !== state || answer.get('iss') !== provider.issuer || code === null) {
    throw new Error(`Not the answer to this sign-in: ${redirect.origin}${redirect.pathname}`);
  }
  return { code, pagesSeen };
}

/** Fills in what each page asks for until the redirect comes. */
export async function walk(
  browser: Browser,
  start: Arrival,
  { email, password }: Pick<SignInRequest, 'email' | 'password'>,
): Promise<{ redirect: URL; pagesSeen: number }> {
  let arrival = start;
  let pagesSeen = 0;
  let passwordSent = false;
  while ('page' in arrival) {
    pagesSeen += 1;
    const { page } = arrival;
    const login = page.forms.find(({ fields }) => fields.some(({ type }) => type === 'password'));
    if ((login && passwordSent) || pagesSeen > 4) throw new Error(`Sign-in got stuck: ${headingOf(page)}`);
    const form = login ?? page.forms[0];
    if (!form) throw new Error(`Sign-in ended at a page without a form (${page.status}): ${headingOf(page)}`);

    const values = form.fields.flatMap(({ name, type }) => {
      if (type === 'password') return [[name, password]];
      if (type === 'email' || (login && type === 'text')) return [[name, email]];
      return [];
    });
    passwordSent ||= login !== undefined;
    arrival = await browser.submit(form, Object.fromEntries(values));
  }
  return { redirect: arrival.redirect, pagesSeen };
}

async function redeemCode(
  provider: Discovered,
  { client, redirectUri = defaultRedirectUri }: SignInRequest,
  code: string,
  verifier: string,
  fetchFn: typeof fetch,
): Promise<Pick<SignedIn, 'id_token' | 'access_token' | 'refresh_token'>> {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    client_id: client.client_id,
    ...(client.client_secret !== null && { client_secret: client.client_secret }),
  });
  const response = await fetchFn(provider.token_endpoint, { method: 'POST', body });
  const answer = (await response.json()) as Pick<SignedIn, 'id_token' | 'access_token' | 'refresh_token'>;
  if (!response.ok) throw new Error(`The code was refused: ${JSON.stringify(answer)}`);
  return answer;
}

/** Read, not verified: the token came straight from the issuer (OpenID Connect Core §3.1.3.7, 6). */
function claimsOf(idToken: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

function headingOf({ html }: Page): string {
  const [, heading] = /<h1[^>]*>([\s\S]*?)<\/h1>/i.exec(html) ?? [];
  const [, alert] = /role="alert"[^>]*>([\s\S]*?)<\//i.exec(html) ?? [];
  const text = [heading, alert].filter((part) => part !== undefined).join(': ');
  return (text || html.slice(0, 200))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
