import { Command } from 'commander';
import { makeScimToken, maxScimTokens } from '../admin/scim-tokens.ts';
import type { Facts } from '../audit/record.ts';
import { isSourceName } from '../directory/source.ts';
import { Problem } from '../problem.ts';
import { type Store, StoreConflict } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { toActRow, withStore } from './with-store.ts';

/** `credence scim import`, `credence scim token create|list|revoke`: what a provisioning client such as Okta or Entra ID authenticates with. */
export function scimCommand(setExitCode: (code: number) => void): Command {
  const scim = new Command('scim').description('let a provisioning client bring people and groups');
  const token = scim.command('token').description('make, list and revoke tokens; each speaks for one source');
  token
    .command('create')
    .description('make a token and show it, this once')
    .addOption(homeOption())
    .requiredOption('--source <name>', 'what the source is called here; rules say group:<name>/...')
    .option('--json', 'as a JSON object')
    .addHelpText('after', '\nExample:\n  credence scim token create --source okta')
    .action((options: CreateOptions) => withStore(options, (store) => createToken(store, options)));
  token
    .command('list')
    .description('list tokens: never the token itself')
    .addOption(homeOption())
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  credence scim token list')
    .action((options: { home: string; json?: boolean }) => withStore(options, (store) => listTokens(store, options)));
  token
    .command('revoke')
    .description('revoke a token; it stops working at once')
    .argument('<id>', 'as shown by list')
    .addOption(homeOption())
    .addHelpText('after', '\nExample:\n  credence scim token revoke t_2Vb1p0cQ')
    .action((id: string, options: { home: string }) => withStore(options, (store) => revokeToken(store, id)));
  scim
    .command('import')
    .description('bring people and groups from a file, also beside a running server; whoever is not in it stays')
    .argument(
      '<file>',
      'JSON lines or a ListResponse of SCIM resources, or CSV with the columns userName, displayName, ...',
    )
    .addOption(homeOption())
    .requiredOption('--source <name>', 'what the source is called here')
    .option('--json', 'the outcome as a JSON object on standard output')
    .addHelpText(
      'after',
      `
A run that was stopped goes on where it was; the same file once more changes nothing.
CSV columns: userName, externalId, displayName, givenName, familyName, email, active, title, groups (names, with ; between).
With a groups column, people are in exactly those groups of the source.

Examples:
  credence scim import people.jsonl --source okta
  credence scim import people.csv --source hr`,
    )
    .action(async (file: string, options: CreateOptions) => {
      const { importFile } = await import('./scim-import.ts');
      setExitCode(await withStore(options, (store) => importFile(store, file, options)));
    });
  return scim;
}

interface CreateOptions {
  readonly home: string;
  readonly source: string;
  readonly json?: boolean;
}

async function createToken(store: Store, { source: name, json }: CreateOptions): Promise<void> {
  const source = await claimScimSource(store, name);
  const toRow = (detail: string, facts: Facts) => toActRow('admin', detail, facts);
  const made = await makeScimToken(store, { source, now: Math.floor(Date.now() / 1000) }, toRow);
  if (!made.ok) {
    throw new Problem(`${source} already has ${maxScimTokens} tokens.`, 'Revoke one first: credence scim token list');
  }
  const { value, token } = made.value;
  process.stdout.write(json ? `${JSON.stringify({ id: token.id, source, token: value })}\n` : `${value}\n`);
}

/** The source by this name, made where there is none yet; or a problem, where another kind of source has the name. */
export async function claimScimSource(store: Store, name: string): Promise<`scim:${string}`> {
  if (!isSourceName(name)) {
    throw new Problem(
      `${toPrintable(name)} cannot name a source.`,
      'Use up to 63 letters, digits and _ . -, the first a letter or digit, and not the word local.',
    );
  }
  await store.directory.claimSource(`scim:${name}`).catch((error: unknown) => {
    if (!(error instanceof StoreConflict)) throw error;
    throw new Problem(error.message, 'A name belongs to one source, because rules name groups by it. Choose another.');
  });
  return `scim:${name}`;
}

async function listTokens(store: Store, { json }: { json?: boolean }): Promise<void> {
  for (const { id, source, createdAt, lastUsedAt } of await store.directory.scimTokens.all()) {
    const toDate = (seconds: number | undefined) => seconds && new Date(seconds * 1000).toISOString();
    const shown = { id, source, made: toDate(createdAt), lastUsed: toDate(lastUsedAt) };
    const used = shown.lastUsed ? `last used ${shown.lastUsed}` : 'never used';
    process.stdout.write(
      json ? `${JSON.stringify(shown)}\n` : `${id.padEnd(16)}  ${source.padEnd(20)}  made ${shown.made}  ${used}\n`,
    );
  }
}

async function revokeToken(store: Store, id: string): Promise<void> {
  if (!(await store.directory.scimTokens.remove(id, [toActRow('admin', `token ${id} revoked`)]))) {
    throw new Problem(`There is no token ${toPrintable(id)}.`, 'See: credence scim token list');
  }
}
