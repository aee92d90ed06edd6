// The identity provider of a company, as a process of its own: `oidc-provider`, two people, and a second factor where
// `acr_values` asks for it. Says `ready` on standard output. For tests.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import Provider, { type Configuration, interactionPolicy, type JWK } from 'oidc-provider';
import { generatePrivateJwk } from '../packages/server/src/keys/signer.ts';

const [port = '', credence = '', secret = ''] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;
const strong = 'urn:company:two-factor';

const people = new Map(
  Object.entries({
    gina: { name: 'Gina', email: 'gina@acme.example', email_verified: true, groups: ['engineering', 'Domain Users'] },
    mario: { name: 'Mario', email: 'mario@acme.example', email_verified: true, groups: ['marketing'] },
  }),
);

/** `sid` values by person, to end sessions from this side. */
const sids = new Map<string, Set<string>>();

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'credence',
      client_secret: secret,
      redirect_uris: [`${credence}/sign-in/upstream/company`],
      post_logout_redirect_uris: [`${credence}/sign-in/upstream/company/signed-out`],
      backchannel_logout_uri: `${credence}/backchannel-logout/company`,
      backchannel_logout_session_required: true,
    },
  ],
  jwks: { keys: [{ ...generatePrivateJwk('RS256') } as JWK] },
  // Signing out by form as well, which OpenID Connect RP-Initiated Logout 1.0 §2 demands and this library couples to cookies.
  enableHttpPostMethods: true,
  cookies: { keys: [randomBytes(16).toString('hex')], long: { sameSite: 'none', signed: true } },
  claims: {
    openid: ['sub', 'groups', 'acr', 'amr', 'auth_time'],
    profile: ['name'],
    email: ['email', 'email_verified'],
  },
  conformIdTokenClaims: false,
  acrValues: [strong],
  pkce: { required: () => true },
  findAccount: (_context, id) => {
    const person = people.get(id);
    return person && { accountId: id, claims: () => ({ sub: id, ...person }) };
  },
  interactions: { url: (_context, { uid }) => `/login/${uid}`, policy: createPolicy() },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  loadExistingGrant: async (context) => {
    const { client, session, account } = context.oidc;
    const grant = new context.oidc.provider.Grant({ accountId: account?.accountId, clientId: client?.clientId });
    grant.addOIDCScope('openid profile email');
    await grant.save();
    if (session?.accountId && client) {
      session.ensureClientContainer(client.clientId);
      const known = sids.get(session.accountId) ?? new Set();
      sids.set(session.accountId, known.add(session.sidFor(client.clientId) ?? ''));
    }
    return grant;
  },
  fetch: (url, { dispatcher: _, ...init }: RequestInit & { dispatcher?: unknown }) => fetch(url, init),
} as Configuration);

/** A live session that is weaker than what is asked for proves itself again. */
function createPolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy.get('login')?.checks.add(
    new interactionPolicy.Check('weak', 'a second factor is asked for', 'login_required', ({ oidc }) => {
      const isAsked = String(oidc.params?.acr_values ?? '')
        .split(' ')
        .includes(strong);
      return isAsked && oidc.session?.acr !== strong && oidc.result?.login === undefined;
    }),
  );
  return policy;
}

async function login(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { params, uid } = await provider.interactionDetails(request, response);
  const isStrong = String(params.acr_values ?? '')
    .split(' ')
    .includes(strong);
  if (request.method !== 'POST') {
    const word = isStrong ? 'with the phone as ' : 'as ';
    const buttons = [...people].map(
      ([id, { name }]) => `<button name="account" value="${id}">Sign in ${word}${name}</button>`,
    );
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      `<!DOCTYPE html><html lang="en"><title>Company</title><h1>Company sign-in</h1><p>${String(params.login_hint ?? '')}</p>
<form method="post" action="/login/${uid}">${buttons.join('')}</form></html>`,
    );
    return;
  }
  let body = '';
  for await (const chunk of request) body += chunk;
  const accountId = new URLSearchParams(body).get('account') ?? '';
  const proven = isStrong ? { acr: strong, amr: ['pwd', 'otp', 'mfa'] } : { acr: 'urn:company:password', amr: ['pwd'] };
  await provider.interactionFinished(request, response, { login: { accountId, ...proven } });
}

/** Browsers take `SameSite=None` over https only; on one site `Lax` does. */
function withLaxCookies(response: ServerResponse): ServerResponse {
  const set = response.setHeader.bind(response);
  response.setHeader = (name, value) => {
    const isCookie = name.toLowerCase() === 'set-cookie';
    return set(
      name,
      isCookie ? [value].flat().map((each) => String(each).replace(/samesite=none/i, 'samesite=lax')) : value,
    );
  };
  return response;
}

/** What the administrator of the company does to somebody who has left. */
async function leave(accountId: string): Promise<void> {
  const client = (await provider.Client.find('credence')) as unknown as {
    backchannelLogout(sub: string, sid: string): Promise<void>;
  };
  for (const sid of sids.get(accountId) ?? []) await client.backchannelLogout(accountId, sid);
}

provider.silent = true;
const answer = provider.callback();
createServer(async (request, response) => {
  try {
    const path = request.url?.split('?')[0] ?? '';
    if (path.startsWith('/login/')) return await login(request, response);
    if (path.startsWith('/leave/') && request.method === 'POST') {
      await leave(path.slice('/leave/'.length));
      return void response.end();
    }
    await answer(request, withLaxCookies(response));
  } catch (fault) {
    process.stderr.write(`${String(fault)}\n`);
    response.writeHead(500).end();
  }
}).listen(Number(port), 'localhost', () => process.stdout.write('ready\n'));
