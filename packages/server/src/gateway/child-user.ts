import { createHash } from 'node:crypto';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../problem.ts';
import type { LaunchOptions } from './launch.ts';

/** Ids nobody else uses on a systemd machine: its range for users that exist only while a service runs. */
const firstUser = 61_184;
const users = 4336;

/**
 * The OS user that processes of this server run as; `undefined` for our own. Outside a demonstration that is refused beside
 * the idp and ras roles: the signing keys are files of our own user (T36).
 * @param needed - files it must be able to read
 */
export async function chooseUser(
  serverId: string,
  needed: readonly string[],
  { dataDir, demo, besideKeys = true, warn }: LaunchOptions,
): Promise<number | undefined> {
  const closed = process.getuid?.() === 0 ? await firstClosedTo(needed, dataDir) : 'root';
  if (closed === undefined) return freeUser(serverId, dataDir);
  if (closed === 'root') {
    if (demo || !besideKeys) return undefined;
    throw new Problem(
      `servers.${serverId}.upstream: a stdio upstream may not run as the same user as the idp or ras role.`,
      'Run the gateway as a process of its own (--role gateway), or start it as root so that upstreams get their own users.',
    );
  }
  if (!demo) {
    throw new Problem(
      `servers.${serverId}.upstream: its own user could not get through ${closed}.`,
      `Let others through: chmod o+rx ${closed}`,
    );
  }
  warn(serverId, `its own user could not get through ${closed}; it runs as ours, in this demonstration only`);
  return undefined;
}

/**
 * The folder of a server remembers its user by who owns it. A new one gets the id that its name leads to, or the next that
 * no other folder belongs to: two servers never share a user.
 */
async function freeUser(serverId: string, dataDir: string): Promise<number> {
  const owners = new Map<string, number>();
  for (const name of await readdir(dataDir)) owners.set(name, (await lstat(join(dataDir, name))).uid);
  const own = owners.get(serverId) ?? 0;
  owners.delete(serverId);
  const taken = new Set(owners.values());
  if (own >= firstUser && own < firstUser + users && !taken.has(own)) return own;

  const hash = createHash('sha256').update(serverId).digest().readUInt32BE(0);
  for (let step = 0; step < users; step++) {
    const user = firstUser + ((hash + step) % users);
    if (!taken.has(user)) return user;
  }
  throw new Problem(`servers.${serverId}.upstream: no OS user is free for it.`, `Remove old folders from ${dataDir}.`);
}

async function firstClosedTo(files: readonly string[], dataDir: string): Promise<string | undefined> {
  for (const file of files) {
    const closed = await firstClosed(await realpath(file), 0o004);
    if (closed !== undefined) return closed;
  }
  return firstClosed(await realpath(dataDir), 0o001);
}

/** The first folder on the way that other users may not pass, or the thing itself when they may not use it. */
async function firstClosed(real: string, need: number): Promise<string | undefined> {
  const folders: string[] = [];
  for (let dir = dirname(real); dir !== folders[0]; dir = dirname(dir)) folders.unshift(dir);
  for (const folder of folders) if (((await stat(folder)).mode & 0o001) === 0) return folder;
  return ((await stat(real)).mode & need) === 0 ? real : undefined;
}
