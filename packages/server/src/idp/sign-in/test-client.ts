import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { mintJws } from '@credence/mcp/protocol';
import { newTotpSecret, totpCode } from '../../directory/totp.ts';
import { toSigner } from '../../keys/signer.ts';
import { sealSecret } from './proofs.ts';
import type { TestOptions } from './test-passkey.ts';
import { alice, makePkce, password, type TestBrowser, type TestWorld, type Visit } from './test-world.ts';

/** The client's side of a sign-in. For tests. */
export interface Asked {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly verifier: string;
  readonly url: string;
}

export function ask(world: TestWorld, clientId: string, redirectUri: string, more: Record<string, string> = {}): Asked {
  const { verifier, challenge } = makePkce();
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'openid',
    state: 'state-1',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  });
  return { clientId, redirectUri, verifier, url: `${world.issuer}/auth?${query}` };
}

/** What a client of no credentials is answered where it pushes such a request first (RFC 9126). */
export async function push(
  world: TestWorld,
  { url }: Asked,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const body = new URL(url).searchParams;
  const response = await fetch(`${world.issuer}/request`, { method: 'POST', body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The same request, pushed: the browser brings its name alone. */
export async function pushed(world: TestWorld, asked: Asked): Promise<Asked> {
  const { body } = await push(world, asked);
  const query = new URLSearchParams({ client_id: asked.clientId, request_uri: String(body.request_uri) });
  return { ...asked, url: `${world.issuer}/auth?${query}` };
}

/** Through the login page, as a person would. */
export async function signInAs(browser: TestBrowser, asked: Asked, email = alice.email): Promise<Visit> {
  const page = await browser.get(asked.url);
  return browser.submit(page, { email, password, do: 'sign-in' });
}

export async function redeem(
  world: TestWorld,
  asked: Asked,
  code: string,
  more: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  return token(world, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: asked.redirectUri,
    code_verifier: asked.verifier,
    ...(asked.clientId === 'portal' ? {} : { client_id: asked.clientId }),
    ...more,
  });
}

export async function token(
  world: TestWorld,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(`${world.issuer}/token`, { method: 'POST', body: new URLSearchParams(form), headers });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
}

export function basic(id: string, secret: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}

/** A client assertion of `worker`. */
export async function assertion(
  world: TestWorld,
  claims: Record<string, unknown> = {},
): Promise<Record<string, string>> {
  const now = Math.floor(Date.now() / 1000);
  const { kid, sign } = toSigner(world.clientKey);
  const jws = await mintJws(
    { alg: 'ES256', kid },
    { iss: 'worker', sub: 'worker', aud: world.issuer, iat: now, exp: now + 60, jti: randomUUID(), ...claims },
    sign,
  );
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: jws,
  };
}

/** The claims of an ID Token, unverified. */
export function claimsOf(idToken: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(idToken).split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
}

/** What a page hands to the browser for a passkey. */
export function passkeyOptions({ page }: Visit): TestOptions {
  const [, text = ''] = /data-options="([^"]*)"/.exec(page) ?? [];
  return JSON.parse(text.replaceAll('&quot;', '"').replaceAll('&amp;', '&')) as TestOptions;
}

/** The code an authenticator app shows for the key that a page spells out, some steps from now. */
export function codeOf(secret: Buffer, steps = 0): string {
  return totpCode(secret, Math.floor(Date.now() / 30_000) + steps);
}

/** The key on a page that sets up an authenticator app. */
export function secretOn({ page }: Visit): Buffer {
  const [, text = ''] = /Or type this key: <code>([A-Z2-7 ]+)<\/code>/.exec(page) ?? [];
  const bits = [...text.replaceAll(' ', '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

export function recoveryCodesOn({ page }: Visit): string[] {
  return [...page.matchAll(/<li><code>([0-9a-z-]+)<\/code><\/li>/g)].map(([, code = '']) => code);
}

/** Gives a person an authenticator app, as if they had set it up before. */
export async function giveApp(world: TestWorld, personId: string): Promise<Buffer> {
  const secret = newTotpSecret();
  await world.store.factors.add(
    {
      id: `f_${randomUUID()}`,
      personId,
      kind: 'totp',
      name: 'Authenticator app',
      material: sealSecret(world.factorSeal, personId, secret),
      credentialId: undefined,
      isSynced: false,
      counter: 0,
      createdAt: 1,
      lastUsedAt: undefined,
    },
    { now: 1, records: [] },
  );
  return secret;
}

/**
 * Has whoever asks what factors a person has wait for the answer, as where the database is on another machine; the first so many
 * for each other, so that they are at it at once however busy this one is.
 */
export function slowDown({ mock }: TestContext, { store: { factors } }: TestWorld, together: number): void {
  const { of } = factors;
  const all = Promise.withResolvers<void>();
  let asked = 0;
  mock.method(factors, 'of', async (personId: string) => {
    const found = await of(personId);
    asked += 1;
    if (asked === together) all.resolve();
    await all.promise;
    await setTimeout(20);
    return found;
  });
}
