import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { SignatureAlgorithm } from '@credence/mcp/protocol';
import { openKeyRing } from './key-ring.ts';
import { createSeal, type Seal } from './seal.ts';

const dirs: string[] = [];
after(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true }))));

async function world(seal?: Seal) {
  const keysDir = await mkdtemp(join(tmpdir(), 'credence-keys-'));
  dirs.push(keysDir);
  const clock = { now: 1_800_000_000 };
  const rotated: string[] = [];
  const open = (algorithm: SignatureAlgorithm = 'ES256', withSeal = seal) =>
    openKeyRing({
      keysDir,
      purpose: 'id_jag',
      algorithm,
      seal: withSeal,
      now: () => clock.now,
      tokenSeconds: 330,
      rotateAfterSeconds: 90 * 86_400,
      onRotated: async (_purpose, kid) => {
        rotated.push(kid);
      },
    });
  return { keysDir, file: join(keysDir, 'id_jag.keys'), clock, rotated, open };
}

describe('keys of one purpose', () => {
  test('made at the first start, 0600, and the same afterwards', async () => {
    const { open, file, rotated, keysDir } = await world();
    const kid = (await open()).signer().kid;
    assert.equal((await open()).signer().kid, kid);
    assert.deepEqual(rotated, [kid]);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(keysDir), ['id_jag.keys']);
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
    assert.equal(ring.signer().kid, rotated[0]);
    clock.now += 600;
    assert.equal(ring.signer().kid, rotated[1]);
    clock.now += 330;
    assert.deepEqual(
      ring.published().map((key) => key.kid),
      [rotated[1]],
    );
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
