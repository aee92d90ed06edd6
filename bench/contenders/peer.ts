// The peer: `oidc-provider` with both grants registered as its documentation shows, `jose` for what they verify and sign,
// its in-memory adapter, no audit. Two providers in one process, one for each trust domain.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { grantType, joseType, tokenType } from '@credence/mcp/protocol';
import { importJWK, jwtVerify, SignJWT } from 'jose';
import Provider, { type ClientMetadata, type Configuration, errors, type JWK } from 'oidc-provider';
import { toPublicJwk } from '../../packages/server/src/keys/signer.ts';
import { clients, issuers, lifetimes, partner } from '../fixture.ts';
import { answerControl, readFixture } from './control.ts';

const { keys, people, resources } = readFixture();
const idTokenKey = await importJWK({ ...toPublicJwk(keys.idToken) }, 'RS256');
const idJagKey = await importJWK({ ...toPublicJwk(keys.idJag) }, 'ES256');
const idJagSigner = await importJWK({ ...keys.idJag }, 'ES256');

/** Whom the directory knows, and what the policy allows: two look-ups in memory. */
const directory = new Map(people.map((person) => [person.id, person]));
const policy = new Map(resources.map((resource) => [resource, { groups: ['engineering'], scopes: ['read', 'write'] }]));

const idp = createProvider(issuers.idp, grantType.tokenExchange);
idp.registerGrantType<Record<string, string>>(
  grantType.tokenExchange,
  async (ctx) => {
    const { params, client } = ctx.oidc;
    if (params.subject_token_type !== tokenType.idToken || params.requested_token_type !== tokenType.idJag) {
      throw new errors.InvalidRequest('unsupported token type');
    }
    const { payload } = await jwtVerify(String(params.subject_token), idTokenKey, {
      issuer: issuers.idp,
      audience: client.clientId,
      requiredClaims: ['sub', 'sid', 'exp', 'iat'],
    }).catch(() => {
      throw new errors.InvalidGrant('subject token');
    });
    const person = directory.get(String(payload.sub));
    const server = policy.get(String(params.resource));
    if (!person || !server || params.audience !== issuers.ras) throw new errors.InvalidTarget();
    const asked = String(params.scope).split(' ');
    const granted = server.groups.some((group) => person.groups.includes(group))
      ? asked.filter((scope) => server.scopes.includes(scope))
      : [];
    if (granted.length === 0) throw new errors.AccessDenied();

    const { auth_time, amr } = payload;
    const claims = { client_id: client.clientId, resource: params.resource, scope: granted.join(' '), auth_time, amr };
    const idJag = await new SignJWT(claims)
      .setProtectedHeader({ typ: joseType.idJag, alg: 'ES256', kid: keys.idJag.kid })
      .setIssuer(issuers.idp)
      .setSubject(person.id)
      .setAudience(issuers.ras)
      .setJti(crypto.randomUUID())
      .setIssuedAt()
      .setExpirationTime(`${lifetimes.idJag}s`)
      .sign(idJagSigner);
    ctx.body = {
      access_token: idJag,
      issued_token_type: tokenType.idJag,
      token_type: 'N_A',
      expires_in: lifetimes.idJag,
      scope: granted.join(' '),
      resource: params.resource,
    };
  },
  ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'resource', 'scope'],
);

const ras = createProvider(issuers.ras, grantType.jwtBearer);
ras.registerGrantType<Record<string, string>>(
  grantType.jwtBearer,
  async (ctx) => {
    const { params, client, provider } = ctx.oidc;
    const { payload } = await jwtVerify(String(params.assertion), idJagKey, {
      typ: joseType.idJag,
      issuer: partner,
      audience: issuers.ras,
      requiredClaims: ['sub', 'jti', 'exp', 'iat', 'client_id', 'resource', 'scope'],
    }).catch(() => {
      throw new errors.InvalidGrant('assertion');
    });
    const { sub, jti, exp, client_id, resource, scope } = payload as Record<string, string> & { exp: number };
    if (client_id !== client.clientId || !policy.has(String(resource))) throw new errors.InvalidGrant('assertion');
    const isFirst = await provider.ReplayDetection.unique(issuers.idp, String(jti), exp);
    if (!isFirst) throw new errors.InvalidGrant('assertion was used before');

    const token = new provider.AccessToken({
      client,
      accountId: String(sub),
      grantId: '',
      gty: grantType.jwtBearer,
      scope: String(scope),
      resourceServer: new provider.ResourceServer(String(resource), {
        scope: 'read write',
        accessTokenTTL: lifetimes.accessToken,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    });
    ctx.body = {
      access_token: await token.save(),
      token_type: 'Bearer',
      expires_in: token.expiration,
      scope: String(scope),
      resource: String(resource),
    };
  },
  ['assertion', 'resource', 'scope'],
);

const callbacks = { idp: idp.callback(), ras: ras.callback() };
const rasHost = new URL(issuers.ras).host;
const server = createServer((request, response) =>
  (request.headers.host === rasHost ? callbacks.ras : callbacks.idp)(request, response),
);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  answerControl({ idp: port, ras: port }, () => server.closeAllConnections());
});

function createProvider(issuer: string, grant: string): Provider {
  const configuration: Configuration = {
    clients: toClients(grant),
    jwks: { keys: [{ ...(issuer === issuers.idp ? keys.idToken : keys.accessToken) } as JWK] },
    clientAuthMethods: ['client_secret_post', 'private_key_jwt'],
    responseTypes: ['code'],
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: true, getResourceServerInfo: () => ({ scope: 'read write' }) },
    },
    cookies: { keys: ['of no use here'] },
    ttl: { AccessToken: lifetimes.accessToken },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    ...(issuer === issuers.ras && { clientDefaults: { id_token_signed_response_alg: 'ES256' } }),
  };
  const provider = new Provider(issuer, configuration);
  provider.proxy = true;
  return provider;
}

function toClients(grant: string): ClientMetadata[] {
  const common = { redirect_uris: [], response_types: [], grant_types: [grant] };
  const { client_secret_post, private_key_jwt } = clients;
  return [
    {
      ...common,
      client_id: client_secret_post.id,
      client_secret: client_secret_post.secret,
      token_endpoint_auth_method: 'client_secret_post',
    },
    {
      ...common,
      client_id: private_key_jwt.id,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [{ ...toPublicJwk(keys.client) }] },
    },
  ];
}
