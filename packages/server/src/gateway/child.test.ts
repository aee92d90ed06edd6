import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { type Child, startChild } from './child.ts';

let cwd: string;
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'child-'));
});
after(() => rm(cwd, { recursive: true, force: true }));

const start = (script: string): Child =>
  startChild({ command: process.execPath, args: ['-e', script], env: {}, cwd, user: undefined });

/** The first line a child says, as JSON. */
function firstLine<T = { pids: number[] }>(child: Child): Promise<T> {
  return new Promise((resolve) => child.onLine(async (line) => resolve(JSON.parse(line))));
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function areGone(pids: readonly number[]): Promise<boolean> {
  for (let round = 0; round < 40 && pids.some(isAlive); round++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return !pids.some(isAlive);
}

/** Long enough for any test, and not for ever: nothing is left behind of a test that was broken off. */
const stays = 'setTimeout(() => {}, 20_000);';
const withGrandchild = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); ${stays}'], { stdio: 'ignore' });
  process.on('SIGTERM', () => {});
  setTimeout(() => console.log(JSON.stringify({ pids: [process.pid, child.pid] })), 200);
  ${stays}`;
const mebibyte = 1024 * 1024;

describe('a child process', { timeout: 20_000 }, () => {
  test('one that ignores a request to end is ended, with what it started', async () => {
    const child = start(withGrandchild);
    const { pids } = await firstLine(child);
    assert.equal(pids.filter(isAlive).length, 2);
    await child.stop();
    assert.ok(await areGone(pids));
  });

  test('one that ends by itself takes what it started with it', async () => {
    const child = start(`${withGrandchild} setTimeout(() => process.exit(0), 400);`);
    const { pids } = await firstLine(child);
    await child.exited;
    assert.ok(await areGone(pids));
  });

  test('lines arrive in order, one after the other, however much is said at once', async () => {
    const child = start(`
      const line = 'x'.repeat(1000);
      for (let n = 0; n < 5000; n++) process.stdout.write(JSON.stringify({ n, line }) + '\\n');`);
    const seen: number[] = [];
    child.onLine(async (line) => {
      const { n } = JSON.parse(line) as { n: number };
      // While the first one takes its time more is said than may wait: it is read on later.
      if (n % 500 === 0) await new Promise((resolve) => setTimeout(resolve, n === 0 ? 500 : 1));
      seen.push(n);
    });
    await child.exited;
    for (let round = 0; round < 100 && seen.length < 5000; round++) await new Promise((next) => setTimeout(next, 20));
    assert.deepEqual(
      seen,
      Array.from({ length: 5000 }, (_, n) => n),
    );
  });

  test('one that never ends its line is ended before it fills our memory', async () => {
    const child = start(`process.stdout.write(Buffer.alloc(${mebibyte * 32}, 'x')); ${stays}`);
    child.onLine(async () => undefined);
    await child.exited;
  });

  test('a line as long as may be arrives', async () => {
    const child = start(
      `process.stdout.write('x'.repeat(${16 * mebibyte}), () => setTimeout(() => console.log(), 300)); ${stays}`,
    );
    const { length } = await new Promise<string>((resolve) => child.onLine(async (line) => resolve(line)));
    assert.equal(length, 16 * mebibyte);
    await child.stop();
  });

  /** Says the same over and over, whatever is asked of it, and notes how often it could. */
  const endless = (said: string, kibibytes: number, file: string) => `
    const { writeFileSync, writeSync } = require('node:fs');
    process.on('SIGTERM', () => {});
    const noise = Buffer.from(${JSON.stringify(said)}.repeat(${(64 * 1024) / said.length}));
    for (let n = 0; n < ${kibibytes / 64}; n++) {
      writeFileSync(${JSON.stringify(file)}, String(n));
      try { writeSync(1, noise); } catch (error) { if (error.code === 'EPIPE') break; }
    }
    ${stays}`;

  test('nothing more is read of it, although it goes on until it is ended by force', async () => {
    const file = join(cwd, 'endless');
    const child = start(endless('x', 64 * 1024, file));
    child.onLine(async () => undefined);
    await child.exited;
    const megabytes = Number(await readFile(file, 'utf8')) / 16;
    assert.ok(megabytes >= 16 && megabytes < 24, `${megabytes} MB`);
  });

  test('one that says a great many short lines waits until they are dealt with: each takes more than its letters', async () => {
    const file = join(cwd, 'short');
    const child = start(endless('x\n', 4096, file));
    child.onLine(() => new Promise(() => undefined));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const kilobytes = Number(await readFile(file, 'utf8')) * 64;
    await child.stop();
    assert.ok(kilobytes < 1024, `${kilobytes} kB`);
  });

  test('an empty line says nothing, and takes nothing however many there are', async () => {
    const child = start(`process.stdout.write('\\n'.repeat(1000) + 'last\\n')`);
    const lines: string[] = [];
    child.onLine(async (line) => void lines.push(line));
    await child.finished;
    assert.deepEqual(lines, ['last']);
  });

  test('one that cannot be started has exited', async () => {
    const child = startChild({ command: join(cwd, 'nothing'), args: [], env: {}, cwd, user: undefined });
    await child.exited;
    child.write({});
    await child.stop();
  });

  test('one that has ended is sent no signal: what has its number by now is somebody else', async (context) => {
    const child = start('');
    await child.exited;
    const { mock } = context.mock.method(process, 'kill');
    await child.stop();
    assert.equal(mock.callCount(), 0);
  });
});

describe('what a child process is told', { timeout: 20_000 }, () => {
  const letters = (length: number) => ({ a: 'x'.repeat(length - JSON.stringify({ a: '' }).length - 1) });

  test('one that reads none of it is asked to end, once, before it fills our memory', async () => {
    const file = join(cwd, 'asked');
    const asked = `require('node:fs').appendFileSync(${JSON.stringify(file)}, 'x')`;
    const child = start(`process.on('SIGTERM', () => ${asked}); console.log('{}'); ${stays}`);
    await firstLine(child);
    child.write(letters(16 * mebibyte + 1));
    for (let n = 0; n < 3; n++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      child.write({});
    }
    await child.exited;
    assert.equal(await readFile(file, 'utf8'), 'x');
  });

  test('as much as may lie unread arrives', async () => {
    const child = start(`
      let bytes = 0;
      process.stdin.on('data', (chunk) => {
        bytes += chunk.length;
        if (chunk.at(-1) === 10) console.log(JSON.stringify({ bytes }));
      });`);
    child.write(letters(16 * mebibyte));
    assert.deepEqual(await firstLine(child), { bytes: 16 * mebibyte });
    await child.stop();
  });
});

describe('T36: descriptors', { timeout: 20_000 }, () => {
  test('a file that this process itself was given open does not go on to a child', async () => {
    const file = join(cwd, 'canary.txt');
    await writeFile(file, 'secret');
    const handle = await open(file);
    const script = `
      import { startChild } from ${JSON.stringify(import.meta.resolve('./child.ts'))};
      const list = 'const fs = require("node:fs"); console.log(JSON.stringify(fs.readdirSync("/proc/self/fd").map((fd) => { try { return fs.readlinkSync("/proc/self/fd/" + fd) } catch { return "" } })))';
      const child = startChild({ command: process.execPath, args: ['-e', list], env: {}, cwd: ${JSON.stringify(cwd)}, user: undefined });
      child.onLine(async (line) => console.log(line));`;
    const args = ['--input-type=module', '-e', script];
    const between = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', handle.fd] });
    const said = await text(between.stdout as NodeJS.ReadableStream);
    await handle.close();
    assert.match(said, /dev\/null/);
    assert.doesNotMatch(said, /canary/);
  });
});

describe('the last words of a process', { timeout: 20_000 }, () => {
  test('are dealt with before it counts as finished', async () => {
    const child = start(`process.stdout.write('one\\ntwo\\n'.repeat(2000), () => process.exit(1))`);
    let lines = 0;
    child.onLine(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      lines += 1;
    });
    await child.finished;
    assert.equal(lines, 4000);
  });
  test('are not waited for without end', async () => {
    const child = start(`process.stdout.write('one\\n', () => process.exit(1))`);
    child.onLine(() => new Promise(() => undefined));
    const startedAt = performance.now();
    await child.finished;
    assert.ok(performance.now() - startedAt < 4000);
  });
});
