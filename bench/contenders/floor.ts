// The floor: bare `node:http` and `node:crypto` doing the same cryptography, and nothing that makes it a product: no
// policy, no people, no sessions, no store, no record, no single use, no limits, hardly a check. It remembers the ID
// Tokens it has verified and converts signatures as Credence does: else the floor would not be the lowest.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { grantType, joseType, tokenType } from '@credence/mcp/protocol';
import { toDerSignature, toJoseSignature } from '../../packages/server/src/keys/ecdsa-der.ts';
import { type PrivateJwk, toPublicJwk } from '../../packages/server/src/keys/signer.ts';
import { clients, issuers, lifetimes, scope } from '../fixture.ts';
import { answerControl, readFixture } from './control.ts';

type Claims = Record<string, unknown>;

const { keys } = readFixture();
const publicKeyOf = (key: PrivateJwk) => createPublicKey({ key: { ...toPublicJwk(key) }, format: 'jwk' });
const idTokenKey = publicKeyOf(keys.idToken);
const idJagKey = publicKeyOf(keys.idJag);
const clientKey = publicKeyOf(keys.client);
const idJagSigner = createPrivateKey({ key: keys.idJag, format: 'jwk' });
const accessTokenSigner = createPrivateKey({ key: keys.accessToken, format: 'jwk' });
const secretHash = createHash('sha256').update(clients.client_secret_post.secret).digest();

const remembered = new Map<string, Claims>();
const maxRemembered = 20_000;

const server = createServer(async (request, response) => {
  const answer = answerTo(new URLSearchParams(await readBody(request)));
  const text = JSON.stringify(answer ?? { error: 'invalid_grant' });
  response.writeHead(answer ? 200 : 400, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(text);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  answerControl({ idp: port, ras: port }, () => server.closeAllConnections());
});

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function answerTo(form: URLSearchParams): object | undefined {
  const clientId = authenticate(form);
  if (!clientId) return undefined;
  return form.get('grant_type') === grantType.tokenExchange ? issue(form, clientId) : redeem(form, clientId);
}

function authenticate(form: URLSearchParams): string | undefined {
  const secret = form.get('client_secret');
  if (secret !== null) {
    const matches = timingSafeEqual(createHash('sha256').update(secret).digest(), secretHash);
    return matches ? clients.client_secret_post.id : undefined;
  }
  return verifyJwt(form.get('client_assertion'), clientKey)?.sub as string | undefined;
}

function issue(form: URLSearchParams, clientId: string): object | undefined {
  const idToken = verifyIdToken(form.get('subject_token'));
  if (!idToken) return undefined;
  const resource = form.get('resource');
  const claims = { iss: issuers.idp, sub: idToken.sub, aud: issuers.ras, client_id: clientId, resource, scope };
  return {
    access_token: signJwt(joseType.idJag, keys.idJag.kid, claims, lifetimes.idJag, idJagSigner),
    issued_token_type: tokenType.idJag,
    token_type: 'N_A',
    expires_in: lifetimes.idJag,
    scope,
    resource,
  };
}

function redeem(form: URLSearchParams, clientId: string): object | undefined {
  const idJag = verifyJwt(form.get('assertion'), idJagKey);
  if (!idJag) return undefined;
  const { sub, resource } = idJag;
  const claims = { iss: issuers.ras, sub, aud: resource, client_id: clientId, scope };
  return {
    access_token: signJwt(joseType.accessToken, keys.accessToken.kid, claims, lifetimes.accessToken, accessTokenSigner),
    token_type: 'Bearer',
    expires_in: lifetimes.accessToken,
    scope,
    resource,
  };
}

function verifyIdToken(token: string | null): Claims | undefined {
  if (token === null) return undefined;
  const digest = createHash('sha256').update(token).digest('base64url');
  const known = remembered.get(digest);
  if (known) return known;
  const [head = '', body = '', tail = ''] = token.split('.');
  if (!verify('sha256', Buffer.from(`${head}.${body}`), idTokenKey, Buffer.from(tail, 'base64url'))) return undefined;
  const claims = parsePart(body);
  if (remembered.size >= maxRemembered) remembered.delete(String(remembered.keys().next().value));
  remembered.set(digest, claims);
  return claims;
}

function verifyJwt(token: string | null, key: KeyObject): Claims | undefined {
  const [head = '', body = '', tail = ''] = (token ?? '').split('.');
  const der = toDerSignature(Buffer.from(tail, 'base64url'));
  const isGood = der && verify('sha256', Buffer.from(`${head}.${body}`), key, der);
  return isGood ? parsePart(body) : undefined;
}

function signJwt(typ: string, kid: string, claims: object, seconds: number, key: KeyObject): string {
  const iat = Math.floor(Date.now() / 1000);
  const jti = randomBytes(16).toString('base64url');
  const input = `${toPart({ alg: 'ES256', typ, kid })}.${toPart({ ...claims, jti, iat, exp: iat + seconds })}`;
  const signature = toJoseSignature(sign('sha256', Buffer.from(input), key));
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
}

function parsePart(part: string): Claims {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Claims;
}

function toPart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
