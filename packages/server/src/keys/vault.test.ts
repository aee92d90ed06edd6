import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Config } from '../config.ts';
import { generatePrivateJwk, type KeptJwk } from './signer.ts';
import { type KeyVault, openVault, processVault } from './vault.ts';

/** Stands in for `pkcs11js` and a token behind it: it takes one PIN, makes P-256 keys, and finds them by their id. */
const driver = `
  const { generateKeyPairSync } = require('node:crypto');
  const made = new Set();
  exports.PKCS11 = class {
    load() {}
    C_Initialize() {}
    C_Finalize() {}
    C_CloseSession() {}
    C_GetSlotList() { return [Buffer.of(1)]; }
    C_GetTokenInfo() { return { label: 'ours' }; }
    C_OpenSession() { return Buffer.of(2); }
    C_Login(session, user, pin) { if (pin !== '4711') throw new Error('CKR_PIN_INCORRECT'); }
    async C_GenerateKeyPairAsync(session, mechanism, attributes) {
      const id = attributes.find(({ type }) => type === 0x102).value;
      const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
      made.add(id.toString('hex'));
      return { publicKey: Buffer.concat([Buffer.of(4), ...[x, y].map((half) => Buffer.from(half, 'base64url'))]) };
    }
    C_GetAttributeValue(session, point) { return [{ value: point }]; }
    C_FindObjectsInit(session, template) { this.asked = template.find(({ type }) => type === 0x102).value; }
    C_FindObjects() { return made.has(this.asked.toString('hex')) ? [Buffer.of(3)] : []; }
    C_FindObjectsFinal() {}
  };`;

describe('where keys are made and used', () => {
  let folder = '';
  let vault: KeyVault;
  const configFor = (pinFile: string) => {
    const where = { module: '/any.so', token: 'ours', driver: join(folder, 'index.cjs') };
    return { pkcs11: { ...where, pinFile: join(folder, pinFile), labels: { id_jag: 'c-id-jag' } } } as Config['keys'];
  };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-vault-'));
    await writeFile(join(folder, 'index.cjs'), driver);
    await writeFile(join(folder, 'pin'), '4711\n');
    vault = await openVault(configFor('pin'));
  });
  after(async () => {
    await vault.close();
    await rm(folder, { recursive: true });
  });

  test('no token configured: all in this process', async () => {
    const own = await openVault({} as Config['keys']);
    assert.equal(own, processVault);
    assert.equal(own.isInToken('id_jag'), false);
    const jwk = await own.generate('id_jag', 'ES256');
    assert.ok('d' in jwk);
    assert.equal(own.signerOf(jwk).kid, jwk.kid);
  });

  test('with a token: the keys of the purposes that have a label there, and only those', async () => {
    assert.deepEqual([vault.isInToken('id_jag'), vault.isInToken('id_token')], [true, false]);
    const [there, here] = [await vault.generate('id_jag', 'ES256'), await vault.generate('id_token', 'ES256')];
    assert.deepEqual([there.token, here.token], ['c-id-jag', undefined]);
    assert.deepEqual(['d' in there, 'd' in here], [false, true]);
    for (const jwk of [there, here]) assert.equal(vault.signerOf(jwk).kid, jwk.kid);
    assert.throws(() => processVault.signerOf(there), /is in a token, and keys\.pkcs11 is not configured/);
    const gone: KeptJwk = { ...there, kid: 'AAAAAAAAAAAAAAAA' };
    assert.throws(() => vault.signerOf(gone), /The token has no key AAAAAAAAAAAAAAAA/);
  });

  test('with a token: a key for decrypting is made here whatever its purpose, and signs nothing', async () => {
    const jwk = await vault.generate('id_jag', 'ECDH-ES');
    assert.equal(jwk.token, undefined);
    assert.ok('d' in jwk);
    for (const key of [jwk, { ...generatePrivateJwk('ECDH-ES'), token: 'c-id-jag' }]) {
      assert.throws(() => vault.signerOf(key as KeptJwk), /KEY-01/);
    }
  });

  test('a PIN that cannot be read is a problem with a way out', async () => {
    await assert.rejects(openVault(configFor('nowhere')), /keys\.pkcs11\.pinFile: cannot read .*nowhere \(ENOENT\)/);
  });
});
