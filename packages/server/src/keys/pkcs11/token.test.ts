import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mintJws, parseJws, type SignatureAlgorithm } from '@credence/mcp/protocol';
import type { Config } from '../../config.ts';
import type { KeyPurpose } from '../../config-schema.ts';
import { Problem } from '../../problem.ts';
import { openKeyRing } from '../key-ring.ts';
import { type KeyVault, openVault, processVault } from '../vault.ts';
import { verifySignature } from '../verify-signature.ts';
import type { Cryptoki } from './cryptoki.ts';
import { makeSoftToken, missing, type SoftToken } from './fixtures/soft-token.ts';

const labels = { id_token: 'c-id-token', id_jag: 'c-id-jag', access_token: 'c-access-token' };

describe('keys in a PKCS #11 token (SoftHSM)', { skip: missing, timeout: 120_000 }, () => {
  let soft: SoftToken;
  let vault: KeyVault;
  const configFor = (change: Partial<NonNullable<Config['keys']['pkcs11']>> = {}) => {
    const { module, driver, token, pinFile } = soft;
    return { pkcs11: { module, driver, token, pinFile, labels, ...change } } as unknown as Config['keys'];
  };
  before(async () => {
    soft = makeSoftToken();
    process.env.SOFTHSM2_CONF = soft.environment.SOFTHSM2_CONF;
    vault = await openVault(configFor());
  });
  after(async () => {
    await vault?.close();
    if (soft) await rm(soft.folder, { recursive: true, force: true });
  });

  const verified = async (jws: string, key: Parameters<typeof verifySignature>[1], algorithm: SignatureAlgorithm) => {
    const parsed = parseJws(jws);
    return parsed !== undefined && verifySignature(parsed, key, algorithm);
  };

  for (const algorithm of ['ES256', 'RS256', 'PS256'] as const) {
    test(`${algorithm}: made there, signed there, verified here; nothing private comes out`, async () => {
      const jwk = await vault.generate('id_jag', algorithm);
      const signer = vault.signerOf(jwk);
      assert.equal(jwk.token, labels.id_jag);
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi']) assert.ok(!(member in jwk), member);
      assert.ok(!('token' in signer.publicJwk));
      const jws = await mintJws({ alg: algorithm, kid: jwk.kid }, { n: 1 }, signer.sign);
      assert.equal(await verified(jws, signer.publicJwk, algorithm), true);
      const other = vault.signerOf(await vault.generate('id_jag', algorithm));
      assert.equal(await verified(jws, { ...other.publicJwk, kid: jwk.kid }, algorithm), false);
    });
  }

  test('a thousand signatures at once: all good, and the event loop goes on', async () => {
    const signer = vault.signerOf(await vault.generate('access_token', 'ES256'));
    let turns = 0;
    const clock = setInterval(() => {
      turns += 1;
    }, 1);
    const made = await Promise.all(
      Array.from({ length: 1000 }, (_, n) => mintJws({ alg: 'ES256', kid: signer.kid }, { n }, signer.sign)),
    );
    clearInterval(clock);
    for (const jws of made) assert.equal(await verified(jws, signer.publicJwk, 'ES256'), true);
    assert.equal(new Set(made).size, 1000);
    assert.ok(turns > 0);
  });

  const losses: [name: string, lose: (other: OtherUser) => void][] = [
    ['every session', (other) => other.C_GetSlotList(true).map((slot) => other.C_CloseAllSessions(slot))],
    ['the module itself', (other) => other.C_Finalize()],
  ];
  for (const [name, lose] of losses)
    test(`lost under way, ${name}: opened again`, async () => {
      const signer = vault.signerOf(await vault.generate('access_token', 'ES256'));
      lose(otherUser());
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, n) => mintJws({ alg: 'ES256', kid: signer.kid }, { n }, signer.sign)),
      );
      for (const jws of made) assert.equal(await verified(jws, signer.publicJwk, 'ES256'), true);
    });

  for (const [name, lose] of losses)
    test(`lost before a key has its turn, ${name}: it is found all the same`, async () => {
      const jwk = await vault.generate('access_token', 'ES256');
      lose(otherUser());
      const signer = vault.signerOf(jwk);
      assert.equal((await signer.sign('a')).length, 64);
    });

  test('away for a while: nothing is signed, and then it is again', async () => {
    const signer = vault.signerOf(await vault.generate('access_token', 'ES256'));
    const [here, away] = [join(soft.folder, 'tokens'), join(soft.folder, 'away')];
    otherUser().C_Finalize();
    await rename(here, away);
    await mkdir(here);
    for (const _ of [1, 2]) await assert.rejects(async () => signer.sign('a'), /there is no token "credence test"/);
    await rm(here, { recursive: true });
    await rename(away, here);
    assert.equal((await signer.sign('a')).length, 64);
  });

  type OtherUser = Cryptoki & { C_CloseAllSessions(slot: Buffer): void };

  /** Who can do to our sessions, in this same process, what a restart of the token does. */
  function otherUser(): OtherUser {
    const { PKCS11 } = createRequire(import.meta.url)(soft.driver) as { PKCS11: new () => OtherUser };
    const other = new PKCS11();
    other.load(soft.module);
    return other;
  }

  describe('KEY-03: publish, wait, sign, retire', () => {
    const world = async () => {
      const keysDir = await mkdtemp(join(tmpdir(), 'credence-token-keys-'));
      const clock = { now: 1_800_000_000 };
      const open = (from: KeyVault = vault) =>
        openKeyRing({
          keysDir,
          purpose: 'id_jag',
          algorithm: 'ES256',
          seal: undefined,
          now: () => clock.now,
          waitSeconds: 600,
          tokenSeconds: 330,
          rotateAfterSeconds: 90 * 86_400,
          vault: from,
          onRotated: async () => undefined,
        });
      return { keysDir, file: join(keysDir, 'id_jag.keys'), clock, open };
    };

    test('a key in the token goes through its life, also across a restart', async () => {
      const { clock, open, file } = await world();
      const first = (await open()).signer().kid;
      assert.doesNotMatch(await readFile(file, 'utf8'), /"d"/);
      clock.now += 90 * 86_400;
      const ring = await open();
      assert.equal(ring.published().length, 2);
      assert.equal(ring.signer().kid, first);
      clock.now += 600;
      const second = ring.signer();
      assert.notEqual(second.kid, first);
      const jws = await mintJws({ alg: 'ES256', kid: second.kid }, {}, second.sign);
      assert.equal(await verified(jws, ring.published()[1] ?? assert.fail(), 'ES256'), true);
      clock.now += 330;
      assert.deepEqual(
        (await open()).published().map(({ kid }) => kid),
        [second.kid],
      );
    });

    test('from the file into the token, and back, is a rotation like any other', async () => {
      const { clock, open } = await world();
      const inFile = (await open(processVault)).signer().kid;
      const ring = await open();
      assert.equal(ring.signer().kid, inFile);
      clock.now += 600;
      const inToken = ring.signer();
      assert.notEqual(inToken.kid, inFile);
      assert.equal(ring.privateJwks()[0]?.token, labels.id_jag);
      const withoutLabel = await openVault(configFor({ labels: { access_token: 'x' } }));
      const back = await open(withoutLabel);
      assert.equal(back.signer().kid, inToken.kid);
      clock.now += 600;
      assert.notEqual(back.signer().kid, inToken.kid);
      assert.equal(back.privateJwks()[0]?.token, undefined);
    });

    test('a key that the token does not have, and one without a token, are problems with a way out', async () => {
      const { open, file } = await world();
      const { kid } = (await open()).signer();
      await assert.rejects(open(processVault), /is in a token, and keys\.pkcs11 is not configured/);
      await writeFile(file, (await readFile(file, 'utf8')).replaceAll(kid, 'AAAAAAAAAAAAAAAA'));
      await assert.rejects(open(), /The token has no key AAAAAAAAAAAAAAAA under the label c-id-jag/);
    });
  });

  describe('what cannot be opened', () => {
    const table: [name: string, change: () => Parameters<typeof configFor>[0], message: RegExp][] = [
      ['another token', () => ({ token: 'nobody' }), /there is no token "nobody"/],
      ['another module', () => ({ module: '/usr/lib/nothing.so' }), /\/usr\/lib\/nothing\.so cannot be used/],
      ['no driver there', () => ({ driver: '/nowhere' }), /needs the package pkcs11js/],
      ['no PIN there', () => ({ pinFile: '/nowhere' }), /cannot read \/nowhere \(ENOENT\)/],
    ];
    for (const [name, change, message] of table) {
      test(name, async () => {
        await assert.rejects(openVault(configFor(change())), (error: Problem) => {
          assert.ok(error instanceof Problem, String(error));
          assert.match(error.message, message);
          assert.ok(error.wayOut.length > 0);
          return true;
        });
      });
    }

    test('an algorithm that tokens are not asked for', async () => {
      await assert.rejects(async () => vault.generate('id_jag' satisfies KeyPurpose, 'EdDSA'), /makes no EdDSA keys/);
    });
  });

  test('closing waits for what is under way', async () => {
    const own = await openVault(configFor());
    const signer = own.signerOf(await own.generate('access_token', 'RS256'));
    const made = Array.from({ length: 20 }, (_, n) => mintJws({ alg: 'RS256', kid: signer.kid }, { n }, signer.sign));
    await own.close();
    for (const jws of await Promise.all(made)) assert.equal(await verified(jws, signer.publicJwk, 'RS256'), true);
  });

  test('a wrong PIN is told, tried once, and is in no message', async () => {
    const pinFile = join(soft.folder, 'wrong');
    await writeFile(pinFile, '0000-guess\n');
    await vault.close(); // who is logged in already is not asked again
    try {
      await assert.rejects(openVault(configFor({ pinFile })), (error: Problem) => {
        assert.match(error.message, /does not let us in: CKR_PIN_INCORRECT/);
        assert.doesNotMatch(error.message + error.wayOut, /0000-guess/);
        return true;
      });
    } finally {
      vault = await openVault(configFor());
    }
  });
});
