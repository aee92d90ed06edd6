import { createHash } from 'node:crypto';
import { chmod, lchown, lstat, mkdir, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import type { Upstream } from '../policy/model.ts';
import { Problem } from '../problem.ts';
import type { ChildPlan } from './child.ts';
import { chooseUser } from './child-user.ts';

type StdioUpstream = Extract<Upstream, { kind: 'stdio' }>;

/** What starts processes of upstreams, and under what limits. */
export interface LaunchOptions {
  /** Folders in which commands are looked for; nothing of it reaches the child. */
  readonly path: readonly string[];
  /** Private folders of upstreams: one for each server in it. */
  readonly dataDir: string;
  /** In a demonstration a child may run as our own user where no other can be had. */
  readonly demo: boolean;
  /** Whether this process also plays idp or ras, and so holds signing keys. Assumed unless said otherwise. */
  readonly besideKeys?: boolean;
  readonly warn: (serverId: string, message: string) => void;
}

/** How to start the processes of one server, worked out once. */
export interface Launch {
  /** @param person - account id of the caller */
  planFor(person: string): ChildPlan;
}

/** Works out how upstreams are started. Throws `Problem` when one cannot be, or could not be contained (T36). */
export interface Launcher {
  prepare(serverId: string, upstream: StdioUpstream): Promise<Launch>;
}

export function createLauncher(options: LaunchOptions): Launcher {
  const prepared = new Map<string, Promise<number | undefined>>();
  let last: Promise<unknown> = Promise.resolve();

  /** Once for each server while this process runs: afterwards its children are at work in the folder. */
  const prepareFolder = (serverId: string, needed: readonly string[]): Promise<number | undefined> => {
    const known = prepared.get(serverId);
    if (known) return known;
    const mine = last.then(() => openFolder(serverId, needed, options)); // one after another: each takes a free user
    last = mine.catch(() => prepared.delete(serverId));
    prepared.set(serverId, mine);
    return mine;
  };

  return {
    async prepare(serverId, upstream) {
      const { command, args } = await findProgram(serverId, upstream.command, options.path);
      const data = join(options.dataDir, serverId);
      const user = await prepareFolder(serverId, [command, ...args]);
      return {
        planFor(person) {
          const name = toPathName(person);
          const fill = (text: string) => text.replaceAll('{person}', () => name).replaceAll('{data}', () => data);
          const env = Object.entries(upstream.env).map(([variable, value]) => [variable, fill(value)]);
          return {
            command,
            args: [...args, ...upstream.args.map(fill)],
            env: Object.fromEntries(env),
            cwd: upstream.cwd === undefined ? data : fill(upstream.cwd),
            user,
          };
        },
      };
    },
  };
}

/** An account id as one name in a path: what is more than letters, digits, `_`, `-` is hashed, so that none climbs out. */
function toPathName(person: string): string {
  if (/^[A-Za-z0-9_-]{1,128}$/.test(person)) return person;
  return `p_${createHash('sha256').update(person).digest('base64url')}`;
}

async function openFolder(
  serverId: string,
  needed: readonly string[],
  options: LaunchOptions,
): Promise<number | undefined> {
  const data = join(options.dataDir, serverId);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const user = await chooseUser(serverId, needed, options);
  await chmod(data, 0o700);
  if (user !== undefined && (await lstat(data)).uid !== user) await giveTo(data, user);
  return user;
}

/**
 * The private folder and what is in it belong to the child's user. Links are not followed, and a file with a second name is
 * left alone: the other name may be a file of ours. This is done once, the folder itself last: what a child has left running
 * could put a link in the place of a folder while we look, and be given any file.
 */
async function giveTo(data: string, user: number): Promise<void> {
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isDirectory() || (await lstat(file)).nlink === 1) await lchown(file, user, user);
  }
  await lchown(data, user, user);
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** Scripts are started with their interpreter by its full path, and those for Node with our own: a child needs no PATH. */
async function findProgram(serverId: string, name: string, path: readonly string[]): Promise<Program> {
  const file = await findFile(serverId, name, path);
  const interpreter = await interpreterOf(file);
  if (interpreter === undefined) return { command: file, args: [] };
  if (interpreter === 'node') return { command: process.execPath, args: [file] };
  return { command: await findFile(serverId, interpreter, path), args: [file] };
}

async function findFile(serverId: string, name: string, path: readonly string[]): Promise<string> {
  const candidates = isAbsolute(name) ? [name] : path.map((folder) => join(folder, name));
  for (const candidate of candidates) {
    try {
      const file = await realpath(candidate);
      if ((await stat(file)).isFile()) return file;
    } catch {
      // not there: the next folder may have it
    }
  }
  throw new Problem(
    `servers.${serverId}.upstream: the command ${name} was not found.`,
    `Name it by its full path, or add its folder to gateway.path (now ${path.join(delimiter)}).`,
  );
}

/** What the first line of a script asks for by name; `undefined` for programs, and for interpreters named by their path. */
async function interpreterOf(file: string): Promise<string | undefined> {
  if (/\.[cm]?js$/.test(file)) return 'node';
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    const [firstLine = ''] = buffer.toString('latin1', 0, bytesRead).split('\n');
    const words = /^#!\s*(.+)$/.exec(firstLine)?.[1]?.trim().split(/\s+/) ?? [];
    const [program = '', ...rest] = words;
    const name = basename(program) === 'env' ? rest.find((word) => !word.startsWith('-')) : basename(program);
    if (name === 'node') return 'node';
    return basename(program) === 'env' ? name : undefined;
  } finally {
    await handle.close();
  }
}
