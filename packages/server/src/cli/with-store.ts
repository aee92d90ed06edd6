import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type AuditRecord, type Facts, type RecordKind, toRow } from '../audit/record.ts';
import { eventId } from '../call.ts';
import { type Config, readConfig, readPlaces } from '../config.ts';
import type { Role } from '../config-schema.ts';
import { type Home, readHome, toHome } from '../home.ts';
import { openStore } from '../open-store.ts';
import { Problem } from '../problem.ts';
import type { AuditRow, Store } from '../store/store.ts';
import type { PostgresSettings } from '../store-config.ts';
import { accountHere } from './account-here.ts';

/** Flags that say which installation is meant. */
export interface InstallationFlags {
  readonly home: string;
  readonly config?: string | undefined;
}

/** Opens the store of an existing installation for one command, beside a server that may be running, and closes it again. */
export async function withStore<T>(
  flags: InstallationFlags,
  work: (store: Store) => Promise<T>,
  change: (settings: PostgresSettings) => PostgresSettings = (settings) => settings,
): Promise<T> {
  const { store: settings, keyFolders } = await readPlaces(await configFileOf(flags), toHome(flags.home).configFile);
  const home = await readHome(flags.home, { storeElsewhere: settings !== undefined, keyFolders });
  const store = await openStore(settings && change(settings), home, `cli-${randomBytes(6).toString('hex')}`);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** The configuration of an existing installation, and its home. */
export async function readInstallation(flags: InstallationFlags): Promise<{ home: Home; config: Config }> {
  const config = await readConfig({ config: await configFileOf(flags) }, toHome(flags.home).configFile);
  const storeElsewhere = config.store !== undefined;
  return { config, home: await readHome(flags.home, { storeElsewhere, keyFolders: config.keys }) };
}

/** What flags of a server may have changed: the issuers it speaks for, and the roles it plays. */
export interface Served {
  readonly idp: string;
  readonly ras: string;
  readonly roles: readonly Role[];
}

/** The issuers of the installation: those of the server that was started here last, or of its configuration. */
export async function readIssuers(flags: InstallationFlags): Promise<Served> {
  const { home, config } = await readInstallation(flags);
  const configured = { idp: config.idp.issuer, ras: config.ras.issuer, roles: [...config.roles] };
  const kept = await readFile(home.issuersFile, 'utf8').catch(() => undefined);
  if (kept === undefined) return configured;
  try {
    return { ...configured, ...JSON.parse(kept) };
  } catch {
    throw new Problem(`${home.issuersFile} is damaged.`, 'Start the server: it is written anew then.');
  }
}

/** The file that was named, or the one the server was started with: a command must not look into another store than it has. */
export async function configFileOf({ home, config }: InstallationFlags): Promise<string | undefined> {
  if (config !== undefined) return config;
  return (await readFile(toHome(home).configPathFile, 'utf8').catch(() => undefined))?.trim();
}

/** Puts an act of the operator on the record, before it takes effect: what, and by which account of this machine. */
export async function recordAct(store: Store, kind: RecordKind, detail: string, facts: Facts = {}): Promise<void> {
  await store.commit({ marks: [], records: [toActRow(kind, detail, facts)] });
}

/** The line of an act, to be written in the same step as what it tells of. */
export function toActRow(kind: RecordKind, detail: string, facts: Facts = {}): AuditRow {
  const record: AuditRecord = {
    v: 2,
    id: eventId('o_'),
    kind,
    domain: 'admin',
    timeMs: Date.now(),
    outcome: 'allowed',
    ...facts,
    detail: `${detail}, by command as ${accountHere()}`,
  };
  return toRow(record);
}
