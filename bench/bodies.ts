import { constants, createPrivateKey, type KeyObject, randomBytes, sign as signOnThread } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { clientAssertionType, grantType, joseType, mintJws, tokenType } from '@credence/mcp/protocol';
import { eventId } from '../packages/server/src/call.ts';
import type { PrivateJwk } from '../packages/server/src/keys/signer.ts';
import { type ClientMethod, clients, type Fixture, issuers, partner, scope, sidAt } from './fixture.ts';

/** One kind of request. */
export interface Series {
  readonly grant: 'issue' | 'redeem';
  readonly method: ClientMethod;
  /** Issuing: whether one ID Token comes again and again, or each comes once. An ID-JAG always comes once. */
  readonly idTokens: 'repeated' | 'new';
}

/** Whether bodies of this kind may be sent twice. */
export function mayRepeat({ grant, method, idTokens }: Series): boolean {
  return grant === 'issue' && method === 'client_secret_post' && idTokens === 'repeated';
}

const atOnce = 64;

/** Writes bodies, one a line, each signed now and never seen before, as far as their kind asks for that. */
export async function writeBodies(file: string, count: number, series: Series, fixture: Fixture): Promise<void> {
  const make = bodyMaker(series, fixture);
  const lines = createWriteStream(file);
  const needed = mayRepeat(series) ? 1 : count;
  for (let at = 0; at < needed; at += atOnce) {
    const batch = Array.from({ length: Math.min(atOnce, needed - at) }, (_, offset) => make(at + offset));
    const text = (await Promise.all(batch)).map((body) => `${body}\n`).join('');
    if (!lines.write(text)) await once(lines, 'drain');
  }
  lines.end();
  await finished(lines);
}

/** Makes the body of the n-th request. */
export function bodyMaker(series: Series, { keys, people, resources }: Fixture): (at: number) => Promise<string> {
  const signers = { idToken: toSign(keys.idToken), idJag: toSign(keys.idJag), client: toSign(keys.client) };
  const now = Math.floor(Date.now() / 1000);
  const issuer = series.grant === 'issue' ? issuers.idp : issuers.ras;
  const { id: clientId } = clients[series.method];
  const personAt = (at: number) => people[at % people.length] as Fixture['people'][number];
  const resourceAt = (at: number) => resources[at % resources.length] as string;

  const idToken = (at: number) =>
    mintJws(
      { alg: 'RS256', kid: keys.idToken.kid, typ: 'JWT' },
      {
        iss: issuers.idp,
        sub: personAt(at).id,
        aud: clientId,
        iat: now,
        exp: now + 3600,
        sid: sidAt(personAt(at).sid, clientId),
        auth_time: now,
        nonce: randomName(),
        amr: ['pwd'],
      },
      signers.idToken,
    );
  const idJag = (at: number) =>
    mintJws(
      { alg: 'ES256', kid: keys.idJag.kid, typ: joseType.idJag },
      {
        iss: partner,
        sub: personAt(at).id,
        aud: issuers.ras,
        client_id: clientId,
        jti: eventId(), // as the identity provider makes them
        iat: now,
        exp: now + 300,
        resource: resourceAt(at),
        scope,
        auth_time: now,
        amr: ['pwd'],
      },
      signers.idJag,
    );
  const clientAssertion = () =>
    mintJws(
      { alg: 'ES256', kid: keys.client.kid, typ: 'JWT' },
      { iss: clientId, sub: clientId, aud: issuer, iat: now, exp: now + 300, jti: randomName() },
      signers.client,
    );
  let repeated: Promise<string> | undefined;

  const grantFields = async (at: number): Promise<Record<string, string>> => {
    if (series.grant === 'redeem') return { grant_type: grantType.jwtBearer, assertion: await idJag(at) };
    if (series.idTokens === 'repeated') repeated ??= idToken(at);
    return {
      grant_type: grantType.tokenExchange,
      requested_token_type: tokenType.idJag,
      subject_token_type: tokenType.idToken,
      subject_token: await (repeated ?? idToken(at)),
      audience: issuers.ras,
      resource: resourceAt(at),
      scope,
    };
  };
  const clientFields = async (): Promise<Record<string, string>> => {
    if (series.method === 'client_secret_post') return { client_secret: clients.client_secret_post.secret };
    return { client_assertion_type: clientAssertionType, client_assertion: await clientAssertion() };
  };
  return async (at) =>
    new URLSearchParams({
      ...(await grantFields(at)),
      client_id: clientId,
      ...(await clientFields()),
    }).toString();
}

function randomName(): string {
  return randomBytes(16).toString('base64url');
}

/** Signs on the thread pool, so that every core helps to make ready. */
function toSign(jwk: PrivateJwk): (signingInput: string) => Promise<Buffer> {
  const key: KeyObject = createPrivateKey({ key: jwk, format: 'jwk' });
  const options =
    jwk.alg === 'RS256' ? { key, padding: constants.RSA_PKCS1_PADDING } : { key, dsaEncoding: 'ieee-p1363' as const };
  return (signingInput) =>
    new Promise((resolve, reject) => {
      signOnThread('sha256', Buffer.from(signingInput), options, (error, signature) =>
        error ? reject(error) : resolve(signature),
      );
    });
}
