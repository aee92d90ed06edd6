import { Argument, Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { hashOnceCode, newOnceCode } from '../directory/once-codes.ts';
import { Problem } from '../problem.ts';
import type { Factor, Store } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { findPerson } from './find-person.ts';
import { homeOption } from './home-option.ts';
import { toActRow, withStore } from './with-store.ts';

const emailArgument = () => new Argument('<email>');
const hoursToUse = 24;

/** `credence person factors list|invite|reset`: what people sign in with besides the password. */
export function factorsCommand(): Command {
  const factors = new Command('factors').description('look after the second factors of people: apps, passkeys, codes');
  factors
    .command('list')
    .description('list the second factors of a person')
    .addArgument(emailArgument())
    .addOption(homeOption())
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  credence person factors list erin@acme.example')
    .action((email: string, options: { home: string; json?: boolean }) =>
      withStore(options, (store) => list(store, email, options.json === true)),
    );
  factors
    .command('invite')
    .description(`print a code, good once within ${hoursToUse} hours, with which a person enrols a first second factor`)
    .addArgument(emailArgument())
    .addOption(homeOption())
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nHand it over where you know whom you talk to: it stands for the person.\n\nExample:\n  credence person factors invite erin@acme.example',
    )
    .action((email: string, options: { home: string; json?: boolean }) =>
      withStore(options, (store) => invite(store, email, options.json === true)),
    );
  factors
    .command('reset')
    .description('remove all second factors and recovery codes of a person, and end their sessions')
    .addArgument(emailArgument())
    .addOption(homeOption())
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  credence person factors reset erin@acme.example')
    .action((email: string, options: { home: string; json?: boolean }) =>
      withStore(options, (store) => reset(store, email, options.json === true)),
    );
  return factors;
}

async function list(store: Store, email: string, json: boolean): Promise<void> {
  const { id } = await findPerson(store, email);
  const factors = await store.factors.of(id);
  if (json) {
    for (const factor of factors) print(toVisibleJson(toPublic(factor)));
    return;
  }
  const left = await store.factors.recoveryCodesLeft(id);
  for (const factor of factors) print(toLine(factor));
  print(factors.length === 0 ? 'No second factor.' : `recovery codes left: ${left}`);
}

async function invite(store: Store, email: string, json: boolean): Promise<void> {
  const { id } = await findPerson(store, email);
  if ((await store.people.passwordHash(id)) === undefined) {
    throw new Problem(
      `${toPrintable(email)} has no password here, so there is nothing to add a second factor to.`,
      'Set one with: credence person password EMAIL   or look after factors where the person signs in.',
    );
  }
  if ((await store.factors.of(id)).length > 0) {
    throw new Problem(
      `${toPrintable(email)} has a second factor, and adds others with that one.`,
      'If it is lost: credence person factors reset EMAIL, then invite again.',
    );
  }
  const code = newOnceCode();
  const expiresAt = Math.floor(Date.now() / 1000) + hoursToUse * 3600;
  const facts = { person: id, factor: { kind: 'enrolment_code' as const } };
  await store.factors.setEnrolmentCode(id, hashOnceCode(code) ?? '', expiresAt, [
    toActRow('factor', 'enrolment code made', facts),
  ]);
  const until = new Date(expiresAt * 1000).toISOString();
  print(
    json ? JSON.stringify({ code, until }) : `${code}\n  good once, until ${until}, at the sign-in or at /security`,
  );
}

async function reset(store: Store, email: string, json: boolean): Promise<void> {
  const { id } = await findPerson(store, email);
  const act = toActRow('factor', 'second factors reset, sessions ended', { person: id });
  const removed = await store.factors.reset(id, [act]);
  print(json ? JSON.stringify({ removed }) : `${removed} removed; recovery codes are gone and sessions ended`);
}

/** Neither the sealed secret nor the key: they are of use to nobody here. */
function toPublic({ id, kind, name, isSynced, createdAt, lastUsedAt }: Factor) {
  return { id, kind, name, ...(kind === 'passkey' && { synced: isSynced }), createdAt, lastUsedAt: lastUsedAt ?? null };
}

function toLine({ id, kind, name, createdAt, lastUsedAt }: Factor): string {
  const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const used = lastUsedAt === undefined ? 'never used' : `last used ${day(lastUsedAt)}`;
  return toPrintable(`${kind.padEnd(8)}  ${name.padEnd(24)}  added ${day(createdAt)}  ${used}  ${id}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
