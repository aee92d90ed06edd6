import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { parseDocument } from 'yaml';
import { type DemoServer, serverNamed, userNamed } from '../examples/acme/demo-file.ts';
import { authorize, defaultRedirectUri, discover, type SignInRequest } from '../examples/acme/sign-in.ts';
import {
  type Acme,
  type Answer,
  type ClientProof,
  issue,
  postForm,
  redeem,
  secretOf,
  startAcme,
  suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';

const acmeFolder = new URL('../examples/acme/', import.meta.url);

const scope = suiteScope(after);
let acme: Acme;
let key: KeyObject;
let server: DemoServer;

/** Failures are counted for each client, and every race makes some: each test plays with a client of its own. */
const clientIds = Array.from({ length: 9 }, (_, index) => `nightly-${index}`);
let clientId = '';
beforeEach(() => {
  clientId = clientIds.pop() ?? assert.fail('more tests than clients');
});

/** These clients authenticate with a key at both ends, and their people may use the server `everything`. */
before(async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  key = pair.privateKey;
  const jwks = { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }] };
  const home = await temporaryHome(scope);

  const access = parseDocument(await readFile(new URL('access.yaml', acmeFolder), 'utf8'));
  for (const id of clientIds) {
    access.setIn(['clients', id], { redirect_uris: [defaultRedirectUri], jwks, client_ids: { local: id } });
  }
  access.addIn(['rules'], {
    id: 'nightly-everything',
    allow: 'all',
    on: 'everything',
    to: ['group:engineering'],
    through: clientIds,
  });
  await writeFile(join(home, 'access.yaml'), String(access));

  const resource = parseDocument(await readFile(new URL('resource.yaml', acmeFolder), 'utf8'));
  for (const id of clientIds) {
    resource.setIn(['clients', id], { jwks });
    resource.addIn(['trust', 'local', 'clients'], id);
  }
  await writeFile(join(home, 'resource.yaml'), String(resource));

  acme = await startAcme(scope, { home });
  server = serverNamed(acme.demo, 'everything');
});

/** A fresh private_key_jwt for one of the two token endpoints. */
function assertionFor(issuer: string): ClientProof {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: 'ES256', kid: 'k1', typ: 'JWT' };
  const claims = { iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), iat: now, exp: now + 60 };
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  return {
    client_id: clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: `${input}.${signature}`,
  };
}

interface Code {
  readonly code: string;
  readonly verifier: string;
}

/** Signs alice in as far as the code. */
async function freshCode(): Promise<Code> {
  const { email, password } = userNamed(acme.demo, 'alice');
  const { issuer } = acme.demo.idp;
  const client = { client_id: clientId, client_secret: null };
  const request: SignInRequest = { issuer, client, email, password };
  const verifier = randomUUID() + randomUUID();
  const { code } = await authorize(await discover(issuer), request, verifier);
  return { code, verifier };
}

function redeemCode({ code, verifier }: Code, proof: ClientProof): Promise<Answer> {
  return postForm(`${acme.demo.idp.issuer}/token`, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: defaultRedirectUri,
    code_verifier: verifier,
    ...proof,
  });
}

function refresh(refreshToken: string, proof: ClientProof): Promise<Answer> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, ...proof };
  return postForm(`${acme.demo.idp.issuer}/token`, form);
}

const atIdp = () => assertionFor(acme.demo.idp.issuer);
const atRas = () => assertionFor(acme.demo.ras.issuer);

interface SignedIn {
  readonly idToken: string;
  readonly refreshToken: string;
}

async function freshSignIn(): Promise<SignedIn> {
  const answer = await redeemCode(await freshCode(), atIdp());
  return { idToken: tokenOf(answer, 'id_token'), refreshToken: tokenOf(answer, 'refresh_token') };
}

/** Of the next second: a code or refresh token shown twice has cut alice off, and with her what was issued in that second. */
async function freshIdJag(idToken: string): Promise<string> {
  await wait(1000 - (Date.now() % 1000));
  return tokenOf(await issue(acme.demo, server, idToken, atIdp()));
}

/** Exactly one wins; everybody else is told this, and nothing else. */
async function assertOneWins(attempts: readonly Promise<Answer>[], refusedWith: string): Promise<void> {
  const answers = await Promise.all(attempts);
  const outcomes = answers.map(({ status, body }) => (status === 200 ? 'won' : String(body.error))).toSorted();
  const losers = attempts.slice(1).map(() => refusedWith);
  assert.deepEqual(outcomes, [...losers, 'won'].toSorted());
}

const four = <T>(attempt: () => T): T[] => Array.from({ length: 4 }, attempt);

describe('four at once, exactly one wins', () => {
  test('one authorization code', async () => {
    const code = await freshCode();
    await assertOneWins(
      four(() => redeemCode(code, atIdp())),
      'invalid_grant',
    );
  });

  test('one refresh token', async () => {
    const { refreshToken } = await freshSignIn();
    await assertOneWins(
      four(() => refresh(refreshToken, atIdp())),
      'invalid_grant',
    );
  });

  test('one ID-JAG', async () => {
    const { idToken } = await freshSignIn();
    const idJag = await freshIdJag(idToken);
    await assertOneWins(
      four(() => redeem(acme.demo, idJag, atRas())),
      'invalid_grant',
    );
  });

  test('one client assertion at the token exchange', async () => {
    const { idToken } = await freshSignIn();
    const proof = atIdp();
    await assertOneWins(
      four(() => issue(acme.demo, server, idToken, proof)),
      'invalid_client',
    );
  });

  test('one client assertion at the code grant', async () => {
    const codes = [await freshCode(), await freshCode(), await freshCode(), await freshCode()];
    const proof = atIdp();
    await assertOneWins(
      codes.map((code) => redeemCode(code, proof)),
      'invalid_client',
    );
  });

  test('one client assertion, raced across the refresh and the exchange path', async () => {
    const [first, second] = [await freshSignIn(), await freshSignIn()];
    const proof = atIdp();
    await assertOneWins(
      [
        issue(acme.demo, server, first.idToken, proof),
        refresh(first.refreshToken, proof),
        issue(acme.demo, server, second.idToken, proof),
        refresh(second.refreshToken, proof),
      ],
      'invalid_client',
    );
  });

  test('one client assertion at the redemption, with four ID-JAGs', async () => {
    const { idToken } = await freshSignIn();
    const idJags = await Promise.all(four(() => freshIdJag(idToken)));
    const proof = atRas();
    await assertOneWins(
      idJags.map((idJag) => redeem(acme.demo, idJag, proof)),
      'invalid_client',
    );
  });
});

describe('used once, later tries are refused too', () => {
  test('an ID-JAG, also by a client with a secret, also after a refusal', async () => {
    const { idToken } = await freshSignIn();
    const idJag = await freshIdJag(idToken);
    const claudeCode = acme.demo.clients.find(({ name }) => name === 'claude-code')?.ras;
    assert.ok(claudeCode);
    const byAnother = await redeem(acme.demo, idJag, secretOf(claudeCode));
    assert.equal(byAnother.body.error, 'invalid_grant');
    assert.equal((await redeem(acme.demo, idJag, atRas())).status, 200, 'the refusal did not use it up');
    assert.equal((await redeem(acme.demo, idJag, atRas())).body.error, 'invalid_grant');
  });

  test('a client assertion for one endpoint is none for the other', async () => {
    const { idToken } = await freshSignIn();
    assert.equal((await issue(acme.demo, server, idToken, atRas())).body.error, 'invalid_client');
  });
});
