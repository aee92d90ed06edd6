import { Command, InvalidArgumentError } from 'commander';
import { maxTokenDays, newApiToken, scopesBeyond } from '../admin/api-tokens.ts';
import { toVisibleJson } from '../audit/export-line.ts';
import { tokenScopes } from '../directory/permissions.ts';
import { Problem } from '../problem.ts';
import type { ApiToken } from '../store/api-tokens.ts';
import type { Store } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { findPerson } from './find-person.ts';
import { homeOption } from './home-option.ts';
import { toActRow, withStore } from './with-store.ts';
import { writeOut } from './write-out.ts';

const page = 200;

/** `credence api-token create|list|revoke`: what programs use the admin API with. */
export function apiTokenCommand(): Command {
  const token = new Command('api-token').description('make, list and revoke tokens for the admin API');
  token
    .command('create')
    .description('make a token for a program and show it, this once; it goes with the role of its administrator')
    .addOption(homeOption())
    .requiredOption('--for <email>', 'the administrator in whose name it acts')
    .requiredOption('--name <name>', 'what it is for')
    .requiredOption('--scope <scope...>', `what it may do: ${tokenScopes.join(', ')}`)
    .requiredOption('--days <days>', `how long it is good, ${maxTokenDays} at most`, toDays)
    .option('--json', 'as a JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  credence api-token create --for dana@acme.example --name "record reader" --scope read:audit --days 90',
    )
    .action((options: CreateOptions) => withStore(options, (store) => create(store, options)));
  token
    .command('list')
    .description('list tokens: never the token itself')
    .addOption(homeOption())
    .option('--json', 'one JSON object a line')
    .action((options: { home: string; json?: boolean }) => withStore(options, (store) => list(store, options)));
  token
    .command('revoke')
    .description('revoke a token; it stops working at once')
    .argument('<id>', 'as shown by list')
    .addOption(homeOption())
    .addHelpText('after', '\nExample:\n  credence api-token revoke t_2Vb1p0cQx7Lm')
    .action((id: string, options: { home: string }) => withStore(options, (store) => revoke(store, id)));
  return token;
}

interface CreateOptions {
  readonly home: string;
  readonly for: string;
  readonly name: string;
  readonly scope: readonly string[];
  readonly days: number;
  readonly json?: boolean;
}

async function create(store: Store, options: CreateOptions): Promise<void> {
  const { id: personId } = await findPerson(store, options.for);
  const role = await store.administrators.roleOf(personId);
  if (role === undefined) {
    throw new Problem(
      `${toPrintable(options.for)} does not administer.`,
      'A token acts in the name of an administrator: credence admin grant EMAIL ROLE',
    );
  }
  const beyond = scopesBeyond(options.scope, role);
  if (beyond.length > 0) {
    throw new Problem(
      `A token of the role ${role} cannot have ${beyond.map(toPrintable).join(', ')}.`,
      `Scopes are: ${tokenScopes.join(', ')}; what each role covers: docs/operate/admin-api.md`,
    );
  }
  const { name, scope: scopes, days } = options;
  const { value, token } = newApiToken({ personId, name, scopes, days, now: Math.floor(Date.now() / 1000) });
  const { id, expiresAt } = token;
  const after = { token: id, scopes: token.scopes, expiresAt };
  await store.apiTokens.add(token, [toActRow('admin', `API token ${id} made`, { person: personId, after })]);
  process.stdout.write(options.json ? `${JSON.stringify({ id, token: value, expiresAt })}\n` : `${value}\n`);
}

async function list(store: Store, { json }: { json?: boolean }): Promise<void> {
  let after = '';
  for (;;) {
    const tokens = await store.apiTokens.list({ after, limit: page });
    for (const { tokenHash: _, ...token } of tokens) {
      if (!(await writeOut(json ? `${toVisibleJson(token)}\n` : `${await toLine(store, token)}\n`))) return;
    }
    const last = tokens.at(-1);
    if (!last) return;
    after = last.id;
  }
}

async function toLine(
  store: Store,
  { id, personId, name, scopes, expiresAt, lastUsedAt }: Omit<ApiToken, 'tokenHash'>,
) {
  const person = await store.people.find(personId);
  const used = lastUsedAt === undefined ? 'never used' : `last used ${toTime(lastUsedAt)}`;
  const words = [id, (person?.email ?? personId).padEnd(28), name.padEnd(24), `until ${toTime(expiresAt)}`, used];
  return toPrintable([...words, scopes.join(' ')].join('  '));
}

async function revoke(store: Store, id: string): Promise<void> {
  const token = await store.apiTokens.find(id);
  const facts = token && { person: token.personId, before: { token: id, scopes: token.scopes } };
  if (!token || !(await store.apiTokens.remove(id, [toActRow('admin', `API token ${id} revoked`, facts)]))) {
    throw new Problem(`There is no token ${toPrintable(id)}.`, 'See: credence api-token list');
  }
}

function toDays(text: string): number {
  const days = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > maxTokenDays) throw new InvalidArgumentError(`give 1 to ${maxTokenDays} days`);
  return days;
}

function toTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16);
}
