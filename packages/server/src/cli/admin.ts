import { Argument, Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { randomId } from '../call.ts';
import { adminRoles } from '../directory/administrators.ts';
import { newOnceCode } from '../directory/once-codes.ts';
import { hashPassword } from '../directory/password.ts';
import { newTotpSecret, toBase32, totpUri } from '../directory/totp.ts';
import { sealSecret } from '../idp/sign-in/proofs.ts';
import { openSecret } from '../keys/key-file.ts';
import { createSeal } from '../keys/seal.ts';
import { Problem } from '../problem.ts';
import type { AdminRole, BreakGlassSecrets } from '../store/administrators.ts';
import { type Person, type Store, StoreConflict } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { findPerson } from './find-person.ts';
import { configOption, homeOption } from './home-option.ts';
import { readInstallation, toActRow, withStore } from './with-store.ts';

/** `credence admin list|grant|revoke|break-glass`: who administers Credence. Nothing else makes an administrator. */
export function adminCommand(): Command {
  const admin = new Command('admin').description('say who administers credence itself');
  admin
    .command('list')
    .description('list those who administer')
    .addOption(homeOption())
    .option('--json', 'one JSON object a line')
    .action((options: Options) => withStore(options, (store) => list(store, options.json === true)));
  admin
    .command('grant')
    .description(
      'give a person a role instead of the one they have; ends the link and the enrolment code that they have',
    )
    .argument('<email>')
    .addArgument(new Argument('<role>').choices([...adminRoles]))
    .addOption(homeOption())
    .addHelpText('after', '\nExample:\n  credence admin grant dana@acme.example help-desk')
    .action((email: string, role: AdminRole, options: Options) =>
      withStore(options, (store) => grant(store, email, role)),
    );
  admin
    .command('revoke')
    .description('take the role of a person away')
    .argument('<email>')
    .addOption(homeOption())
    .action((email: string, options: Options) => withStore(options, (store) => revoke(store, email)));
  admin.addCommand(breakGlassCommand());
  return admin;
}

interface Options {
  readonly home: string;
  readonly config?: string;
  readonly json?: boolean;
}

function breakGlassCommand(): Command {
  const glass = new Command('break-glass').description(
    'one owner for the day nothing else works; each use is an alert',
  );
  const configured = (command: Command) =>
    command.addOption(homeOption()).addOption(configOption()).option('--json', 'as one JSON object');
  configured(glass.command('create'))
    .description('make it, and show name, password and key of an authenticator app, this once')
    .action((options: Options) => withStore(options, (store) => create(store, options)));
  configured(glass.command('rotate'))
    .description('replace password and key, show them this once, and end its sessions')
    .action((options: Options) => withStore(options, (store) => rotate(store, options)));
  glass
    .command('remove')
    .description('remove it with everything it has')
    .addOption(homeOption())
    .action((options: Options) => withStore(options, remove));
  glass
    .command('show')
    .description('show whether there is one; never its password')
    .addOption(homeOption())
    .option('--json', 'as one JSON object')
    .action((options: Options) => withStore(options, (store) => showGlass(store, options.json === true)));
  return glass;
}

async function list(store: Store, json: boolean): Promise<void> {
  const glass = await store.administrators.breakGlass();
  for (const { personId, role, grantedAt } of await store.administrators.list()) {
    const person = await store.people.find(personId);
    const email = person?.email ?? personId;
    const breakGlass = glass?.personId === personId;
    const since = toTime(grantedAt);
    const state = person?.active ? '' : '  switched off';
    print(
      json
        ? toVisibleJson({ email, role, since, breakGlass, active: person?.active ?? false })
        : toPrintable(
            `${email.padEnd(40)}  ${role.padEnd(9)}  since ${since}${breakGlass ? '  break-glass' : ''}${state}`,
          ),
    );
  }
}

async function grant(store: Store, email: string, role: AdminRole): Promise<void> {
  const { id } = await findPerson(store, email);
  const records = [toActRow('admin', `administrator role ${role} granted`, { person: id })];
  if (!(await store.administrators.grant({ personId: id, role, grantedAt: seconds() }, records))) {
    throw new Problem('The break-glass account is an owner.', 'To be rid of it: credence admin break-glass remove');
  }
  print(`${toPrintable(email)}: ${role}`);
}

async function revoke(store: Store, email: string): Promise<void> {
  const { id } = await findPerson(store, email);
  if (await store.administrators.revoke(id, [toActRow('admin', 'administrator role revoked', { person: id })])) {
    return print('revoked');
  }
  const isGlass = (await store.administrators.breakGlass())?.personId === id;
  if (isGlass) throw new Problem('It is the break-glass account.', 'See: credence admin break-glass remove');
  throw new Problem(`${toPrintable(email)} does not administer.`, 'See: credence admin list');
}

async function create(store: Store, options: Options): Promise<void> {
  const { host, organisation, seal } = await readSettings(options);
  // Whoever does not know the name cannot even begin to keep it busy.
  const email = `break-glass-${newOnceCode().slice(0, 11)}@${host}`;
  const base = { id: randomId('u_'), source: 'local', name: 'Break-glass administrator', active: true };
  const person: Person = { ...base, email, groups: [], roles: [] };
  const made = await newSecrets(person.id, seal);
  const records = [toActRow('alert', 'break-glass account made', { person: person.id, breakGlass: true })];
  try {
    await store.administrators.createBreakGlass(person, made.secrets, records);
  } catch (error) {
    if (!(error instanceof StoreConflict)) throw error;
    throw new Problem('There is a break-glass account.', 'For new secrets: credence admin break-glass rotate');
  }
  printSecrets({ email, ...made }, organisation, options);
}

async function rotate(store: Store, options: Options): Promise<void> {
  const { organisation, seal } = await readSettings(options);
  const { personId, email } = await findGlass(store);
  const made = await newSecrets(personId, seal);
  const records = [toActRow('alert', 'break-glass account rotated', { person: personId, breakGlass: true })];
  if (!(await store.administrators.rotateBreakGlass(made.secrets, records))) throw noGlass();
  printSecrets({ email, ...made }, organisation, options);
}

async function remove(store: Store): Promise<void> {
  const { personId } = await findGlass(store);
  const records = [toActRow('alert', 'break-glass account removed', { person: personId, breakGlass: true })];
  if (!(await store.administrators.removeBreakGlass(records))) throw noGlass();
  print('removed');
}

async function showGlass(store: Store, json: boolean): Promise<void> {
  const { email, changedAt, active } = await findGlass(store);
  const since = toTime(changedAt);
  const state = active ? '' : '  switched off: credence person on EMAIL';
  print(json ? JSON.stringify({ email, since, active }) : `${email}  secrets of ${since}${state}`);
}

async function findGlass(store: Store) {
  const glass = await store.administrators.breakGlass();
  const person = glass && (await store.people.find(glass.personId));
  if (!glass || !person) throw noGlass();
  return { ...glass, email: person.email, active: person.active };
}

function noGlass(): Problem {
  return new Problem('There is no break-glass account.', 'Make one: credence admin break-glass create');
}

async function readSettings(options: Options) {
  const { home, config } = await readInstallation(options);
  const { idp, organisation } = config;
  const seal = createSeal(Buffer.from(await openSecret(home.keysDir, 'factor')));
  return { host: new URL(idp.issuer).hostname, organisation, seal };
}

/** 125 random bits, and an app: who finds the password still needs the key, if the two are kept apart. */
async function newSecrets(personId: string, seal: ReturnType<typeof createSeal>) {
  const [password, secret, now] = [newOnceCode(), newTotpSecret(), seconds()];
  const factor = {
    id: randomId('f_'),
    personId,
    kind: 'totp' as const,
    name: 'Authenticator app',
    material: sealSecret(seal, personId, secret),
    credentialId: undefined,
    isSynced: false,
    counter: 0,
    createdAt: now,
    lastUsedAt: undefined,
  };
  const secrets: BreakGlassSecrets = { passwordHash: await hashPassword(password), factor, now };
  return { password, secret, secrets };
}

function printSecrets(
  { email, password, secret }: { email: string; password: string; secret: Buffer },
  organisation: string,
  { json }: Options,
): void {
  const key = toBase32(secret);
  const uri = totpUri(secret, { organisation, email });
  const text = `name      ${email}
password  ${password}
app key   ${key.match(/.{1,4}/g)?.join(' ')}
          ${uri}
  Shown this once. Keep password and app key apart from each other and off this machine; keep the name to
  yourself. It signs in with the password of this server, also while other sign-ins are down, and each use is an alert.`;
  print(json ? JSON.stringify({ email, password, key, uri }) : text);
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

function toTime(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 16);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
