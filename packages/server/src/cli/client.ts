import { Argument, Command } from 'commander';
import { makeSecret, maxSecrets, removeSecret, toFingerprint } from '../admin/secrets.ts';
import type { Facts } from '../audit/record.ts';
import { Problem } from '../problem.ts';
import type { AuditRow, Domain, Store } from '../store/store.ts';
import { homeOption } from './home-option.ts';
import { toActRow, withStore } from './with-store.ts';

const domain = new Argument('<side>', 'idp: for signing in and leg 1; ras: for leg 2').choices(['idp', 'ras']);

/** `credence client secret new|list|remove`: credentials of clients; the clients themselves are in the policy documents. */
export function clientCommand(): Command {
  const client = new Command('client').description('keep the secrets of clients');
  const secret = client.command('secret').description('make, list and remove client secrets');
  secret
    .command('new')
    .description('make a new secret and show it, this once')
    .addArgument(domain)
    .argument('<client>', 'its id in the access document (idp) or the resource document (ras)')
    .addOption(homeOption())
    .addHelpText('after', '\nExample:\n  credence client secret new idp claude-code')
    .action((side: Domain, clientId: string, options: { home: string }) =>
      withStore(options, (store) => newSecret(store, side, clientId)),
    );
  secret
    .command('list')
    .description('list secrets by their fingerprint')
    .addArgument(domain)
    .addOption(homeOption())
    .action((side: Domain, options: { home: string }) => withStore(options, (store) => listSecrets(store, side)));
  secret
    .command('remove')
    .description('remove a secret; it stops working within a second')
    .addArgument(domain)
    .argument('<client>')
    .argument('<fingerprint>', 'as shown by list')
    .addOption(homeOption())
    .action((side: Domain, clientId: string, fingerprint: string, options: { home: string }) =>
      withStore(options, (store) => dropSecret(store, side, clientId, fingerprint)),
    );
  return client;
}

async function newSecret(store: Store, side: Domain, clientId: string): Promise<void> {
  const made = await makeSecret(store, { domain: side, clientId, now: Math.floor(Date.now() / 1000) }, toRow);
  if (!made.ok) {
    throw new Problem(
      `${clientId} already has ${maxSecrets} secrets.`,
      'Remove one first: credence client secret remove',
    );
  }
  process.stdout.write(`${made.value.value}\n`);
}

async function listSecrets(store: Store, side: Domain): Promise<void> {
  for (const { clientId, secretHash, createdAt } of await store.credentials.all(side)) {
    const made = new Date(createdAt * 1000).toISOString();
    process.stdout.write(`${clientId.padEnd(24)}  ${toFingerprint(secretHash)}  made ${made}\n`);
  }
}

async function dropSecret(store: Store, side: Domain, clientId: string, fingerprint: string): Promise<void> {
  if (!(await removeSecret(store, { domain: side, clientId, fingerprint }, toRow))) {
    throw new Problem(`${clientId} has no secret ${fingerprint}.`, 'See: credence client secret list');
  }
}

function toRow(detail: string, facts: Facts): AuditRow {
  return toActRow('admin', detail, facts);
}
