import { Argument, Command } from 'commander';
import { type KeyPurpose, keyPurposes, readConfig } from '../config.ts';
import { readHome } from '../home.ts';
import { readKeyFile, writeKeyFile } from '../keys/key-file.ts';
import { publishWaitSeconds, retire, rotate, statesOf, type TimedKey, tokenSecondsOf } from '../keys/lifecycle.ts';
import { openSeal } from '../keys/seal.ts';
import { generatePrivateJwk } from '../keys/signer.ts';
import { Problem } from '../problem.ts';
import { homeOption } from './home-option.ts';
import { recordAct, withStore } from './with-store.ts';

const purposeArgument = new Argument('<purpose>', 'what the key signs').choices(keyPurposes);

/** `credence keys list|rotate|retire`: signing keys, also while the server runs; it follows within ten seconds. */
export function keysCommand(): Command {
  const keys = new Command('keys').description('list, rotate and retire signing keys');
  keys
    .command('list')
    .description('show the keys of every purpose and what each does now')
    .addOption(homeOption())
    .option('--config <file>', 'configuration file (default: credence.yaml in the home)')
    .option('--json', 'as one JSON array')
    .action((options: Options & { json?: boolean }) => list(options));
  keys
    .command('rotate')
    .description(
      'publish a new key; it signs after the wait, and the old one stays published until its last token expired',
    )
    .addArgument(purposeArgument)
    .addOption(homeOption())
    .option('--config <file>', 'configuration file (default: credence.yaml in the home)')
    .action((purpose: KeyPurpose, options: Options) => rotateNow(purpose, options));
  keys
    .command('retire')
    .description(
      'take a key out at once: what it signed is refused here, and elsewhere when copies of our JWK Set are renewed',
    )
    .addArgument(purposeArgument)
    .argument('<kid>', 'as shown by list')
    .addOption(homeOption())
    .option('--config <file>', 'configuration file (default: credence.yaml in the home)')
    .addHelpText('after', '\nFor a key that may be stolen. Where no other key is waiting, rotate first.')
    .action((purpose: KeyPurpose, kid: string, options: Options) => retireNow(purpose, kid, options));
  return keys;
}

interface Options {
  readonly home: string;
  readonly config?: string;
}

async function open(options: Options) {
  const home = await readHome(options.home);
  const config = await readConfig({ config: options.config }, home.configFile);
  return { home, config, seal: await openSeal(config.keys.sealKeyFile) };
}

async function list(options: Options & { json?: boolean }): Promise<void> {
  const { home, seal } = await open(options);
  const now = toNow();
  const rows = [];
  for (const purpose of keyPurposes) {
    const keys = await readKeyFile(home.keysDir, purpose, seal);
    const states = statesOf(keys, now);
    rows.push(
      ...keys.map((key, at) => ({
        purpose,
        kid: key.jwk.kid,
        algorithm: key.jwk.alg,
        state: states[at],
        ...timesOf(key),
      })),
    );
  }
  if (options.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else for (const row of rows) process.stdout.write(`${toLine(row)}\n`);
}

function timesOf({ publishedAt, signsFrom, retiresAt }: TimedKey) {
  return { publishedAt, signsFrom, ...(retiresAt !== undefined && { retiresAt }) };
}

function toLine(row: {
  purpose: string;
  kid: string;
  algorithm: string;
  state: string | undefined;
  signsFrom: number;
  retiresAt?: number;
}): string {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  const until = row.retiresAt === undefined ? '' : `, published until ${at(row.retiresAt)}`;
  return `${row.purpose.padEnd(13)} ${row.kid}  ${row.algorithm.padEnd(7)} ${String(row.state).padEnd(10)} signs from ${at(row.signsFrom)}${until}`;
}

async function rotateNow(purpose: KeyPurpose, options: Options): Promise<void> {
  const { home, config, seal } = await open(options);
  const jwk = generatePrivateJwk(config.keys.algorithms[purpose]);
  const before = await readKeyFile(home.keysDir, purpose, seal);
  const tokenSeconds = tokenSecondsOf(purpose, config);
  const keys = rotate(before, jwk, { now: toNow(), waitSeconds: publishWaitSeconds, tokenSeconds });
  await withStore(options.home, (store) => recordAct(store, 'key', `${purpose} key ${jwk.kid} published`));
  await writeKeyFile(home.keysDir, purpose, keys, seal);
  process.stdout.write(`${jwk.kid} is published now and signs in ${publishWaitSeconds / 60} minutes.\n`);
}

async function retireNow(purpose: KeyPurpose, kid: string, options: Options): Promise<void> {
  const { home, seal } = await open(options);
  const rest = retire(await readKeyFile(home.keysDir, purpose, seal), kid, toNow());
  if (!rest) {
    throw new Problem(
      `${kid} is the only ${purpose} key, or not a key of this purpose.`,
      `Rotate first: credence keys rotate ${purpose}`,
    );
  }
  await withStore(options.home, (store) => recordAct(store, 'key', `${purpose} key ${kid} retired`));
  await writeKeyFile(home.keysDir, purpose, rest, seal);
  process.stdout.write(`${kid} is retired.\n`);
}

function toNow(): number {
  return Math.floor(Date.now() / 1000);
}
