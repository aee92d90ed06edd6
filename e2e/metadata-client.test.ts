import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { grantType, mintJws, tokenType } from '@credence/mcp/protocol';
import { parseDocument, stringify } from 'yaml';
import { type DemoServer, serverNamed, userNamed } from '../examples/acme/demo-file.ts';
import { authorize, discover } from '../examples/acme/sign-in.ts';
import { generatePrivateJwk, toPublicJwk, toSigner } from '../packages/server/src/keys/signer.ts';
import { openTestWeb, type TestWeb } from '../spec/test-web.ts';
import {
  type Acme,
  type Answer,
  claimsOf,
  exportAudit,
  onEnd,
  startAcme,
  suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';

// A client nobody here has given an id or a secret: known by its metadata document, on many machines, with a key of its own
// on each. From the sign-in to the access token, through real processes.

const scope = suiteScope(after);
const redirectUri = 'http://127.0.0.1:53682/callback';
let web: TestWeb;
let url: string;
let acme: Acme;
let server: DemoServer;

before(async () => {
  web = await openTestWeb();
  onEnd(scope, () => web.close());
  url = `${web.origin}/oauth/client-metadata`;
  web.pages.set('/oauth/client-metadata', {
    json: {
      client_id: url,
      client_name: 'An agent',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  });
  const home = await temporaryHome(scope);
  await writeFile(join(home, 'credence.yaml'), stringify({ egress: { ca: [web.caPath] } }));
  const acmeFolder = new URL('../examples/acme/', import.meta.url);
  const access = parseDocument(await readFile(new URL('access.yaml', acmeFolder), 'utf8'));
  const entry = { metadata: url, exchange: true, distributed: true, client_ids: { local: url } };
  access.setIn(['clients', 'agent'], entry);
  // How good the sign-in was is another matter: here it is about the key.
  const { rules } = access.toJS() as { rules: { require?: object }[] };
  access.set(
    'rules',
    rules.filter((rule) => rule.require === undefined),
  );
  await writeFile(join(home, 'access.yaml'), String(access));
  const resource = parseDocument(await readFile(new URL('resource.yaml', acmeFolder), 'utf8'));
  resource.setIn(['clients', 'agent'], { metadata: url, public: true });
  resource.addIn(['trust', 'local', 'clients'], 'agent');
  await writeFile(join(home, 'resource.yaml'), String(resource));
  acme = await startAcme(scope, { home });
  server = serverNamed(acme.demo, 'everything');
});

/** One machine: a key that stays on it. */
function machine() {
  const key = generatePrivateJwk('ES256');
  const { kid: _, ...jwk } = toPublicJwk(key);
  const proofFor = (htu: string) =>
    mintJws(
      { typ: 'dpop+jwt', alg: 'ES256', jwk },
      { htm: 'POST', htu, jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
      toSigner(key).sign,
    );
  return async (endpoint: string, form: Record<string, string>): Promise<Answer> => {
    const body = new URLSearchParams({ client_id: url, ...form });
    const response = await fetch(endpoint, { method: 'POST', body, headers: { dpop: await proofFor(endpoint) } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
}

async function signIn(post: ReturnType<typeof machine>): Promise<Answer> {
  const { issuer } = acme.demo.idp;
  const { email, password } = userNamed(acme.demo, 'alice');
  const verifier = randomBytes(32).toString('base64url');
  const client = { client_id: url, client_secret: null };
  const { code } = await authorize(await discover(issuer), { issuer, client, email, password, redirectUri }, verifier);
  return post(`${issuer}/token`, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  });
}

function exchange(post: ReturnType<typeof machine>, subject: Record<string, string>): Promise<Answer> {
  return post(`${acme.demo.idp.issuer}/token`, {
    grant_type: grantType.tokenExchange,
    requested_token_type: tokenType.idJag,
    audience: acme.demo.ras.issuer,
    resource: server.resource,
    scope: 'tools:run env:read',
    ...subject,
  });
}

describe('CIM-02, RAS-02, T02, T04: a client known by its metadata document, with a key on each machine', () => {
  test('signs in, gets a high-risk scope with the key it signed in with, and redeems without credentials', async () => {
    const laptop = machine();
    const signedIn = await signIn(laptop);
    const subjects = [
      { subject_token: tokenOf(signedIn, 'id_token'), subject_token_type: tokenType.idToken },
      { subject_token: tokenOf(signedIn, 'refresh_token'), subject_token_type: tokenType.refreshToken },
    ];
    for (const subject of subjects) {
      const issued = await exchange(laptop, subject);
      assert.equal(issued.body.scope, 'tools:run env:read', JSON.stringify(issued.body));
      const idJag = tokenOf(issued);
      assert.equal(claimsOf(idJag).client_id, url);
      const redeemed = await laptop(`${acme.demo.ras.issuer}/token`, {
        grant_type: grantType.jwtBearer,
        assertion: idJag,
      });
      assert.equal(redeemed.body.token_type, 'DPoP', JSON.stringify(redeemed.body));

      const thief = await exchange(machine(), subject);
      assert.deepEqual([thief.status, thief.body.error], [400, 'invalid_grant']);
    }
    const { length } = web.asked;
    assert.equal(length, 2, 'one fetch for each side');
    const lines = await exportAudit(acme.home);
    assert.ok(lines.some(({ kind, client }) => kind === 'redemption' && client === 'agent'));
  });

  test('a sign-in without a key gets no high-risk scope, whatever key is shown later', async () => {
    const post = machine();
    const { issuer } = acme.demo.idp;
    const plain = async (endpoint: string, form: Record<string, string>): Promise<Answer> => {
      const response = await fetch(endpoint, {
        method: 'POST',
        body: new URLSearchParams({ client_id: url, ...form }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const signedIn = await signIn(plain);
    const refreshed = await post(`${issuer}/token`, {
      grant_type: 'refresh_token',
      refresh_token: tokenOf(signedIn, 'refresh_token'),
    });
    for (const answer of [signedIn, refreshed]) {
      const subject = { subject_token: tokenOf(answer, 'id_token'), subject_token_type: tokenType.idToken };
      const issued = await exchange(post, subject);
      assert.deepEqual([issued.status, issued.body.error], [400, 'access_denied']);
    }
  });
});
