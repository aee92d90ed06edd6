import assert from 'node:assert/strict';
import { chmod, chown, link, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { Problem } from '../problem.ts';
import { commands, openWorld, serverOf, stdio } from './fixtures/world.ts';
import { createLauncher, type LaunchOptions } from './launch.ts';

const isRoot = process.getuid?.() === 0;
const onlyRoot = { skip: !isRoot && 'not root' };
const made: string[] = [];
let dir: string;
let options: LaunchOptions;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'launch-'));
  made.push(dir);
  await chmod(dir, 0o711);
  options = { path: [join(dir, 'bin')], dataDir: join(dir, 'data'), demo: false, warn: () => undefined };
  await mkdir(join(dir, 'bin'));
  await mkdir(options.dataDir);
  for (const folder of ['bin', 'data']) await chmod(join(dir, folder), 0o711);
});
after(() => Promise.all(made.map((one) => rm(one, { recursive: true, force: true }))));

async function program(name: string, content: string): Promise<string> {
  const file = join(dir, 'bin', name);
  await writeFile(file, content);
  await chmod(file, 0o755);
  return file;
}

describe('finding the program', () => {
  const node = process.execPath;
  test('a script for Node is started with our own Node, so that it needs no PATH', async () => {
    const file = await program('server', '#!/usr/bin/env -S node --no-warnings\n');
    const launch = await createLauncher(options).prepare('s', stdio('server', { args: ['a'] }));
    const { command, args } = launch.planFor('p');
    assert.deepEqual([command, args], [node, [file, 'a']]);
  });
  test('another interpreter is looked for where commands are', async () => {
    const python = await program('python9', 'binary');
    const file = await program('server', '#!/usr/bin/env python9\n');
    const { command, args } = (await createLauncher(options).prepare('s', stdio('server'))).planFor('p');
    assert.deepEqual([command, args], [python, [file]]);
  });
  test('a link leads to what it names', async () => {
    const file = await program('real.js', '');
    await symlink(file, join(dir, 'bin', 'server'));
    const { args } = (await createLauncher(options).prepare('s', stdio('server'))).planFor('p');
    assert.deepEqual(args, [file]);
  });
  test('a command that is not there is told by name, with the way out', async () => {
    await assert.rejects(createLauncher(options).prepare('s', stdio('nowhere')), (fault: Problem) => {
      assert.ok(fault instanceof Problem);
      assert.match(fault.message, /servers\.s\.upstream: the command nowhere/);
      assert.match(fault.wayOut, /gateway\.path/);
      return true;
    });
  });
});

describe('placeholders', () => {
  const people: [person: string, name: RegExp][] = [
    ['a_alice-1', /^a_alice-1$/],
    ['../bob', /^p_[A-Za-z0-9_-]{43}$/],
    ['a/b', /^p_[A-Za-z0-9_-]{43}$/],
    ['{data}', /^p_[A-Za-z0-9_-]{43}$/],
    ['$&', /^p_[A-Za-z0-9_-]{43}$/],
    ['', /^p_[A-Za-z0-9_-]{43}$/],
  ];
  for (const [person, name] of people) {
    test(`{person} for ${JSON.stringify(person)} is one name in a path`, async () => {
      await program('server.js', '');
      const launch = await createLauncher(options).prepare('s', stdio('server.js', { env: { FILE: '{person}' } }));
      assert.match(launch.planFor(person).env.FILE ?? '', name);
    });
  }
});

describe('T36: the user a process runs as', () => {
  const prepare = async (id: string, change: Partial<LaunchOptions> = {}) => {
    await program('server.js', '');
    const launch = await createLauncher({ ...options, ...change }).prepare(id, stdio('server.js'));
    return launch.planFor('p').user;
  };

  test('each server its own, the same at the next start', onlyRoot, async () => {
    const one = await prepare('one');
    assert.ok(one && one >= 61_184 && one <= 65_519);
    assert.notEqual(await prepare('two'), one);
    assert.equal(await prepare('one'), one);
    assert.equal((await stat(join(options.dataDir, 'one'))).uid, one);
  });

  test('an id that another folder already belongs to is not given twice', onlyRoot, async () => {
    const one = Number(await prepare('one'));
    await rm(join(options.dataDir, 'one'), { recursive: true });
    await mkdir(join(options.dataDir, 'older'));
    await chown(join(options.dataDir, 'older'), one, one);
    assert.notEqual(await prepare('one'), one);
  });

  test('files in its folder become its own; links and second names of other files do not', onlyRoot, async () => {
    const folder = join(options.dataDir, 'one');
    await mkdir(join(folder, 'sub'), { recursive: true });
    const ours = join(dir, 'ours.txt');
    for (const file of [ours, join(folder, 'sub', 'its.txt')]) await writeFile(file, '');
    await symlink(ours, join(folder, 'link'));
    await link(ours, join(folder, 'second-name'));
    const user = await prepare('one');
    assert.equal((await stat(join(folder, 'sub', 'its.txt'))).uid, user);
    assert.equal((await stat(ours)).uid, 0);
  });

  test('a program it could not get to: refused, in a demonstration a warning', onlyRoot, async () => {
    await chmod(dir, 0o700);
    await assert.rejects(prepare('one'), (fault: Problem) => {
      assert.match(fault.wayOut, new RegExp(`chmod o\\+rx ${dir}`));
      return fault instanceof Problem;
    });
    const warnings: string[] = [];
    const warn = (id: string, words: string) => warnings.push(`${id}: ${words}`);
    assert.equal(await prepare('one', { demo: true, warn }), undefined);
    assert.match(warnings[0] ?? '', /^one: .*demonstration/);
  });

  test('where no other user can be had: refused beside signing keys, else our own', async () => {
    const { getuid } = process;
    process.getuid = () => 1000;
    try {
      await assert.rejects(prepare('one'), (fault: Problem) => {
        assert.match(fault.message, /same user as the idp or ras role/);
        return fault instanceof Problem;
      });
      assert.equal(await prepare('one', { besideKeys: false }), undefined);
      assert.equal(await prepare('one', { demo: true }), undefined);
    } finally {
      if (getuid) process.getuid = getuid;
    }
  });

  test('checkUpstreams tells before the first request', async () => {
    const world = await openWorld([serverOf('a', stdio(commands.tell), {}), serverOf('b', stdio('nowhere'), {})]);
    try {
      await assert.rejects(world.gateway.checkUpstreams(), /servers\.b\.upstream/);
    } finally {
      await world.close();
    }
  });
});
