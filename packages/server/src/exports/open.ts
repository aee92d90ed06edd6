import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { EpochSeconds } from '@credence/mcp/protocol';
import type { ExportSettings, SyslogSettings, WebhookSettings } from '../exports-config.ts';
import { Problem } from '../problem.ts';
import { readCertificates } from '../tls/pem.ts';
import { type DeadLetters, openDeadLetters } from './dead-letters.ts';
import type { Destination } from './destination.ts';
import { openFileDestination, stdoutDestination } from './file.ts';
import { recordKinds } from './formats/ocsf.ts';
import { syslogDestination } from './syslog.ts';
import { type Post, webhookDestination } from './webhook.ts';
import { parseSecrets } from './webhook-signature.ts';

/** What the configuration says of an export, looked at more closely: kinds that there are, files that can be read. */
export interface OpenedExport {
  readonly settings: ExportSettings;
  readonly kinds: ReadonlySet<string> | undefined;
  readonly destination: Destination;
  readonly tries: number;
}

interface Ground {
  readonly post: Post;
  readonly now: () => EpochSeconds;
  /** False beside a server that sends there too. */
  readonly isAlone: boolean;
}

/** Throws `Problem` when a file cannot be used or a kind is none. */
export async function openExport(settings: ExportSettings, ground: Ground): Promise<OpenedExport> {
  const { name, records } = settings;
  const unknown = records?.find((kind) => !recordKinds.includes(kind));
  if (unknown !== undefined) {
    throw new Problem(
      `exports: ${name} names ${JSON.stringify(unknown)}, which is no kind of record.`,
      `There are: ${recordKinds.join(', ')}.`,
    );
  }
  const kinds = records && new Set(records);
  const tries = settings.kind === 'webhook' ? settings.tries : Number.POSITIVE_INFINITY;
  return { settings, kinds, destination: await openDestination(settings, ground), tries };
}

async function openDestination(settings: ExportSettings, ground: Ground): Promise<Destination> {
  if (settings.kind === 'file') return openFileDestination(settings, ground);
  if (settings.kind === 'stdout') return stdoutDestination();
  if (settings.kind === 'syslog') return syslogDestination(settings, await readMaterial(settings), hostname());
  return webhookDestination(settings, { ...ground, keys: await readKeys(settings) });
}

/** Where what a destination will not take is kept. */
export function deadLettersOf(homeDir: string, name: string): DeadLetters {
  return openDeadLetters(join(homeDir, 'exports', `${name}.dead.jsonl`));
}

async function readMaterial({ name, ca, cert, key }: SyslogSettings) {
  const read = (file: string) => readOr(name, file);
  return {
    ca: ca && (await readCertificates(`exports: ${name}: ca`, ca)),
    cert: cert && (await read(cert)),
    key: key && (await read(key)),
  };
}

async function readKeys({ name, secretFile }: WebhookSettings): Promise<readonly Buffer[]> {
  const keys = parseSecrets(await readOr(name, secretFile));
  if (keys) return keys;
  throw new Problem(
    `exports: ${name} finds no secret in ${secretFile}.`,
    'Put whsec_ and the base64 of 24 to 64 random bytes in it: echo "whsec_$(openssl rand -base64 32)". Two lines while it is changed.',
  );
}

async function readOr(name: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Problem(
      `exports: ${name} cannot read ${file} (${(error as NodeJS.ErrnoException).code}).`,
      'Check the path, its owner and its mode.',
    );
  }
}
