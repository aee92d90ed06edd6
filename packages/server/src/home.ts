import { constants, type Stats } from 'node:fs';
import { access, lstat, mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { KeyPurpose } from './config-schema.ts';
import { Problem } from './problem.ts';

/** The folder that holds everything of an installation, and where in it things are. */
export interface Home {
  readonly dir: string;
  readonly storeFile: string;
  readonly configFile: string;
  /** Names the configuration that the server was last started with, where that is not the one in the home. */
  readonly configPathFile: string;
  /** The issuers of a server that runs here, which its flags may have changed: commands beside it speak of the same. */
  readonly issuersFile: string;
  readonly demoFile: string;
  /** Signing keys, and secrets. */
  readonly keysDir: string;
  /** The key that seals the record. */
  readonly auditKeysDir: string;
  /** The secret that covers what the store says about who may do what (T24). */
  readonly digestDir: string;
  /** Development CA and certificates. */
  readonly tlsDir: string;
  /** Files of MCP servers that run here; nothing of ours. */
  readonly dataDir: string;
  /** Held by the one running server; see {@link lockHome} in `home-lock.ts`. */
  readonly lockFile: string;
  readonly pidFile: string;
  /** Lies there while a restore writes into the home: what is there may be the keys without what they were used for. */
  readonly restoringFile: string;
}

/** Where keys are instead of in the home; what is not said is in the folder of the others. */
export interface KeyFolders {
  readonly folder?: string | undefined;
  /** Of the key that seals the record: shared by all parts that do. */
  readonly auditFolder?: string | undefined;
  /** Of the secret that covers the store: shared by all parts. */
  readonly digestFolder?: string | undefined;
}

/**
 * Makes the home where there is none, and checks that it is ours alone. From here on this process creates files that
 * nobody else can read. Throws `Problem` with the command that mends what is wrong.
 */
export async function openHome(dir: string, keyFolders: KeyFolders = {}): Promise<Home> {
  const home = toHome(dir, keyFolders);
  // What leads to the home is not ours to close: upstreams that run as users of their own have to get past it.
  await createFolder(dirname(home.dir), { mode: 0o755, named: home.dir });
  process.umask(0o077);
  if ((await statOf(home.dir)) === undefined) await createFolder(home.dir);
  await checkFolder(home.dir);
  const { keysDir, auditKeysDir, digestDir, tlsDir, dataDir } = home;
  for (const folder of [keysDir, auditKeysDir, digestDir, tlsDir, dataDir]) await createFolder(folder);
  for (const folder of new Set([keysDir, auditKeysDir, digestDir])) {
    if (folder !== join(home.dir, 'keys')) await checkFolder(folder, 'The folder of keys');
  }
  return home;
}

/**
 * An existing home, for commands beside a running server; makes nothing. Throws `Problem` when there is none.
 */
export async function readHome(
  dir: string,
  { storeElsewhere = false, keyFolders }: { storeElsewhere?: boolean; keyFolders?: KeyFolders | undefined } = {},
): Promise<Home> {
  const home = toHome(dir, keyFolders);
  process.umask(0o077);
  if ((await statOf(home.dir)) !== undefined) await checkFolder(home.dir);
  if (!storeElsewhere && (await statOf(home.storeFile)) === undefined) {
    throw new Problem(
      `There is no credence home at ${home.dir}.`,
      `Make one with: credence serve --home ${home.dir}   or name the right folder with --home.`,
    );
  }
  return home;
}

/**
 * Throws `Problem` in a home whose restore did not come to its end: with its keys and a store that is new, what was used or taken back
 * before would be good again (T21).
 */
export async function refuseHalfRestored({ dir, restoringFile }: Home): Promise<void> {
  if ((await statOf(restoringFile)) === undefined) return;
  throw new Problem(
    `A restore into the home ${dir} was begun, and did not come to its end.`,
    'Run the same credence restore again, or empty the folder.',
  );
}

/** Where things are, whether or not they exist. */
export function toHome(dir: string, { folder, auditFolder, digestFolder }: KeyFolders = {}): Home {
  const root = resolve(dir);
  const keysDir = folder ?? join(root, 'keys');
  return {
    dir: root,
    storeFile: join(root, 'store.db'),
    configFile: join(root, 'credence.yaml'),
    configPathFile: join(root, 'config-path'),
    issuersFile: join(root, 'issuers.json'),
    demoFile: join(root, 'demo.json'),
    keysDir,
    auditKeysDir: auditFolder ?? keysDir,
    digestDir: digestFolder ?? keysDir,
    tlsDir: join(root, 'tls'),
    dataDir: join(root, 'data'),
    lockFile: join(root, 'serve.lock'),
    pidFile: join(root, 'serve.pid'),
    restoringFile: join(root, 'restore-under-way'),
  };
}

/** Where the keys of a purpose are. */
export function keyFolderOf({ keysDir, auditKeysDir }: Pick<Home, 'keysDir' | 'auditKeysDir'>, purpose: KeyPurpose) {
  return purpose === 'audit' ? auditKeysDir : keysDir;
}

/** The folder is a folder, belongs to the user we run as, is closed to all others, and can be written. */
async function checkFolder(dir: string, what = 'The home'): Promise<void> {
  const found = await statOf(dir);
  if (!found?.isDirectory()) {
    throw new Problem(`${what} ${dir} is not a folder.`, 'Name another one with --home.');
  }
  const us = process.getuid?.();
  // Windows has neither owners nor modes of this kind; the profile folder is private there.
  if (us === undefined) return checkWritable(dir, what);
  if (found.uid !== us) {
    throw new Problem(
      `${what} ${dir} belongs to user ${found.uid}, and this is user ${us}.`,
      `Run as that user, or hand it over with: chown -R ${us} ${dir}`,
    );
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
    throw new Problem(
      `${what} ${dir} is open to other users (mode ${mode}); signing keys live there.`,
      `Close it with: chmod 700 ${dir}`,
    );
  }
  await checkWritable(dir, what);
}

/**
 * The folder, and the link that it may be, belong to the user we run as: beside a home in a folder that everybody may write to, such as
 * /tmp, somebody else may have made it first, and what root then does there would be done where they want it.
 */
export async function checkOurs(dir: string): Promise<void> {
  const us = process.getuid?.();
  if (us === undefined) return;
  for (const { uid } of [await lstat(dir), await stat(dir)]) {
    if (uid === us) continue;
    throw new Problem(
      `The folder ${dir} belongs to user ${uid}, and this is user ${us}.`,
      'Remove it, name another one as gateway.data, or put the home where nobody else can write.',
    );
  }
}

async function checkWritable(dir: string, what: string): Promise<void> {
  try {
    await access(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Problem(`${what} ${dir} cannot be written: ${reasonOf(error)}.`, `Allow it with: chmod 700 ${dir}`);
  }
}

async function createFolder(dir: string, { mode = 0o700, named = dir } = {}): Promise<void> {
  try {
    await makeFolders(dir, mode);
  } catch (error) {
    throw new Problem(
      `The folder ${named} cannot be made: ${reasonOf(error)}.`,
      'Make it by hand, owned by this user, or name another home with --home.',
    );
  }
}

/**
 * Makes a folder and what leads to it, one after the other. Below /proc the system says that nothing is there although the
 * folder above is, and Node's own recursion tries again for ever.
 */
export async function makeFolders(dir: string, mode: number): Promise<void> {
  const found = await stat(dir).catch(() => undefined);
  if (found?.isDirectory()) return;
  if (dirname(dir) !== dir) await makeFolders(dirname(dir), mode);
  try {
    await mkdir(dir, { mode });
  } catch (error) {
    // Somebody else may have made it at the same moment.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await stat(dir)).isDirectory()) throw error;
  }
}

/** Undefined when nothing is there. */
async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Problem(`${path} cannot be looked at: ${reasonOf(error)}.`, 'Name another home with --home.');
  }
}

/** The system's own word for it, such as `EACCES` or `ENOTDIR`. */
function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
