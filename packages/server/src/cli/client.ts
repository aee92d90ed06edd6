import { randomBytes } from 'node:crypto';
import { Argument, Command } from 'commander';
import { hashSecret } from '../clients/authenticate.ts';
import { Problem } from '../problem.ts';
import type { Domain, Store } from '../store/store.ts';
import { homeOption } from './home-option.ts';
import { recordAct, withStore } from './with-store.ts';

const domain = new Argument('<side>', 'idp: for signing in and leg 1; ras: for leg 2').choices(['idp', 'ras']);

/** Two secrets may live at once, so that one can be replaced without an outage (KEY-09). */
const maxSecrets = 2;

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
      withStore(options, (store) => removeSecret(store, side, clientId, fingerprint)),
    );
  return client;
}

async function newSecret(store: Store, side: Domain, clientId: string): Promise<void> {
  const live = (await store.credentials.all(side)).filter((secret) => secret.clientId === clientId);
  if (live.length >= maxSecrets) {
    throw new Problem(
      `${clientId} already has ${maxSecrets} secrets.`,
      'Remove one first: credence client secret remove',
    );
  }
  const value = randomBytes(32).toString('base64url');
  const createdAt = Math.floor(Date.now() / 1000);
  await recordAct(store, 'admin', `secret made for ${clientId} at the ${side}`);
  await store.credentials.add({ domain: side, clientId, secretHash: hashSecret(value), createdAt });
  process.stdout.write(`${value}\n`);
}

async function listSecrets(store: Store, side: Domain): Promise<void> {
  for (const { clientId, secretHash, createdAt } of await store.credentials.all(side)) {
    const made = new Date(createdAt * 1000).toISOString();
    process.stdout.write(`${clientId.padEnd(24)}  ${toFingerprint(secretHash)}  made ${made}\n`);
  }
}

async function removeSecret(store: Store, side: Domain, clientId: string, fingerprint: string): Promise<void> {
  const found = (await store.credentials.all(side)).find(
    (secret) => secret.clientId === clientId && toFingerprint(secret.secretHash) === fingerprint,
  );
  if (!found) throw new Problem(`${clientId} has no secret ${fingerprint}.`, 'See: credence client secret list');
  await recordAct(store, 'admin', `secret ${fingerprint} of ${clientId} removed at the ${side}`);
  await store.credentials.remove(side, clientId, found.secretHash);
}

/** Enough of the hash to tell two secrets apart. */
function toFingerprint(secretHash: string): string {
  return secretHash.slice(0, 12);
}
