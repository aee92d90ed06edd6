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
  const asItIs: [what: string, content: string][] = [
    ['a program', 'binary'],
    ['a script that names its interpreter by its path', '#!/bin/sh\n'],
  ];
  for (const [what, content] of asItIs) {
    test(`${what} is started as it is`, async () => {
      const file = await program('server', content);
      const { command, args } = (await createLauncher(options).prepare('s', stdio('server'))).planFor('p');
      assert.deepEqual([command, args], [file, []]);
    });
  }
  test('but one that names a Node by its path with our own', async () => {
    const file = await program('server', '#!/opt/node/bin/node\n');
    const { command, args } = (await createLauncher(options).prepare('s', stdio('server'))).planFor('p');
    assert.deepEqual([command, args], [node, [file]]);
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

describe('the folder of a server', () => {
  test('is where it works, unless its entry says where, by person if need be', async () => {
    await program('server.js', '');
    for (const [cwd, expected] of [
      [undefined, join(options.dataDir, 's')],
      ['{data}/{person}', join(options.dataDir, 's', 'p')],
    ]) {
      const launch = await createLauncher(options).prepare('s', stdio('server.js', { cwd }));
      assert.equal(launch.planFor('p').cwd, expected);
    }
  });
  test('is looked at once: afterwards children are at work in it', async () => {
    await program('server.js', '');
    const launcher = createLauncher(options);
    await launcher.prepare('s', stdio('server.js'));
    await chmod(join(options.dataDir, 's'), 0o750);
    await launcher.prepare('s', stdio('server.js', { args: ['another'] }));
    assert.equal((await stat(join(options.dataDir, 's'))).mode & 0o777, 0o750);
  });
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

  const [firstUser, users] = [61_184, 4336];
  const folderOf = async (id: string, user: number) => {
    await mkdir(join(options.dataDir, id));
    await chown(join(options.dataDir, id), user, user);
  };
  const remembered: [user: number, isKept: boolean][] = [
    [firstUser - 1, false],
    [firstUser, true],
    [firstUser + users - 1, true],
    [firstUser + users, false],
  ];
  for (const [user, isKept] of remembered) {
    test(
      `a folder of ${user}, which ${isKept ? 'is' : 'is not'} among those for this: ${isKept ? 'kept' : 'another'}`,
      onlyRoot,
      async () => {
        await folderOf('one', user);
        const given = Number(await prepare('one'));
        assert.equal(given === user, isKept);
        assert.ok(given >= firstUser && given < firstUser + users);
      },
    );
  }

  test('two folders of one user: who is started has another', onlyRoot, async () => {
    for (const id of ['one', 'older']) await folderOf(id, firstUser);
    assert.notEqual(await prepare('one'), firstUser);
  });

  test('none is left: refused, with the way out', onlyRoot, async () => {
    await Promise.all(Array.from({ length: users }, (_, n) => folderOf(`old-${n}`, firstUser + n)));
    await assert.rejects(prepare('one'), (fault: Problem) => {
      assert.match(fault.message, /servers\.one\.upstream: no OS user is free/);
      assert.match(fault.wayOut, /Remove old folders/);
      return fault instanceof Problem;
    });
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

  test('once only: a later start is not led by what a child has left running in it', onlyRoot, async () => {
    await prepare('one');
    const file = join(options.dataDir, 'one', 'later.txt');
    await writeFile(file, '');
    await prepare('one');
    assert.equal((await stat(file)).uid, 0);
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

  const closed: [what: string, path: () => string, mode: number][] = [
    ['the folder of its program', () => join(dir, 'bin', 'own'), 0o710],
    ['one above that', () => join(dir, 'bin'), 0o710],
    ['its script', () => join(dir, 'bin', 'own', 'server.js'), 0o711],
    ['the folder of all private folders', () => options.dataDir, 0o710],
  ];
  for (const [what, path, mode] of closed) {
    test(`${what} alone is closed to it: refused by name`, onlyRoot, async () => {
      const own = join(dir, 'bin', 'own');
      await mkdir(own);
      await chmod(own, 0o711);
      const file = await program('own/server.js', '');
      await chmod(path(), mode);
      const prepared = createLauncher(options).prepare('one', stdio(file));
      await assert.rejects(prepared, (fault: Problem) => {
        assert.match(fault.message, new RegExp(`could not get through ${path()}\\.`));
        return fault instanceof Problem;
      });
    });
  }

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
