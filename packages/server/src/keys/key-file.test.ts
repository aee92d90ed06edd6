import assert from 'node:assert/strict';
import fs, { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { changeKeyFile, openSecret, readKeyFile } from './key-file.ts';
import { generatePrivateJwk } from './signer.ts';

describe('what lies in the folder of keys', () => {
  let folder = '';
  let keysDir = '';
  let count = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-keys-'));
  });
  beforeEach(async () => {
    keysDir = join(folder, String(count++));
    await mkdir(keysDir);
  });
  after(() => rm(folder, { recursive: true }));

  test('a secret is made when it is first asked for, for the owner alone, and stays', async () => {
    const secret = await openSecret(keysDir, 'cookie');
    assert.equal(Buffer.from(secret, 'base64url').length, 32);
    assert.equal((await stat(join(keysDir, 'cookie.secret'))).mode & 0o777, 0o600);
    assert.equal(await openSecret(keysDir, 'cookie'), secret);
    assert.notEqual(await openSecret(keysDir, 'session'), secret, 'each for one thing');
    assert.deepEqual((await readdir(keysDir)).sort(), ['cookie.secret', 'session.secret'], 'no draft stays');
  });

  test('a secret that is there is read, and nothing is written for it', async () => {
    await openSecret(keysDir, 'cookie');
    await utimes(keysDir, 1, 1);
    await openSecret(keysDir, 'cookie');
    assert.equal((await stat(keysDir)).mtimeMs, 1000);
  });

  test('KEY-09: a secret that was cut short, or to nothing, is not used: anybody could know it', async () => {
    const secret = await openSecret(keysDir, 'cookie');
    for (const left of ['', '\n', secret.slice(0, 40)]) {
      await writeFile(join(keysDir, 'cookie.secret'), left);
      await assert.rejects(openSecret(keysDir, 'cookie'), /cookie\.secret is damaged/);
      assert.equal(await readFile(join(keysDir, 'cookie.secret'), 'utf8'), left, 'what is left of it stays');
    }
    await writeFile(join(keysDir, 'cookie.secret'), `${secret}\n`);
    assert.equal(
      await openSecret(keysDir, 'cookie'),
      `${secret}\n`,
      'a line end, which an editor adds, changes nothing',
    );
  });

  test('a secret that cannot be kept is not used: the next process would have another', async (t) => {
    const refuse = async () => Promise.reject(Object.assign(new Error('no links here'), { code: 'EPERM' }));
    t.mock.method(fs, 'link', refuse);
    syncBuiltinESMExports();
    try {
      await assert.rejects(openSecret(keysDir, 'cookie'), /no links here/);
      assert.deepEqual(await readdir(keysDir), []);
    } finally {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    }
  });

  test('of several that ask for a secret at once all get the same', async () => {
    const secrets = await Promise.all(Array.from({ length: 8 }, () => openSecret(keysDir, 'dpop')));
    assert.equal(new Set(secrets).size, 1);
    assert.equal(await readFile(join(keysDir, 'dpop.secret'), 'utf8'), secrets[0]);
    assert.deepEqual(await readdir(keysDir), ['dpop.secret']);
  });

  const jwk = generatePrivateJwk('ES256');
  const key = { jwk, publishedAt: 1_800_000_000, signsFrom: 1_800_000_600, retiresAt: 1_900_000_000 };

  test('keys are read as they were written; no file means none', async () => {
    assert.deepEqual(await readKeyFile(keysDir, 'id_jag', undefined), []);
    await changeKeyFile(keysDir, 'id_jag', undefined, async () => [key]);
    assert.deepEqual(await readKeyFile(keysDir, 'id_jag', undefined), [key]);
    assert.deepEqual(await changeKeyFile(keysDir, 'id_jag', undefined, async () => undefined), [key]);
    assert.deepEqual(await readKeyFile(keysDir, 'id_jag', undefined), [key], 'left as they are');
  });

  test('a file that cannot be read is no file without keys', async () => {
    await mkdir(join(keysDir, 'id_jag.keys'));
    await assert.rejects(readKeyFile(keysDir, 'id_jag', undefined), /Cannot read .*id_jag\.keys: EISDIR/);
  });

  const damaged: [name: string, text: string][] = [
    ['no JSON', '{'],
    ['the keys of another purpose', JSON.stringify({ purpose: 'id_token', keys: [key] })],
    [
      'a key without an algorithm',
      JSON.stringify({ purpose: 'id_jag', keys: [{ ...key, jwk: { kid: 'a', kty: 'EC' } }] }),
    ],
  ];
  for (const [name, text] of damaged) {
    test(`${name}: the file is damaged, and none of it signs`, async () => {
      await writeFile(join(keysDir, 'id_jag.keys'), text);
      await assert.rejects(readKeyFile(keysDir, 'id_jag', undefined), /id_jag\.keys is damaged/);
    });
  }
});
