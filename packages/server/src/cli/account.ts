import { Argument, Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { randomId } from '../call.ts';
import { Problem } from '../problem.ts';
import { type Account, type Store, StoreConflict } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { recordAct, withStore } from './with-store.ts';
import { writeOut } from './write-out.ts';

const issuerArgument = new Argument('<issuer>', 'the trusted issuer, character for character');
const subjectArgument = new Argument('[subject]', 'sub of its ID-JAGs');

interface Options {
  readonly home: string;
  readonly email?: string;
  readonly tenant?: string;
}

/** Which account is meant: by subject or, made beforehand, by e-mail address. */
interface Meant {
  readonly issuer: string;
  readonly tenant: string | undefined;
  readonly subject: string | undefined;
  readonly email: string | undefined;
}

/** `credence account add|off|on|list`: accounts at the RAS, for issuers that do not have them created. */
export function accountCommand(): Command {
  const account = new Command('account').description(
    'keep the accounts at the authorization server, by issuer and subject',
  );
  const onOne = (name: string, description: string, act: (store: Store, meant: Meant) => Promise<void>) =>
    account
      .command(name)
      .description(description)
      .addArgument(issuerArgument)
      .addArgument(subjectArgument)
      .option('--email <address>', 'instead of the subject: linked to the first subject with this verified address')
      .option('--tenant <tenant>', 'tenant of the issuer, where it has several')
      .addOption(homeOption())
      .action((issuer: string, subject: string | undefined, options: Options) =>
        withStore(options, (store) => act(store, toMeant(issuer, subject, options))),
      );
  onOne('add', 'let somebody in of an issuer whose accounts are not created', addAccount).addHelpText(
    'after',
    '\nExamples:\n  credence account add https://acme.okta.com 00u1a2b3c4' +
      '\n  credence account add https://acme.okta.com --email erin@acme.example',
  );
  onOne('off', 'switch an account off: nothing more is issued for it', (store, meant) => switchTo(store, meant, false));
  onOne('on', 'switch an account on again', (store, meant) => switchTo(store, meant, true));
  account
    .command('list')
    .description('list accounts: id (aud_sub), on or off, issuer, tenant, subject, address of one made beforehand')
    .addOption(homeOption())
    .option('--json', 'one JSON object a line')
    .action((options: { home: string; json?: boolean }) => withStore(options, (store) => listAccounts(store, options)));
  return account;
}

function toMeant(issuer: string, subject: string | undefined, { email, tenant }: Options): Meant {
  if ((subject === undefined) === (email === undefined)) {
    throw new Problem(
      'Name the subject, or an address with --email, and not both.',
      'See: credence account add --help',
    );
  }
  if (email !== undefined && !/^[\x21-\x3F\x41-\x7E]+@[A-Za-z0-9.-]+$/.test(email)) {
    throw new Problem(`${toPrintable(email)} is not an e-mail address in ASCII.`, 'Give it as name@domain.');
  }
  return { issuer, subject, email, tenant };
}

async function addAccount(store: Store, { issuer, subject, email, tenant }: Meant): Promise<void> {
  const id = randomId('a_');
  const facts = { person: id, issuer, ...(tenant !== undefined && { tenant }) };
  if (subject !== undefined) {
    await recordAct(store, 'admin', 'account added', { ...facts, subject });
    const account = await store.accounts.findOrCreate({ issuer, tenant, subject }, id);
    process.stdout.write(`${account.id}\n`);
    return;
  }
  await recordAct(store, 'admin', 'account added, to be linked by e-mail', facts);
  try {
    await store.accounts.reserve({ issuer, tenant }, email ?? '', id);
  } catch (error) {
    if (!(error instanceof StoreConflict)) throw error;
    throw new Problem(`There is an account for ${toPrintable(email ?? '')} already.`, 'See: credence account list');
  }
  process.stdout.write(`${id}\n`);
}

async function switchTo(store: Store, meant: Meant, active: boolean): Promise<void> {
  const { id, issuer, tenant, subject } = await findAccount(store, meant);
  const facts = {
    person: id,
    issuer,
    ...(tenant !== undefined && { tenant }),
    ...(subject !== undefined && { subject }),
  };
  await recordAct(store, 'admin', `account switched ${active ? 'on' : 'off'}`, facts);
  await store.accounts.setActive(id, active);
}

async function findAccount(store: Store, { issuer, subject, email, tenant }: Meant): Promise<Account> {
  const account =
    subject === undefined
      ? await store.accounts.findByEmail({ issuer, tenant }, email ?? '')
      : await store.accounts.find({ issuer, tenant, subject });
  if (account) return account;
  throw new Problem(
    `There is no account for ${toPrintable(subject ?? email ?? '')} of ${toPrintable(issuer)}.`,
    'Issuer, tenant and subject are compared character for character; see: credence account list',
  );
}

async function listAccounts(store: Store, options: { json?: boolean }): Promise<void> {
  let after = '';
  for (;;) {
    const page = await store.accounts.list(after, 500);
    const lines = page.map((account) => `${options.json ? toVisibleJson(account) : toLine(account)}\n`);
    if (!(await writeOut(lines.join('')))) return;
    const last = page.at(-1);
    if (!last) return;
    after = last.id;
  }
}

function toLine({ id, active, issuer, tenant, subject, email }: Account): string {
  const words = [id, active ? 'on ' : 'off', issuer, tenant ?? '-', subject ?? '(no subject yet)', email ?? ''];
  return toPrintable(words.join('  ').trimEnd());
}
