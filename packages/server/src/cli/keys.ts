import { Argument, Command } from 'commander';
import { type KeyPurpose, keyPurposes } from '../config-schema.ts';
import { keyFolderOf } from '../home.ts';
import { changeKeyFile, sealKeyFile } from '../keys/key-file.ts';
import { readKeyLines, toKeyLines } from '../keys/key-words.ts';
import { retire, rotate, tokenSecondsOf } from '../keys/lifecycle.ts';
import { openSeal } from '../keys/seal.ts';
import { openVault } from '../keys/vault.ts';
import { Problem } from '../problem.ts';
import { configOption, homeOption } from './home-option.ts';
import { readInstallation, recordAct, withStore } from './with-store.ts';

const purposeArgument = new Argument(
  '<purpose>',
  'what the key is for: signing one kind of token or security events, or decrypting ID-JAGs',
).choices(keyPurposes);

/** `credence keys list|rotate|retire|seal`: signing keys, also while the server runs; it follows within ten seconds. */
export function keysCommand(): Command {
  const keys = new Command('keys')
    .description('list, rotate, retire and seal signing keys')
    .addHelpText('after', examples);
  const withOptions = (command: Command) =>
    command
      .addOption(homeOption())
      .addOption(configOption())
      .option('--json', 'for programs: one line of JSON; times are seconds since 1970');
  withOptions(keys.command('list').description('show the keys of every purpose and what each does now')).action(list);
  withOptions(
    keys
      .command('rotate')
      .description(
        'publish a new key; it signs after the wait, and the old one stays published until its last token expired',
      )
      .addArgument(purposeArgument),
  ).action(rotateNow);
  withOptions(
    keys
      .command('retire')
      .description(
        'take a key out at once: what it signed is refused here, and elsewhere when copies of our JWK Set are renewed',
      )
      .addArgument(purposeArgument)
      .argument('<kid>', 'as shown by list')
      .allowUnknownOption() // a kid may begin with a dash
      .addHelpText('after', '\nFor a key that may be stolen. Where no other key is waiting, rotate first.'),
  ).action(retireNow);
  withOptions(
    keys
      .command('seal')
      .description('seal key files that lie there in the clear, once there is a seal key')
      .addHelpText(
        'after',
        '\nLook first whether they are yours: a server with a seal key takes no key that is not sealed.',
      ),
  ).action(sealNow);
  return keys;
}

const examples = `
Examples:
  credence keys list --home /var/lib/credence
  credence keys rotate id_jag --home /var/lib/credence
  credence keys retire access_token pvJ8sA0nq1mZ4Qy3 --home /var/lib/credence`;

interface Options {
  readonly home: string;
  readonly config?: string;
  readonly json?: boolean;
}

async function open(options: Options) {
  const { home, config } = await readInstallation(options);
  return { home, config, seal: await openSeal(config.keys.sealKeyFile) };
}

async function list(options: Options): Promise<void> {
  const { home, seal } = await open(options);
  const now = toNow();
  const rows = await readKeyLines(home, seal, now);
  const lines = rows.map(
    ({ purpose, kid, algorithm, token, words }) =>
      `${purpose.padEnd(17)} ${kid}  ${algorithm.padEnd(12)} ${token === undefined ? '' : 'in the token, '}${words}`,
  );
  say(options, rows, lines.length > 0 ? lines.join('\n') : 'There are no keys yet: they are made at the first start.');
}

async function rotateNow(purpose: KeyPurpose, options: Options): Promise<void> {
  const { home, config, seal } = await open(options);
  const vault = await openVault(config.keys);
  const jwk = await vault.generate(purpose, config.keys.algorithms[purpose]).finally(() => vault.close());
  const now = toNow();
  const times = { now, waitSeconds: config.keys.publishWaitSeconds, tokenSeconds: tokenSecondsOf(purpose, config) };
  const keys = await changeKeyFile(keyFolderOf(home, purpose), purpose, seal, async (before) => {
    await withStore(options, (store) => recordAct(store, 'key', `${purpose} key ${jwk.kid} published`));
    return rotate(before, jwk, times);
  });
  const signsFrom = keys.at(-1)?.signsFrom ?? now;
  const [words = ''] = toKeyLines(keys, now)
    .filter(({ kid }) => kid === jwk.kid)
    .map((line) => line.words);
  say(options, { purpose, kid: jwk.kid, algorithm: jwk.alg, signsFrom }, `${jwk.kid} is ${words}.`);
}

async function retireNow(purpose: KeyPurpose, kid: string, options: Options): Promise<void> {
  const { home, config, seal } = await open(options);
  const now = toNow();
  const keys = await changeKeyFile(keyFolderOf(home, purpose), purpose, seal, async (before) => {
    const rest = retire(before, kid, { now, tokenSeconds: tokenSecondsOf(purpose, config) });
    if (!rest) {
      throw new Problem(
        `${kid} is the only ${purpose} key, or not a key of this purpose.`,
        `See: credence keys list   Where it is the only one, rotate first: credence keys rotate ${purpose}`,
      );
    }
    await withStore(options, (store) => recordAct(store, 'key', `${purpose} key ${kid} retired`));
    return rest;
  });
  const signing = toKeyLines(keys, now).find(({ state }) => state === 'signing')?.kid;
  say(options, { purpose, kid, retiredAt: now, signing }, `${kid} is retired; ${signing} signs.`);
}

async function sealNow(options: Options): Promise<void> {
  const { home, seal } = await open(options);
  if (!seal) throw new Problem('There is no seal key.', 'Set keys.sealKeyFile: docs/operate/configuration.md.');
  const sealed: KeyPurpose[] = [];
  for (const purpose of keyPurposes) {
    const isDone = await sealKeyFile(keyFolderOf(home, purpose), purpose, seal, (kids) =>
      withStore(options, (store) => recordAct(store, 'key', `${purpose} key file sealed, with ${kids.join(', ')}`)),
    );
    if (isDone) sealed.push(purpose);
  }
  say(options, { sealed }, sealed.length > 0 ? `sealed: ${sealed.join(', ')}` : 'All key files are sealed already.');
}

function say({ json }: Options, value: object, words: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : words}\n`);
}

function toNow(): number {
  return Math.floor(Date.now() / 1000);
}
