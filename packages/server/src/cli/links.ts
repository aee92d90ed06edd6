import { Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { randomId } from '../call.ts';
import { makeLink } from '../directory/account-links.ts';
import { Problem } from '../problem.ts';
import type { AccountLink } from '../store/links.ts';
import type { Person, Store } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { toSeconds } from './duration.ts';
import { findPerson } from './find-person.ts';
import { configOption, homeOption } from './home-option.ts';
import { listOption } from './list-option.ts';
import { checkEmail, savePerson } from './save-person.ts';
import { readIssuers, toActRow, withStore } from './with-store.ts';
import { writeOut } from './write-out.ts';

const bounds = { min: 600, max: 14 * 86_400 };

/** `credence person invite|reset|links`: links with which people choose a password themselves. */
export function linkCommands(): Command[] {
  const invite = configured(new Command('invite'))
    .description('print a link with which a person chooses a first password, once; adds somebody who is not here yet')
    .argument('<email>')
    .option('--name <name>', 'display name of somebody new')
    .addOption(listOption('--group <id>', 'group somebody new is in; may be repeated'))
    .addOption(listOption('--role <id>', 'role somebody new holds; may be repeated'))
    .option('--valid <time>', 'how long it is good: 30m, 12h, 3d', '3d')
    .addHelpText(
      'after',
      '\nOnce more for somebody who has lost the link: the one before stops working.\n\nExample:\n  credence person invite erin@acme.example --name Erin --group engineering',
    )
    .action((email: string, options: InviteOptions) =>
      withStore(options, (store) => inviteSomebody(store, email, options)),
    );
  const reset = configured(new Command('reset'))
    .description('print a link with which a person chooses another password, once; the old one works until then')
    .argument('<email>')
    .option('--valid <time>', 'how long it is good: 30m, 12h, 3d', '1h')
    .addHelpText('after', '\nSecond factors stay as they are.\n\nExample:\n  credence person reset erin@acme.example')
    .action((email: string, options: Options) => withStore(options, (store) => resetSomebody(store, email, options)));
  const links = new Command('links').description('list or revoke the links of invite and reset; never the link itself');
  links
    .command('list', { isDefault: true })
    .description('list links')
    .addOption(homeOption())
    .option('--json', 'one JSON object a line')
    .action((options: Options) => withStore(options, (store) => list(store, options.json === true)));
  links
    .command('revoke')
    .description('make the link of a person worthless')
    .argument('<email>')
    .addOption(homeOption())
    .action((email: string, options: Options) => withStore(options, (store) => revoke(store, email)));
  return [invite, reset, links];
}

interface Options {
  readonly home: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly valid: string;
}

interface InviteOptions extends Options {
  readonly name?: string;
  readonly group: readonly string[];
  readonly role: readonly string[];
}

function configured(command: Command): Command {
  return command.addOption(homeOption()).addOption(configOption()).option('--json', 'as one JSON object');
}

async function inviteSomebody(store: Store, email: string, options: InviteOptions): Promise<void> {
  const validSeconds = toSeconds(options.valid, bounds);
  const known = await store.people.findByEmail(email);
  if (known && (options.name !== undefined || options.group.length > 0 || options.role.length > 0)) {
    throw new Problem(
      `${toPrintable(email)} is here already.`,
      'Invite without --name, --group and --role; change those with: credence person add',
    );
  }
  const person = known ?? (await addSomebody(store, email, options));
  if (person.source !== 'local') {
    throw new Problem(
      `${toPrintable(email)} belongs to the source ${person.source}, and signs in there.`,
      'Only people of the local directory are invited.',
    );
  }
  if ((await store.people.passwordHash(person.id)) !== undefined) {
    throw new Problem(`${toPrintable(email)} has a password.`, 'For another one: credence person reset EMAIL');
  }
  await print(store, person, 'invitation', validSeconds, options);
}

async function addSomebody(store: Store, email: string, { name, group, role }: InviteOptions): Promise<Person> {
  checkEmail(email);
  const display = name ?? email.slice(0, email.indexOf('@'));
  const base = { id: randomId('u_'), source: 'local', email, name: display, active: true };
  const person = { ...base, groups: group, roles: role };
  await savePerson(store, person);
  return person;
}

async function resetSomebody(store: Store, email: string, options: Options): Promise<void> {
  const validSeconds = toSeconds(options.valid, bounds);
  const person = await findPerson(store, email);
  if ((await store.people.passwordHash(person.id)) === undefined) {
    throw new Problem(
      `${toPrintable(email)} has no password here.`,
      'For a first one: credence person invite EMAIL   Others sign in elsewhere.',
    );
  }
  await print(store, person, 'reset', validSeconds, options);
}

async function print(
  store: Store,
  person: Person,
  purpose: AccountLink['purpose'],
  validSeconds: number,
  options: Options,
): Promise<void> {
  const { idp } = await readIssuers(options); // which flags of the server may have changed
  if (!person.active) {
    throw new Problem(`${toPrintable(person.email)} is switched off.`, 'First: credence person on EMAIL');
  }
  const records = [toActRow('factor', `${purpose} link made`, { person: person.id })];
  const now = Math.floor(Date.now() / 1000);
  const { url, link } = await makeLink(store, person, { issuer: idp, purpose, now, validSeconds, records });
  const until = toTime(link.expiresAt);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ url, until })}\n`
      : `${url}\n  good once, until ${until}; whoever has it chooses the password, so hand it to ${toPrintable(person.email)} alone\n`,
  );
}

async function list(store: Store, json: boolean): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  let after = '';
  for (;;) {
    const links = await store.links.list(after, 500);
    for (const link of links) {
      const person = await store.people.find(link.personId);
      const email = person?.email ?? link.personId;
      const state = link.expiresAt <= now ? 'expired' : link.opensAt > now ? 'waits' : 'open';
      const text = json ? toVisibleJson({ email, ...link, state }) : toLine(email, link, state);
      if (!(await writeOut(`${text}\n`))) return;
    }
    const last = links.at(-1);
    if (!last) return;
    after = last.personId;
  }
}

function toLine(email: string, { purpose, createdAt, opensAt, expiresAt }: AccountLink, state: string): string {
  const times = `made ${toTime(createdAt)}  good ${toTime(opensAt)} to ${toTime(expiresAt)}`;
  return toPrintable(`${email.padEnd(32)}  ${purpose.padEnd(10)}  ${state.padEnd(7)}  ${times}`);
}

async function revoke(store: Store, email: string): Promise<void> {
  const { id } = await findPerson(store, email);
  if (!(await store.links.revoke(id, [toActRow('factor', 'link revoked', { person: id })]))) {
    throw new Problem(`${toPrintable(email)} has no link.`, 'See: credence person links');
  }
  process.stdout.write('revoked\n');
}

function toTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16);
}
