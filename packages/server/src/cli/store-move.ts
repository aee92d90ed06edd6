import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { beginEpoch } from '../epoch.ts';
import { type Home, openHome, toHome } from '../home.ts';
import { lockHome } from '../home-lock.ts';
import { Problem } from '../problem.ts';
import { type PostgresSettings, StoreSection, toPostgresSettings } from '../store-config.ts';
import { accountHere } from './account-here.ts';
import { homeOption } from './home-option.ts';
import { listOption } from './list-option.ts';
import { showProgress } from './progress.ts';
import { reasonOption } from './reason-option.ts';
import { type InstallationFlags, recordAct, toActRow, withStore } from './with-store.ts';

/** `credence store migrate|unfence|epoch`: where the store is, and what still counts of what it issued. */
export function addMoveCommands(store: Command): void {
  store
    .command('migrate')
    .description('move the store of a home into an empty PostgreSQL database, while no server runs')
    .addOption(homeOption())
    .requiredOption('--to <url>', 'postgres://USER@HOST/DATABASE, as the owner of the tables to be')
    .option('--password-file <file>', "that user's password; else the credential credence-store-password")
    .addOption(listOption('--ca <file>', "authority of the database server's certificate; may be repeated"))
    .option('--json', 'one JSON object a line')
    .action(migrate);
  store
    .command('unfence')
    .description('open a home again whose store was moved away, where that database is lost')
    .addOption(homeOption())
    .addOption(reasonOption('why, for the record'))
    .action(unfence);
  store
    .command('epoch')
    .description(
      'end everything that was issued: sessions, grants, tokens; after a fail-over that may have lost commits',
    )
    .addOption(homeOption())
    .addOption(reasonOption('why, for the record'))
    .action(openEpoch);
}

/** How a database is named on the command line, by the rules of the configuration. */
export interface TargetFlags {
  readonly to: string;
  readonly passwordFile?: string;
  readonly ca?: readonly string[];
}

/** Throws `Problem` when the address is none. */
export function toTarget({ to, passwordFile, ca }: TargetFlags): PostgresSettings {
  const parsed = StoreSection.safeParse({ url: to, ...(passwordFile && { passwordFile }), ...(ca?.length && { ca }) });
  if (parsed.success) return toPostgresSettings(parsed.data, (path) => resolve(path));
  const words = parsed.error.issues.map(({ message }) => message).join('; ');
  throw new Problem(`--to: ${words}.`, 'For example: --to postgres://credence@db.acme.example/credence');
}

async function migrate(flags: TargetFlags & { home: string; json?: boolean }): Promise<void> {
  const target = toTarget(flags);
  const home = await existingHome(flags.home);
  const lock = lockHome(home);
  try {
    const { moveHome } = await import('../store/move/home.ts');
    const arrived = await moveHome({
      storeFile: home.storeFile,
      target,
      nowMs: Date.now,
      toLine: (detail) => toActRow('system', detail),
      onProgress: showProgress(flags.json === true),
    });
    if (flags.json) return void process.stdout.write(`${JSON.stringify({ done: true, ...arrived })}\n`);
    if (process.stderr.isTTY) process.stderr.write('\n');
    process.stdout.write(arrived ? moved(arrived, flags, home) : 'all of it was moved before; nothing was done\n');
  } finally {
    lock.release();
  }
}

function moved(arrived: { rows: number; lines: number; tables: number }, flags: TargetFlags, home: Home): string {
  return `moved: ${arrived.rows} rows of ${arrived.tables} tables, compared one by one; ${arrived.lines} lines of the record, each hash computed again
The store in ${home.dir} is closed for good. Sessions and tokens stay good; client assertions, DPoP proofs and ID-JAGs made before do not.
Go on with this in the configuration, and the keys of ${home.keysDir}:
  store: { url: '${flags.to}'${flags.passwordFile ? `, passwordFile: ${resolve(flags.passwordFile)}` : ''}${flags.ca?.length ? `, ca: [${flags.ca.join(', ')}]` : ''} }
Keep ${home.storeFile} until the first backup of the database, then remove it.
`;
}

async function existingHome(dir: string): Promise<Home> {
  const home = toHome(dir);
  if (!existsSync(home.storeFile)) {
    throw new Problem(`There is no store in the home ${home.dir}.`, 'Name the right folder with --home.');
  }
  return openHome(dir);
}

async function unfence({ home: dir, reason }: { home: string; reason: string }): Promise<void> {
  const home = await existingHome(dir);
  const lock = lockHome(home);
  try {
    const { comeBack } = await import('../store/move/home.ts');
    const by = accountHere();
    const away = comeBack(home.storeFile, { reason: `came back from a move: ${reason}`, by, askedMs: Date.now() });
    if (!away) {
      throw new Problem(`The store in ${home.dir} is not fenced.`, 'Nothing is to be done: start the server.');
    }
    await withHomeStore(home, async (store) => {
      const what = away.state === 'moved' ? 'opened again after its move' : 'move given up';
      await recordAct(store, 'system', `store ${what} to ${away.to}: ${reason}`);
    });
    process.stdout.write(
      away.state === 'moved'
        ? 'open again. What was issued before the server starts next ends then: everybody signs in anew.\n'
        : 'open again, as it was.\n',
    );
  } finally {
    lock.release();
  }
}

async function withHomeStore(home: Home, work: Parameters<typeof withStore>[1]): Promise<void> {
  const { openSqliteStore } = await import('../store/sqlite.ts');
  const store = await openSqliteStore(home.storeFile, { node: `cli-${crypto.randomUUID()}` });
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

function openEpoch({ reason, ...flags }: InstallationFlags & { reason: string }): Promise<void> {
  return withStore(flags, async (store) => {
    await beginEpoch(store, { reason, by: accountHere(), askedMs: Date.now() }, Date.now());
    process.stdout.write('a new epoch has begun: everybody signs in anew, and nothing issued before counts.\n');
  });
}
