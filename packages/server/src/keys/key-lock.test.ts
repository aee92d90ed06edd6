import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, mock, test } from 'node:test';
import { openSecret } from './key-file.ts';
import { withKeyLock } from './key-lock.ts';

describe('the lock of the keys of one purpose', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-lock-'));
  });
  beforeEach(() => mock.restoreAll());
  after(() => rm(folder, { recursive: true }));

  /** The clock stands at this second after every look but the first. */
  const leapTo = (seconds: number) => {
    const times = [0];
    mock.method(performance, 'now', () => times.shift() ?? seconds * 1000);
  };

  test('is taken in turn, and given back when the work fails', async () => {
    const done: string[] = [];
    const first = withKeyLock(folder, 'id_jag', async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      done.push('first');
      throw new Error('no room on the disk');
    });
    const second = withKeyLock(folder, 'id_jag', async () => done.push('second'));
    await assert.rejects(first, /no room on the disk/);
    assert.equal(await second, 2);
    assert.deepEqual(done, ['first', 'second']);
  });

  test('is not taken in a folder of another user, who could not read what is written there', async () => {
    mock.method(process as { getuid(): number }, 'getuid', () => 4711);
    let done = false;
    const work = async () => {
      done = true;
    };
    await assert.rejects(withKeyLock(folder, 'id_token', work), /belongs to user \d+, and this is user 4711/);
    await assert.rejects(openSecret(folder, 'cookie'), /belongs to user/);
    assert.ok(!done);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => /^id_token|cookie/.test(name)),
      [],
    );
  });

  for (const [seconds, outcome] of [
    [29, 'waited for'],
    [31, 'given up'],
  ] as const) {
    test(`held by somebody else for ${seconds} seconds: ${outcome}`, async () => {
      const held = Promise.withResolvers<void>();
      const taken = Promise.withResolvers<void>();
      const holder = withKeyLock(folder, 'id_jag', () => {
        taken.resolve();
        return held.promise;
      });
      await taken.promise;
      leapTo(seconds);
      const release = setTimeout(held.resolve, 200);
      const next = withKeyLock(folder, 'id_jag', async () => 'taken');
      if (outcome === 'given up')
        await assert.rejects(next, /Somebody else is changing the keys: .*id_jag\.lock is held/);
      else assert.equal(await next, 'taken');
      clearTimeout(release);
      held.resolve();
      await holder;
    });
  }

  test('that cannot be taken at all is told at once, as what it is', async () => {
    await mkdir(join(folder, 'access_token.lock'));
    leapTo(31);
    const next = withKeyLock(folder, 'access_token', async () => 'taken');
    await assert.rejects(next, /The lock .*access_token\.lock cannot be taken/);
  });
});
