import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { SignatureAlgorithm } from '@credence/mcp/protocol';
import { type KeyRingOptions, openKeyRing, refreshAll } from './key-ring.ts';
import { createSeal, type Seal } from './seal.ts';
import { type KeyVault, processVault } from './vault.ts';

const dirs: string[] = [];
after(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true }))));

async function world(seal?: Seal) {
  const keysDir = await mkdtemp(join(tmpdir(), 'credence-keys-'));
  dirs.push(keysDir);
  const clock = { now: 1_800_000_000 };
  const rotated: string[] = [];
  const options: KeyRingOptions = {
    keysDir,
    purpose: 'id_jag',
    algorithm: 'ES256',
    seal,
    now: () => clock.now,
    waitSeconds: 600,
    tokenSeconds: 330,
    rotateAfterSeconds: 90 * 86_400,
    onRotated: async (_purpose, kid) => {
      rotated.push(kid);
    },
  };
  const open = (algorithm: SignatureAlgorithm = 'ES256', withSeal = seal) =>
    openKeyRing({ ...options, algorithm, seal: withSeal });
  return { keysDir, file: join(keysDir, 'id_jag.keys'), clock, rotated, options, open };
}

describe('keys of several purposes', () => {
  test('each follows its file, also where one before it cannot have the key that is due', async () => {
    const [one, other] = [await world(), await world()];
    let isAway = false;
    const generate: KeyVault['generate'] = (purpose, algorithm) => {
      if (isAway) throw new Error('the token is away');
      return processVault.generate(purpose, algorithm);
    };
    const first = await openKeyRing({ ...one.options, vault: { ...processVault, generate } });
    const second = await other.open();
    const elsewhere = await other.open();
    for (const { clock } of [one, other]) clock.now += 90 * 86_400;
    await elsewhere.refresh(); // another process was first
    isAway = true;
    assert.equal(second.published().length, 1);
    await assert.rejects(refreshAll([first, second]), /the token is away/);
    assert.equal(second.published().length, 2);
    await refreshAll([second]);
  });
});

describe('keys of one purpose', () => {
  test('made at the first start, 0600, and the same afterwards', async () => {
    const { open, file, rotated, keysDir } = await world();
    const kid = (await open()).signer().kid;
    assert.equal((await open()).signer().kid, kid);
    assert.deepEqual(rotated, [kid]);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(keysDir)).sort(), ['id_jag.keys', 'id_jag.lock']);
  });

  test('rotated when it is time: published, waits, signs; the public half of an unchanged key is the same object', async () => {
    const { open, clock, rotated } = await world();
    const ring = await open();
    const [before] = ring.published();
    clock.now += 90 * 86_400;
    await ring.refresh();
    assert.equal(rotated.length, 2);
    assert.equal(ring.published()[0], before);
    assert.equal(ring.published().length, 2);
    const kept = () => ring.privateJwks().map(({ kid }) => kid);
    assert.equal(ring.signer().kid, rotated[0]);
    assert.deepEqual(kept(), rotated);
    clock.now += 600;
    assert.equal(ring.signer().kid, rotated[1]);
    assert.deepEqual(kept(), rotated.toReversed(), 'the one in use first');
    clock.now += 330;
    assert.deepEqual(
      ring.published().map((key) => key.kid),
      [rotated[1]],
    );
  });

  test('followed by a new one when the newest is leaving, though it signs for a while still', async () => {
    const { open, file, clock, rotated } = await world();
    await open();
    const kept = JSON.parse(await readFile(file, 'utf8'));
    kept.keys[0].retiresAt = clock.now + 500;
    await writeFile(file, JSON.stringify(kept));
    await open();
    assert.equal(rotated.length, 2);
  });

  test('while none is due nobody asks for the lock', async () => {
    const { open, keysDir } = await world();
    const ring = await open();
    await rm(join(keysDir, 'id_jag.lock'));
    await ring.refresh();
    assert.deepEqual(await readdir(keysDir), ['id_jag.keys']);
  });

  test('of two that find a new one due the second finds it made', async () => {
    const { options, clock, rotated } = await world();
    let onRead = () => {};
    const second = await openKeyRing({
      ...options,
      now() {
        onRead();
        return clock.now;
      },
    });
    let ofSecond: Promise<void> | undefined;
    const generate: KeyVault['generate'] = async (...wanted) => {
      const read = Promise.withResolvers<void>();
      onRead = read.resolve;
      ofSecond = second.refresh();
      await read.promise;
      return processVault.generate(...wanted);
    };
    const first = await openKeyRing({ ...options, vault: { ...processVault, generate } });
    clock.now += 90 * 86_400;
    await first.refresh();
    await ofSecond;
    assert.equal(rotated.length, 2);
    assert.equal(second.published().length, 2);
  });

  test('none signs before its time, whatever the clock says', async () => {
    const { open, clock } = await world();
    const ring = await open();
    clock.now -= 1;
    assert.throws(() => ring.signer(), /there is no id_jag key that may sign/);
  });

  test('one that cannot be had is found at the start', async () => {
    const { open, options } = await world();
    await open();
    const signerOf = () => {
      throw new Error('the token is away');
    };
    await assert.rejects(openKeyRing({ ...options, vault: { ...processVault, signerOf } }), /the token is away/);
  });

  test('a configured change of algorithm is a rotation', async () => {
    const { open, clock } = await world();
    await open('ES256');
    const ring = await open('EdDSA');
    assert.equal(ring.signer().algorithm, 'ES256');
    clock.now += 600;
    assert.equal(ring.signer().algorithm, 'EdDSA');
  });

  test('sealed at rest: nothing of the key in the file, and only this seal opens it', async () => {
    const { open, file } = await world(createSeal(Buffer.alloc(32, 1)));
    const kid = (await open()).signer().kid;
    const text = await readFile(file, 'utf8');
    assert.ok(!text.includes(kid) && !text.includes('"d"'));
    await assert.rejects(open('ES256', createSeal(Buffer.alloc(32, 2))), /does not open with this seal key/);
    const changed = text.slice(0, -2) + (text.endsWith('AA') ? 'BB' : 'AA');
    await writeFile(file, changed);
    await assert.rejects(open(), /does not open/);
  });

  test('one that is not sealed is refused where there is a seal, until an operator has sealed it', async () => {
    const { open, file, keysDir } = await world();
    const kid = (await open()).signer().kid;
    const seal = createSeal(Buffer.alloc(32, 1));
    await assert.rejects(open('ES256', seal), /is not sealed, and there is a seal key/);
    const { sealKeyFile } = await import('./key-file.ts');
    const seen: string[] = [];
    const note = async (kids: readonly string[]) => void seen.push(...kids);
    assert.equal(await sealKeyFile(keysDir, 'id_jag', seal, note), true);
    assert.ok(!(await readFile(file, 'utf8')).includes('"d"'));
    assert.equal((await open('ES256', seal)).signer().kid, kid);
    assert.equal(await sealKeyFile(keysDir, 'id_jag', seal, note), false, 'once');
    assert.equal(await sealKeyFile(keysDir, 'id_token', seal, note), false, 'where there is none');
    assert.deepEqual(seen, [kid]);
  });

  test('a sealed file without a seal, and a damaged one, are problems with a way out', async () => {
    const sealed = await world(createSeal(Buffer.alloc(32, 1)));
    await sealed.open();
    const { readKeyFile } = await import('./key-file.ts');
    await assert.rejects(readKeyFile(sealed.keysDir, 'id_jag', undefined), /no seal key is configured/);
    const damaged = await world();
    await writeFile(damaged.file, '{');
    await assert.rejects(damaged.open(), /is damaged/);
  });
});

describe('ten processes on one home', { timeout: 120_000 }, () => {
  /** Runs a script in ten processes at once, all let go at the same moment; resolves to what each said. */
  async function race(keysDir: string, work: string): Promise<string[]> {
    const script = `
      import { openKeyRing } from ${JSON.stringify(import.meta.resolve('./key-ring.ts'))};
      import { changeKeyFile, openSecret } from ${JSON.stringify(import.meta.resolve('./key-file.ts'))};
      import { rotate } from ${JSON.stringify(import.meta.resolve('./lifecycle.ts'))};
      import { generatePrivateJwk } from ${JSON.stringify(import.meta.resolve('./signer.ts'))};
      const keysDir = ${JSON.stringify(keysDir)};
      process.stdout.write('ready');
      await new Promise((go) => process.stdin.once('data', go));
      ${work}
      process.stdin.destroy();`;
    const children = Array.from({ length: 10 }, () => spawn(process.execPath, ['--input-type=module', '-e', script]));
    const said = children.map(async (child) => {
      const chunks: string[] = [];
      for await (const chunk of child.stdout.setEncoding('utf8')) chunks.push(String(chunk));
      return chunks.join('').replace(/^ready/, '');
    });
    await Promise.all(children.map((child) => once(child.stdout, 'readable')));
    for (const child of children) child.stdin.write('go');
    return Promise.all(said);
  }

  test('the first key is made once, and all sign with it', async () => {
    const { keysDir, open } = await world();
    const kids = await race(
      keysDir,
      `const ring = await openKeyRing({ keysDir, purpose: 'id_jag', algorithm: 'ES256', seal: undefined, now: () => 1_800_000_000,
         waitSeconds: 600, tokenSeconds: 330, rotateAfterSeconds: 7_776_000, onRotated: async () => process.stdout.write('made ') });
       process.stdout.write(ring.signer().kid);`,
    );
    const { kid } = (await open()).signer();
    assert.equal(kids.filter((said) => said === `made ${kid}`).length, 1);
    assert.equal(kids.filter((said) => said === kid).length, 9);
  });

  test('what each of them adds to the file is there afterwards', async () => {
    const { keysDir } = await world();
    const said = await race(
      keysDir,
      `for (let n = 0; n < 5; n += 1) {
         const jwk = generatePrivateJwk('EdDSA');
         await changeKeyFile(keysDir, 'id_jag', undefined, async (keys) =>
           rotate(keys, jwk, { now: 1_800_000_000, waitSeconds: 600, tokenSeconds: 330 }));
         process.stdout.write(jwk.kid + ' ');
       }`,
    );
    const { readKeyFile } = await import('./key-file.ts');
    const kids = (await readKeyFile(keysDir, 'id_jag', undefined)).map(({ jwk }) => jwk.kid);
    assert.equal(kids.length, 50);
    assert.deepEqual(kids.toSorted(), said.join('').trim().split(' ').toSorted());
  });

  test('a secret of the home is the same for all', async () => {
    const { keysDir } = await world();
    const secrets = await race(keysDir, `process.stdout.write(await openSecret(keysDir, 'cookie'));`);
    assert.equal(new Set(secrets).size, 1);
    assert.deepEqual(await readdir(keysDir), ['cookie.secret']);
  });

  test('a lock ends with its holder, however that ends', async () => {
    const { keysDir } = await world();
    const { withKeyLock } = await import('./key-lock.ts');
    const script = `
      import { withKeyLock } from ${JSON.stringify(import.meta.resolve('./key-lock.ts'))};
      await withKeyLock(${JSON.stringify(keysDir)}, 'id_jag', async () => {
        process.stdout.write('held');
        await new Promise((never) => setTimeout(never, 60_000));
      });`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await once(holder.stdout, 'data');
    let taken = false;
    const next = withKeyLock(keysDir, 'id_jag', async () => {
      taken = true;
    });
    await wait(100);
    assert.equal(taken, false);
    holder.kill('SIGKILL');
    await next;
    assert.equal(taken, true);
  });
});
