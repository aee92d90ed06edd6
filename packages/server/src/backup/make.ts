import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Config } from '../config.ts';
import type { Home } from '../home.ts';
import { isSealed, type Seal } from '../keys/seal.ts';
import { Problem } from '../problem.ts';
import { checkChains } from '../store/move/chains.ts';
import { readDatabaseSnapshot, readHomeSnapshot, type Snapshot } from '../store/move/snapshot.ts';
import { tablesToKeep } from '../store/move/tables.ts';
import { copyToFile } from '../store/move/to-file.ts';
import { labelOf, type Progress } from '../store/move/to-postgres.ts';
import { digestOf, type KeptFile, type Manifest, writeManifest } from './manifest.ts';

/** What to back up, and where to. */
export interface BackupOrder {
  readonly config: Pick<Config, 'store' | 'documents'>;
  /** The file that the configuration was read from. */
  readonly configFile: string;
  readonly home: Home;
  readonly file: string;
  /** Seals secrets that lie in the home as they are, and vouches for the whole. */
  readonly seal: Seal | undefined;
  /** Without a seal: put keys and secrets in as they are. */
  readonly withSecrets: boolean;
  readonly by: string;
  readonly nowMs: () => number;
  readonly onProgress: (progress: Progress) => void;
}

export interface Backup {
  readonly file: string;
  readonly bytes: number;
  readonly rows: number;
  readonly lines: number;
  readonly manifest: Manifest;
  /** Of the manifest: to be noted elsewhere. */
  readonly digest: string;
}

/**
 * Makes a backup of a store that may be in use: one SQLite file, whichever database the store is in, with the files of the home
 * that it takes to start again. Sessions and what else ends with the epoch is not in it. Killed, it leaves `FILE.partial`, which is for whoever killed it to remove.
 */
export async function makeBackup(order: BackupOrder): Promise<Backup> {
  const { config, home, file } = order;
  if (existsSync(file)) throw new Problem(`There is something at ${file} already.`, 'Name another file with --to.');
  // Two that write into one file would both end well, and leave half of a backup or none of it.
  if (existsSync(partialOf(file))) {
    throw new Problem(
      `There is ${partialOf(file)}: another backup is being made there, or one was killed.`,
      'Wait for it, or remove that file, or name another with --to.',
    );
  }
  const tables = await tablesToKeep();
  const write = (snapshot: Snapshot) => writeBackup(order, snapshot, tables);
  return config.store ? readDatabaseSnapshot(config.store, tables, write) : readHomeSnapshot(home.storeFile, write);
}

async function writeBackup(
  order: BackupOrder,
  snapshot: Snapshot,
  tables: Awaited<ReturnType<typeof tablesToKeep>>,
): Promise<Backup> {
  const { file, seal, onProgress } = order;
  const partial = partialOf(file);
  const madeMs = order.nowMs();
  try {
    const contents = await copyToFile(partial, snapshot, tables, onProgress);
    const { files, without } = filesOf(order);
    const database = new DatabaseSync(partial);
    try {
      onProgress({ phase: 'chains', table: 'audit', rows: 0, total: 1 });
      const chains = await checkChains(snapshot.db);
      if (typeof chains === 'string') throw broken(chains);
      const manifest: Manifest = {
        v: 1,
        madeMs,
        by: order.by,
        of: order.config.store
          ? { kind: 'database', name: labelOf(order.config.store) }
          : { kind: 'home', name: order.home.dir },
        tables: Object.fromEntries(
          tables.map(({ name, columns, key }) => [
            name,
            { columns: [...columns], key: [...key], rows: 0, digest: '', ...contents.get(name) },
          ]),
        ),
        counters: Object.fromEntries(snapshot.counters),
        files: files.map(({ name, from, sealed, content }) => ({ name, from, sealed, digest: digestOf(content) })),
        without,
        record: {
          lines: chains.lines,
          heads: Object.fromEntries(chains.heads),
          ...(chains.last && { last: pick(chains.last) }),
        },
      };
      const digest = writeManifest(database, manifest, files, seal);
      database.close();
      flush(partial);
      renameSync(partial, file);
      flush(dirname(file));
      const rows = [...contents.values()].reduce((sum, content) => sum + content.rows, 0);
      return { file, bytes: statSync(file).size, rows, lines: chains.lines, manifest, digest };
    } finally {
      if (database.isOpen) database.close();
    }
  } catch (error) {
    const isAnothers = (error as NodeJS.ErrnoException).code === 'EEXIST';
    if (!isAnothers) rmSync(partial, { force: true });
    throw error;
  }
}

function partialOf(file: string): string {
  return `${file}.partial`;
}

function pick({ position, id, timeMs }: { position: number; id: string; timeMs: number }) {
  return { position, id, timeMs };
}

function broken(words: string): Problem {
  return new Problem(
    `The record of this store does not hold together: ${words}.`,
    'Find out why with credence audit verify, before anything else.',
  );
}

const elsewhere =
  'the seal key, passwords, secrets of upstreams, TLS keys, and whatever else the configuration names as a file';

/** Configuration, documents, keys and secrets. What lies there in the clear goes in sealed, or when that was asked for, or not. */
function filesOf({ config, configFile, home, seal, withSecrets }: BackupOrder): {
  files: KeptFile[];
  without: string[];
} {
  const files: KeptFile[] = [];
  const without = [elsewhere];
  const plain = [
    ['credence.yaml', configFile],
    ['access.yaml', config.documents.access],
    ['resource.yaml', config.documents.resource],
  ] as const;
  for (const [name, from] of plain) {
    if (existsSync(from)) files.push({ name, from, sealed: 'as_it_was', content: readFileSync(from, 'utf8') });
  }
  const keys = [...keyFilesOf(home)].map((from) => ({ from, content: readFileSync(from, 'utf8') }));
  if (!seal && !withSecrets && keys.some(({ content }) => isSealed(content))) {
    throw new Problem(
      'The key files are sealed, and no seal key is named: secrets beside them would not be in the backup, and nobody would vouch for it.',
      'Name it: keys.sealKeyFile, or LoadCredential=credence-seal:... in the unit of the backup. Or say --with-secrets: as they are.',
    );
  }
  for (const { from, content } of keys) {
    const name = `keys/${basename(from)}`;
    if (isSealed(content) || (withSecrets && !seal)) files.push({ name, from, sealed: 'as_it_was', content });
    else if (seal) files.push({ name, from, sealed: 'here', content: seal.close(content) });
    else without.push(from);
  }
  return { files, without };
}

/** Of each name one: a folder of its own counts for what is kept there, whatever else still lies with the others. */
function keyFilesOf({ keysDir, auditKeysDir, digestDir }: Home): Iterable<string> {
  const files = new Map<string, string>();
  const all = /^[A-Za-z0-9_-]+\.(?:keys|secret)$/;
  for (const [folder, names] of [
    [keysDir, all],
    [auditKeysDir, /^audit\.keys$/],
    [digestDir, /^digest\.secret$/],
  ] as const) {
    for (const entry of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
      if (entry.isFile() && names.test(entry.name)) files.set(entry.name, join(folder, entry.name));
    }
  }
  return files.values();
}

function flush(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
