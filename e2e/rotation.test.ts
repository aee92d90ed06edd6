import assert from 'node:assert/strict';
import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { clientNamed, serverNamed, userNamed } from '../examples/acme/demo-file.ts';
import { runCredence } from '../examples/acme/server-process.ts';
import { signIn } from '../examples/acme/sign-in.ts';
import {
  type Acme,
  issue,
  postForm,
  redeem,
  secretOf,
  startAcme,
  suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';

/**
 * A RAS asks for the keys of an issuer again 30 s after it last did, if a token names one it does not know. A new key must
 * wait longer than that, or nobody could know it in time.
 */
const publishWaitSeconds = 34;
const purposes = ['id_token', 'id_jag', 'access_token'] as const;
type Purpose = (typeof purposes)[number];

/** What clients and servers may do: keep a JWK Set for 300 s, and ask once more when a kid is not in it. */
function createVerifier(jwksUri: string) {
  let keys = new Map<string, KeyObject>();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  async function fetchKeys(): Promise<void> {
    const { keys: listed } = (await (await fetch(jwksUri)).json()) as { keys: (JsonWebKey & { kid: string })[] };
    keys = new Map(listed.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]));
    fetchedAt = performance.now();
  }
  return async (jwt: string): Promise<{ kid: string; isGood: boolean }> => {
    const [head = '', payload = '', signature = ''] = jwt.split('.');
    const { kid, alg } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string; alg: string };
    if (performance.now() - fetchedAt > 300_000 || !keys.has(kid)) await fetchKeys();
    const key = keys.get(kid);
    if (!key) return { kid, isGood: false };
    const data = Buffer.from(`${head}.${payload}`);
    const how = alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key;
    return { kid, isGood: verify('sha256', data, how, Buffer.from(signature, 'base64url')) };
  };
}

describe('KEY-03: keys are rotated twice and one is retired under load', () => {
  const scope = suiteScope(after);
  let acme: Acme;
  before(async () => {
    const home = await temporaryHome(scope);
    await writeFile(
      join(home, 'credence.yaml'),
      JSON.stringify({ idp: { burst: 100_000 }, keys: { publishWaitSeconds } }),
    );
    acme = await startAcme(scope, { home });
  });

  const keys = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCredence(['keys', ...args, '--json', '--home', acme.home]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };

  test('no client sees a failed verification, and every key had its turn', { timeout: 240_000 }, async (t) => {
    const { demo } = acme;
    const { idp, ras } = clientNamed(demo, 'claude-code');
    const { email, password } = userNamed(demo, 'alice');
    const server = serverNamed(demo, 'everything');
    const [atIdp, atRas] = [demo.idp.issuer, demo.ras.issuer].map((issuer) => createVerifier(`${issuer}/jwks`));
    assert.ok(atIdp && atRas);
    const seen: Record<Purpose, Set<string>> = { id_token: new Set(), id_jag: new Set(), access_token: new Set() };
    const failures: string[] = [];
    let answers = 0;
    const check = async (purpose: Purpose, jwt: string) => {
      const { kid, isGood } = await (purpose === 'access_token' ? atRas : atIdp)(jwt);
      answers += 1;
      seen[purpose].add(kid);
      if (!isGood) failures.push(`${purpose} under ${kid}: does not verify`);
    };

    const first = await signIn({ issuer: demo.idp.issuer, client: idp, email, password });
    let [idToken, refreshToken] = [first.id_token, first.refresh_token ?? assert.fail('no refresh token')];
    await check('id_token', idToken);
    const ended = new AbortController();
    t.after(() => ended.abort()); // or a failure would leave the load running

    /** Runs again and again, with a pause; whatever goes wrong is a failure, and the load goes on. */
    const repeat = async (pauseMs: number, work: () => Promise<void>) => {
      while (!ended.signal.aborted) {
        await work().catch((fault: unknown) => failures.push(String(fault)));
        await wait(pauseMs);
      }
    };
    const refresh = async () => {
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken, ...secretOf(idp) };
      const answer = await postForm(`${demo.idp.issuer}/token`, form);
      [idToken, refreshToken] = [tokenOf(answer, 'id_token'), tokenOf(answer, 'refresh_token')];
      await check('id_token', idToken);
    };
    const bothLegs = async () => {
      const idJag = tokenOf(await issue(demo, server, idToken, secretOf(idp)));
      await check('id_jag', idJag);
      const token = tokenOf(await redeem(demo, idJag, secretOf(ras)));
      await check('access_token', token);
      const { body } = await postForm(`${demo.ras.issuer}/introspect`, { token, ...secretOf(ras) });
      if (body.active !== true) failures.push('a new access token is not active');
    };
    const load = Promise.all([repeat(1000, refresh), repeat(100, bothLegs), repeat(150, bothLegs)]);

    const kidOf = async (purpose: Purpose): Promise<string> =>
      (await keys('list')).find(
        (key: { purpose: string; state: string }) => key.purpose === purpose && key.state === 'signing',
      ).kid;
    const oldest = Object.fromEntries(await Promise.all(purposes.map(async (each) => [each, await kidOf(each)])));
    const newest: Partial<Record<Purpose, string>> = {};
    for (const round of [1, 2]) {
      for (const purpose of purposes) newest[purpose] = (await keys('rotate', purpose)).kid;
      if (round === 1) await wait(3000);
    }
    const isReached = () => purposes.every((purpose) => seen[purpose].has(newest[purpose] ?? ''));
    for (const startedAt = performance.now(); !isReached() && performance.now() - startedAt < 90_000; ) await wait(500);
    assert.ok(isReached(), 'the newest keys came to sign');
    await wait(2000); // whoever still holds an ID Token of the oldest key has refreshed it
    for (const purpose of purposes) await keys('retire', purpose, oldest[purpose] ?? '');
    await wait(12_000); // the server follows the key files every ten seconds
    ended.abort();
    await load;

    assert.deepEqual(failures, []);
    assert.ok(answers > 200, `${answers} answers`);
    // The sign-in takes up the newest key within ten seconds, and may so pass over one that signed for less.
    assert.deepEqual([seen.id_jag.size, seen.access_token.size, seen.id_token.size >= 2], [3, 3, true]);
    for (const [issuer, retired] of [
      [demo.idp.issuer, [oldest.id_token, oldest.id_jag]],
      [demo.ras.issuer, [oldest.access_token]],
    ] as const) {
      const { keys: published } = (await (await fetch(`${issuer}/jwks`)).json()) as { keys: { kid: string }[] };
      for (const kid of retired) assert.ok(!published.some((key) => key.kid === kid), `${kid} is retired`);
    }
  });

  test('an id that begins with a dash is an id, and a misspelt option is told', async () => {
    const cases: [args: string[], words: RegExp][] = [
      [['keys', 'retire', 'id_jag', '-JiARQrqGerYJbQ5'], /-JiARQrqGerYJbQ5/],
      [['session', 'end', '-JiARQrqGerYJbQ5'], /no session -JiARQrqGerYJbQ5/],
      [['session', 'end', '--prson', 'erin@acme.example'], /too many arguments/],
    ];
    for (const [args, words] of cases) {
      const { code, stderr } = await runCredence([...args, '--home', acme.home]);
      assert.notEqual(code, 0);
      assert.match(stderr, words);
      assert.doesNotMatch(stderr, /unknown option/);
    }
  });
});
