import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, lchown, mkdir, open, readdir, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type { Upstream } from '../policy/model.ts';
import { Problem } from '../problem.ts';

type StdioUpstream = Extract<Upstream, { kind: 'stdio' }>;

/** What starts processes of upstreams, and under what limits. */
export interface ChildOptions {
  /** Folders in which commands are looked for; nothing of it reaches the child. */
  readonly path: readonly string[];
  /** Private folders of upstreams: one for each server in it. */
  readonly dataDir: string;
  /** In a demonstration a child may run as our own user where no other can be had. */
  readonly demo: boolean;
  readonly warn: (serverId: string, message: string) => void;
}

/** How to start one server's processes, worked out once. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly data: string;
  /** The OS user of this server, or `undefined` for our own. */
  readonly user: number | undefined;
}

/** Ids nobody else uses on a systemd machine: its range for users that exist only while a service runs. */
const firstUser = 61_184;
const users = 4336;

/** Finds the command, makes the private folder, and chooses the user. Throws `Problem` when a child could not be contained. */
export async function prepareLaunch(serverId: string, upstream: StdioUpstream, options: ChildOptions): Promise<Launch> {
  const script = await findCommand(serverId, upstream.command, options.path);
  const [command, ...args] = (await isNodeScript(script)) ? [process.execPath, script] : [script];
  const data = join(options.dataDir, serverId);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const user = await chooseUser(serverId, [command ?? script, script, data], options);
  if (user !== undefined) await giveTo(data, user);
  return { command: command ?? script, args, data, user };
}

async function chooseUser(
  serverId: string,
  needed: readonly string[],
  options: ChildOptions,
): Promise<number | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const closed = (await Promise.all(needed.map(firstClosedFolder))).find((folder) => folder !== undefined);
  if (closed === undefined) {
    const hash = createHash('sha256').update(serverId).digest().readUInt32BE(0);
    return firstUser + (hash % users);
  }
  const message = `its own user could not get through ${closed}`;
  if (!options.demo) {
    throw new Problem(
      `The upstream of ${serverId} cannot be contained: ${message}.`,
      `Let others through: chmod o+x ${closed}`,
    );
  }
  options.warn(serverId, `${message}; it runs as our own user, in this demonstration only`);
  return undefined;
}

/** The first folder on the way to a file that other users may not pass, if there is one. */
async function firstClosedFolder(file: string): Promise<string | undefined> {
  const folders: string[] = [];
  for (let dir = dirname(await realpath(file)); ; dir = dirname(dir)) {
    folders.unshift(dir);
    if (dir === dirname(dir)) break;
  }
  for (const folder of folders) if (((await stat(folder)).mode & 0o001) === 0) return folder;
  return undefined;
}

/** The private folder and what is in it belong to the child's user; links are not followed. */
async function giveTo(data: string, user: number): Promise<void> {
  await chmod(data, 0o700);
  await lchown(data, user, user);
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), user, user);
  }
}

async function findCommand(serverId: string, command: string, path: readonly string[]): Promise<string> {
  const candidates = isAbsolute(command) ? [command] : path.map((folder) => join(folder, command));
  for (const candidate of candidates) {
    try {
      const file = await realpath(candidate);
      if ((await stat(file)).isFile()) return file;
    } catch {
      // not there: the next folder may have it
    }
  }
  throw new Problem(
    `The command ${command} of the server ${serverId} was not found.`,
    `Name it by its full path, or add its folder to gateway.path (now ${path.join(delimiter)}).`,
  );
}

/** Scripts for Node are started with our own Node, so that a child needs no PATH. */
async function isNodeScript(file: string): Promise<boolean> {
  if (/\.[cm]?js$/.test(file)) return true;
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(128), 0, 128, 0);
    const [firstLine = ''] = buffer.toString('utf8', 0, bytesRead).split('\n');
    return /^#!.*\bnode\b/.test(firstLine);
  } finally {
    await handle.close();
  }
}

/** A running process of an upstream. */
export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  /** Ends it with everything it started: a request first, force two seconds later. */
  stop(): void;
}

/**
 * The one place where a process is started. It gets the environment its entry lists and nothing else, its own folder, three
 * pipes, its own process group and, where we may switch, its own user; never a shell (T36, T40).
 */
export function startChild(launch: Launch, upstream: StdioUpstream, person: string): Child {
  const fill = (text: string) => text.replaceAll('{person}', person).replaceAll('{data}', launch.data);
  const child = spawn(launch.command, [...launch.args, ...upstream.args.map(fill)], {
    cwd: upstream.cwd === undefined ? launch.data : fill(upstream.cwd),
    env: Object.fromEntries(Object.entries(upstream.env).map(([name, value]) => [name, fill(value)])),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    shell: false,
    ...(launch.user !== undefined && { uid: launch.user, gid: launch.user }),
  });
  child.stderr.resume(); // read, so that it cannot block; kept nowhere, since it may hold anything
  child.stdin.on('error', () => undefined); // a child that went away is told of by its exit
  const signal = (name: 'SIGTERM' | 'SIGKILL') => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // the group is gone
    }
  };
  return {
    process: child,
    stop() {
      child.stdin.end();
      signal('SIGTERM');
      setTimeout(() => signal('SIGKILL'), 2000).unref();
    },
  };
}
