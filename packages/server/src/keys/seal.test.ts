import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { createSeal, isSealed, openSeal } from './seal.ts';

describe('the seal key', () => {
  const [ours, theirs] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-seal-'));
    await writeFile(join(folder, 'ours'), ours);
    await writeFile(join(folder, 'short'), ours.subarray(1));
    for (const name of ['handed', 'nothing', 'unreadable/credence-seal']) {
      await mkdir(join(folder, name), { recursive: true });
    }
    await writeFile(join(folder, 'handed/credence-seal'), theirs);
  });
  const inherited = process.env.CREDENTIALS_DIRECTORY;
  const handOver = (credentials: string | undefined) => {
    if (credentials === undefined) delete process.env.CREDENTIALS_DIRECTORY;
    else process.env.CREDENTIALS_DIRECTORY = join(folder, credentials);
  };
  afterEach(() => handOver(undefined));
  after(async () => {
    if (inherited !== undefined) process.env.CREDENTIALS_DIRECTORY = inherited;
    await rm(folder, { recursive: true });
  });

  const table: [name: string, file: string | undefined, credentials: string | undefined, key: Buffer | undefined][] = [
    ['neither configured nor handed over: none', undefined, undefined, undefined],
    ['configured, of 32 bytes', 'ours', undefined, ours],
    ['handed over by systemd', undefined, 'handed', theirs],
    ['handed over, and another configured: the configured one', 'ours', 'handed', ours],
    ['other credentials handed over: none', undefined, 'nothing', undefined],
  ];
  for (const [name, file, credentials, key] of table) {
    test(name, async () => {
      handOver(credentials);
      const seal = await openSeal(file === undefined ? undefined : join(folder, file));
      assert.equal(seal !== undefined, key !== undefined);
      const sealed = seal?.close('secret') ?? '';
      assert.equal(isSealed(sealed), key !== undefined);
      if (key) assert.equal(createSeal(key).open(sealed), 'secret');
    });
  }

  const problems: [name: string, file: string | undefined, credentials: string | undefined, message: RegExp][] = [
    ['shorter than 32 bytes', 'short', undefined, /short is shorter than 32 bytes/],
    ['configured, and not there', 'nowhere', undefined, /Cannot read the seal key .*nowhere: ENOENT/],
    ['handed over, and not to be read', undefined, 'unreadable', /Cannot read the seal key .*credence-seal: EISDIR/],
  ];
  for (const [name, file, credentials, message] of problems) {
    test(`${name}: a problem, and nothing goes on unsealed`, async () => {
      handOver(credentials);
      await assert.rejects(openSeal(file === undefined ? undefined : join(folder, file)), message);
    });
  }
});
