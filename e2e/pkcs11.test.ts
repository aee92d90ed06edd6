import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { serverNamed } from '../examples/acme/demo-file.ts';
import { runCredence } from '../examples/acme/server-process.ts';
import { makeSoftToken, missing, type SoftToken } from '../packages/server/src/keys/pkcs11/fixtures/soft-token.ts';
import {
  type Acme,
  agentOf,
  issue,
  onEnd,
  redeem,
  secretOf,
  startAcme,
  stopWell,
  suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';

describe('all signing keys in a PKCS #11 token (SoftHSM)', { skip: missing }, () => {
  const scope = suiteScope(after);
  let soft: SoftToken;
  let acme: Acme;

  before(async () => {
    soft = makeSoftToken();
    process.env.SOFTHSM2_CONF = soft.environment.SOFTHSM2_CONF;
    onEnd(scope, () => rm(soft.folder, { recursive: true, force: true }));
    const home = await temporaryHome(scope);
    const { module, driver, token, pinFile } = soft;
    const labels = {
      idToken: 'credence-id-token',
      idJag: 'credence-id-jag',
      accessToken: 'credence-access-token',
      securityEvent: 'credence-event',
      revocation: 'credence-revocation',
      audit: 'credence-audit',
    };
    await writeFile(
      join(home, 'credence.yaml'),
      JSON.stringify({ keys: { pkcs11: { module, driver, token, pinFile, labels } } }),
    );
    acme = await startAcme(scope, { home });
  });

  const kidOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid as string;
  const list = async () => {
    const { code, stdout, stderr } = await runCredence(['keys', 'list', '--json', '--home', acme.home]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as { purpose: string; kid: string; state: string; token?: string }[];
  };

  test('sign-in, both legs and introspection: each token is signed by the key of its purpose in the token', async () => {
    const agent = await agentOf(acme.demo, 'alice');
    const idJag = tokenOf(
      await issue(acme.demo, serverNamed(acme.demo, 'everything'), agent.idToken, secretOf(agent.idp)),
    );
    const accessToken = tokenOf(await redeem(acme.demo, idJag, secretOf(agent.ras)));
    const keys = await list();
    const kids = Object.fromEntries(keys.map(({ purpose, kid }) => [purpose, kid]));
    assert.deepEqual(
      [kidOf(agent.idToken), kidOf(idJag), kidOf(accessToken)],
      [kids.id_token, kids.id_jag, kids.access_token],
    );
    const signing = keys.filter(({ purpose }) => purpose !== 'id_jag_encryption');
    assert.ok(signing.every(({ token }) => token?.startsWith('credence-')));
    for (const purpose of ['id_token', 'id_jag', 'access_token']) {
      const file = await readFile(join(acme.home, 'keys', `${purpose}.keys`), 'utf8');
      assert.doesNotMatch(file, /"(?:d|p|q|dp|dq|qi)"/, purpose);
    }
  });

  test('a command beside the server makes a new key in the token, and the server publishes it', async () => {
    const { code, stdout, stderr } = await runCredence([
      'keys',
      'rotate',
      'access_token',
      '--json',
      '--home',
      acme.home,
    ]);
    assert.equal(code, 0, stderr);
    const { kid } = JSON.parse(stdout) as { kid: string };
    assert.deepEqual(
      (await list()).filter(({ purpose }) => purpose === 'access_token').map(({ state }) => state),
      ['signing', 'published'],
    );
    const published = async () => {
      const response = await fetch(`${acme.demo.ras.issuer}/jwks`);
      return ((await response.json()) as { keys: { kid: string }[] }).keys.map((key) => key.kid);
    };
    for (let tries = 0; tries < 60 && !(await published()).includes(kid); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    assert.ok((await published()).includes(kid));
  });

  test('a server with the wrong PIN does not start, and says what to look at', async () => {
    await stopWell(acme.server);
    await writeFile(soft.pinFile, '0000-guess\n');
    const { code, stderr } = await runCredence(['serve', ...acme.flags]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /does not let us in: CKR_PIN_INCORRECT/);
    assert.doesNotMatch(stderr, /0000-guess/);
  });
});
