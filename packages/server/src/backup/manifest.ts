import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Seal } from '../keys/seal.ts';
import { Problem } from '../problem.ts';

const Content = z.strictObject({
  columns: z.array(z.string()),
  key: z.array(z.string()),
  rows: z.int(),
  /** SHA-256 over all rows in the order of their key, base64url. */
  digest: z.string(),
});

/** What a backup brings, and nothing else: not the lock that is held, not where the configuration is. */
const keptName = /^(?:(?:credence|access|resource)\.yaml|keys\/[A-Za-z0-9_-]+\.(?:keys|secret))$/;

/** What `Date` can tell of. */
const time = z.int().min(0).max(8.64e15);

const Manifest = z.strictObject({
  v: z.literal(1),
  madeMs: time,
  by: z.string(),
  /** What it is a backup of: a home, or a database. */
  of: z.strictObject({ kind: z.enum(['home', 'database']), name: z.string() }),
  tables: z.record(z.string(), Content),
  /** The last number that each counting table had given out. */
  counters: z.record(z.string(), z.int()),
  files: z.array(
    z.strictObject({
      /** Where it belongs in a home. */
      name: z.string().regex(keptName),
      from: z.string(),
      /** As it was, sealed or not; or sealed for the backup alone. */
      sealed: z.enum(['as_it_was', 'here']),
      digest: z.string(),
    }),
  ),
  /** What has to come from elsewhere, in words. */
  without: z.array(z.string()),
  record: z.strictObject({
    lines: z.int(),
    heads: z.record(z.string(), z.strictObject({ seq: z.int(), hash: z.string() })),
    last: z.strictObject({ position: z.int(), id: z.string(), timeMs: time }).optional(),
  }),
});

/** What is in a backup, with the digest of every part. */
export type Manifest = z.output<typeof Manifest>;

/** A file of the home as it is kept in a backup. */
export interface KeptFile {
  readonly name: string;
  readonly from: string;
  readonly sealed: 'as_it_was' | 'here';
  readonly content: string;
}

/** Writes what makes an SQLite file with a store in it a backup. */
export function writeManifest(
  database: DatabaseSync,
  manifest: Manifest,
  files: readonly KeptFile[],
  seal?: Seal,
): string {
  database.exec('CREATE TABLE backup_files (name TEXT NOT NULL PRIMARY KEY, content TEXT NOT NULL) STRICT');
  database.exec(
    'CREATE TABLE backup_manifest (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL, proof TEXT) STRICT',
  );
  const insert = database.prepare('INSERT INTO backup_files (name, content) VALUES (?, ?)');
  for (const { name, content } of files) insert.run(name, content);
  const text = JSON.stringify(manifest);
  const digest = digestOf(text);
  const write = database.prepare('INSERT INTO backup_manifest (one, text, proof) VALUES (1, ?, ?)');
  write.run(text, seal?.close(digest) ?? null);
  return digest;
}

/**
 * Reads the manifest and the files, and compares the files with what it says of them. A backup that was made under a seal key
 * is believed only with this key: whoever could change it could not make the proof anew. Throws `Problem`.
 */
export function readManifest(
  database: DatabaseSync,
  file: string,
  seal?: Seal,
): { manifest: Manifest; files: readonly KeptFile[]; digest: string } {
  const isOne = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'backup_manifest'`).get();
  const row = isOne && database.prepare('SELECT text, proof FROM backup_manifest').get();
  const parsed = Manifest.safeParse(row && toJson(String(row.text)));
  if (!row || !parsed.success) throw damaged(file, 'it has no manifest of this version');
  const manifest = parsed.data;
  const digest = digestOf(String(row.text));
  checkProof(row.proof, digest, file, seal);
  const contents = new Map(
    database
      .prepare('SELECT name, content FROM backup_files')
      .all()
      .map((one) => [String(one.name), String(one.content)]),
  );
  if (contents.size !== manifest.files.length) throw damaged(file, 'it has other files than its manifest says');
  const files = manifest.files.map(({ name, from, sealed, digest: expected }) => {
    const content = contents.get(name);
    if (content === undefined || digestOf(content) !== expected) throw damaged(file, `${name} is not what was put in`);
    return { name, from, sealed, content };
  });
  return { manifest, files, digest };
}

function checkProof(proof: unknown, digest: string, file: string, seal: Seal | undefined): void {
  if (proof === null) {
    // Taken away, whoever took it could have changed all the rest.
    if (seal) throw damaged(file, 'a seal key was named, and it was made under none');
    return;
  }
  if (!seal) {
    throw new Problem(
      `The backup ${file} was made under a seal key.`,
      'Name it: --seal-key-file FILE, or the credential credence-seal.',
    );
  }
  try {
    if (seal.open(String(proof)) === digest) return;
  } catch {
    // Another key, or another text: both end the same.
  }
  throw damaged(file, 'it was made under another seal key, or changed since');
}

export function damaged(file: string, words: string): Problem {
  return new Problem(`The backup ${file} is not good: ${words}.`, 'Take another backup. Nothing was restored.');
}

/** SHA-256, base64url. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
