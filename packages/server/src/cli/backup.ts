import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { openHome, toHome } from '../home.ts';
import { lockHome } from '../home-lock.ts';
import { openSeal } from '../keys/seal.ts';
import type { PostgresSettings } from '../store-config.ts';
import { accountHere } from './account-here.ts';
import { toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { listOption } from './list-option.ts';
import { showProgress } from './progress.ts';
import { reasonOption } from './reason-option.ts';
import { type TargetFlags, toTarget } from './store-move.ts';
import {
  configFileOf,
  type InstallationFlags,
  readInstallation,
  recordAct,
  toActRow,
  withStore,
} from './with-store.ts';

interface BackupFlags extends InstallationFlags {
  readonly to: string;
  readonly withSecrets?: boolean;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly json?: boolean;
}

/** `credence backup`: one file with all that it takes to start again, while the server runs. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('make a backup, while the server runs: one file, readable by its owner only')
    .addOption(homeOption())
    .option('--to <path>', 'file to be made, or a folder to make one in', '.')
    .option('--with-secrets', 'where there is no seal key: put keys and secrets in as they are')
    .option('--user <name>', 'PostgreSQL: log in as this user, the owner of the tables')
    .option('--password-file <file>', "that user's password")
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExamples:\n  credence backup --home /var/lib/credence --to /backup\n  credence backup --config /etc/credence.yaml --user credence_owner --password-file /etc/credence/owner-password --to /backup',
    )
    .action(backup);
}

async function backup(flags: BackupFlags): Promise<void> {
  const { home, config } = await readInstallation(flags);
  const { makeBackup } = await import('../backup/make.ts');
  const made = await makeBackup({
    config: { ...config, store: config.store && asUser(config.store, flags) },
    configFile: resolve((await configFileOf(flags)) ?? home.configFile),
    home,
    file: toFile(flags.to),
    seal: await openSeal(config.keys.sealKeyFile),
    withSecrets: flags.withSecrets === true,
    by: accountHere(),
    nowMs: Date.now,
    onProgress: showProgress(flags.json === true),
  });
  const { file, bytes, rows, lines, digest, manifest } = made;
  await withStore(
    flags,
    (store) => recordAct(store, 'system', `backup made: ${file}, manifest sha256 ${digest}`),
    (settings) => asUser(settings, flags),
  );
  const missing = manifest.without;
  if (flags.json) {
    const said = { done: true, file, bytes, rows, lines, digest, without: missing };
    return void process.stdout.write(`${toVisibleJson(said)}\n`);
  }
  if (process.stderr.isTTY) process.stderr.write('\n');
  process.stdout.write(`${file}: ${rows} rows, ${lines} lines of the record, ${manifest.files.length} files, ${bytes} bytes
manifest sha256 ${digest}
Not in it: ${missing.join('; ')}.
Sessions, codes and links are not in it either: a restore ends them.
`);
}

function asUser(settings: PostgresSettings, { user, passwordFile }: BackupFlags): PostgresSettings {
  if (user === undefined && passwordFile === undefined) return settings;
  return { ...settings, user: user ?? settings.user, passwordFile: passwordFile && resolve(passwordFile) };
}

function toFile(to: string): string {
  const path = resolve(to);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  return isFolder ? join(path, `credence-${new Date().toISOString().replace(/[:.]/g, '-')}.backup`) : path;
}

interface RestoreFlags extends Omit<TargetFlags, 'to'> {
  readonly to?: string;
  readonly home: string;
  readonly reason: string;
  readonly sealKeyFile?: string;
  readonly json?: boolean;
}

/** `credence restore`: a backup into an empty home, and an empty database if the store is to be in one. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('restore a backup into an empty home; what was issued before counts no more from then on')
    .argument('<file>', 'what credence backup made')
    .addOption(homeOption())
    .addOption(reasonOption('why, for the record'))
    .option(
      '--to <url>',
      'an empty PostgreSQL database, postgres://USER@HOST/DATABASE, as the owner of the tables to be',
    )
    .option('--password-file <file>', "that user's password; else the credential credence-store-password")
    .addOption(listOption('--ca <file>', "authority of the database server's certificate; may be repeated"))
    .option('--seal-key-file <file>', 'seal key of the backup; else the credential credence-seal')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      "\nExample:\n  credence restore credence.backup --home /var/lib/credence --reason 'disk of db1 died'",
    )
    .action(restore);
}

async function restore(file: string, flags: RestoreFlags): Promise<void> {
  const target = flags.to === undefined ? undefined : toTarget({ ...flags, to: flags.to });
  const seal = await openSeal(flags.sealKeyFile && resolve(flags.sealKeyFile));
  const { restoreBackup } = await import('../backup/restore.ts');
  const home = await openHome(toHome(flags.home).dir);
  const lock = lockHome(home);
  try {
    const { manifest, files } = await restoreBackup({
      file: resolve(file),
      home,
      target,
      seal,
      reason: flags.reason,
      by: accountHere(),
      nowMs: Date.now,
      toLine: (detail) => toActRow('system', detail),
      onProgress: showProgress(flags.json === true),
    });
    const { last } = manifest.record;
    if (flags.json) {
      const said = {
        done: true,
        home: home.dir,
        last,
        files: files.map(({ name, from }) => ({ name, from })),
        without: manifest.without,
      };
      return void process.stdout.write(`${toVisibleJson(said)}\n`);
    }
    if (process.stderr.isTTY) process.stderr.write('\n');
    const said = `restored into ${home.dir}: the store of ${new Date(manifest.madeMs).toISOString()}${last ? `, whose record ends with line ${last.position} (${last.id})` : ''}
${files.map(({ name, from }) => `  ${name}   was ${from}\n`).join('')}Still to be put in place: ${manifest.without.join('; ')}.
${files.some(({ name }) => name === 'keys/digest.secret') ? '' : 'If digest.secret is lost, look at what the store says, and cover it anew: credence policy verify --accept\n'}${flags.to === undefined ? '' : `Name the database in the configuration: store: { url: '${flags.to}' ... }\n`}When the server starts a new epoch begins: everybody signs in anew, and no token or grant of before counts.
What was changed after that line is to be done again: people switched off, groups left, passwords reset, keys retired, client secrets, SCIM and API tokens removed, people erased from the record, stops.`;
    // Names and places are those that the backup gives.
    process.stdout.write(`${said.split('\n').map(toPrintable).join('\n')}\n`);
  } finally {
    lock.release();
  }
}
