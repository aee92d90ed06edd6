import { Argument, Command } from 'commander';
import { randomId } from '../call.ts';
import { Problem } from '../problem.ts';
import type { Account, Store } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { recordAct, withStore } from './with-store.ts';

const issuerArgument = new Argument('<issuer>', 'the trusted issuer, character for character');
const subjectArgument = new Argument('<subject>', 'sub of its ID-JAGs');

/** `credence account add|off|on`: accounts at the RAS, for issuers with `accounts: known`. */
export function accountCommand(): Command {
  const account = new Command('account').description(
    'keep the accounts at the authorization server, by issuer and subject',
  );
  account
    .command('add')
    .description('let a subject of an issuer in that has accounts: known')
    .addArgument(issuerArgument)
    .addArgument(subjectArgument)
    .addOption(homeOption())
    .addHelpText('after', '\nExample:\n  credence account add https://acme.okta.com 00u1a2b3c4')
    .action((issuer: string, subject: string, options: { home: string }) =>
      withStore(options.home, (store) => addAccount(store, issuer, subject)),
    );
  for (const [name, active] of [
    ['off', false],
    ['on', true],
  ] as const) {
    account
      .command(name)
      .description(active ? 'switch an account on again' : 'switch an account off: nothing more is issued for it')
      .addArgument(issuerArgument)
      .addArgument(subjectArgument)
      .addOption(homeOption())
      .action((issuer: string, subject: string, options: { home: string }) =>
        withStore(options.home, async (store) => {
          const found = await findAccount(store, issuer, subject);
          await recordAct(store, 'admin', `account switched ${name}`, { person: found.id, issuer, subject });
          await store.accounts.setActive(found.id, active);
        }),
      );
  }
  return account;
}

async function addAccount(store: Store, issuer: string, subject: string): Promise<void> {
  const id = randomId('a_');
  await recordAct(store, 'admin', 'account added', { person: id, issuer, subject });
  const account = await store.accounts.findOrCreate(issuer, subject, id);
  process.stdout.write(`${account.id}\n`);
}

async function findAccount(store: Store, issuer: string, subject: string): Promise<Account> {
  const account = await store.accounts.find(issuer, subject);
  if (account) return account;
  throw new Problem(
    `There is no account for ${toPrintable(subject)} of ${toPrintable(issuer)}.`,
    'Both are compared character for character; make one with: credence account add',
  );
}
