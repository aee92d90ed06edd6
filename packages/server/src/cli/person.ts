import { isName } from '@credence/mcp/protocol';
import { Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { randomId } from '../call.ts';
import { hashPassword, verifyPassword } from '../directory/password.ts';
import { Problem } from '../problem.ts';
import { type Person, type Store, StoreConflict } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { factorsCommand } from './factors.ts';
import { findPerson } from './find-person.ts';
import { homeOption } from './home-option.ts';
import { linkCommands } from './links.ts';
import { listOption } from './list-option.ts';
import { readPassword } from './read-password.ts';
import { checkEmail, savePerson } from './save-person.ts';
import { recordAct, toActRow, withStore } from './with-store.ts';
import { writeOut } from './write-out.ts';

/** `credence person add|invite|reset|links|list|password|off|on|factors`: the local directory, for day one. */
export function personCommand(): Command {
  const person = new Command('person').description('keep the local directory: people, their groups and roles');
  person
    .command('add')
    .description('add a person, or replace their name, groups and roles')
    .argument('<email>')
    .addOption(homeOption())
    .requiredOption('--name <name>', 'display name')
    .addOption(listOption('--group <id>', 'group they are in; may be repeated'))
    .addOption(listOption('--role <id>', 'role they hold; may be repeated'))
    .option('--password-stdin', 'read a password from standard input')
    .addHelpText(
      'after',
      '\nExample:\n  credence person add erin@acme.example --name Erin --group engineering --password-stdin < secret',
    )
    .action(async (email: string, options: AddOptions) => {
      const password = options.passwordStdin ? await readPassword() : undefined;
      await withStore(options, (store) => addPerson(store, email, options, password));
    });
  person
    .command('list')
    .description('list people')
    .addOption(homeOption())
    .option('--json', 'one JSON object a line')
    .action((options: { home: string; json?: boolean }) => withStore(options, (store) => listPeople(store, options)));
  person
    .command('password')
    .description('set a password, read from standard input; sessions that began with another one end')
    .argument('<email>')
    .addOption(homeOption())
    .action(async (email: string, options: { home: string }) => {
      const password = await readPassword();
      await withStore(options, async (store) => {
        const { id } = await findPerson(store, email);
        await setPassword(store, id, password);
      });
    });
  person
    .command('id-at')
    .description('set what a person is called at another authorization server (aud_sub), or take it away')
    .argument('<email>')
    .argument('<ras>', 'issuer of that server, as the access document has it')
    .argument('[id]', 'their id there; without it, none is told any more')
    .addOption(homeOption())
    .addHelpText('after', '\nExample:\n  credence person id-at erin@acme.example https://chat.example U019488227')
    .action((email: string, ras: string, idThere: string | undefined, options: { home: string }) =>
      withStore(options, (store) => setIdAt(store, email, ras, idThere)),
    );
  for (const [name, active] of [
    ['off', false],
    ['on', true],
  ] as const) {
    person
      .command(name)
      .description(
        active ? 'switch a person on again' : 'switch a person off, whatever their source says: nothing more is issued',
      )
      .argument('<email>')
      .addOption(homeOption())
      .action((email: string, options: { home: string }) =>
        withStore(options, async (store) => {
          const found = await findPerson(store, email);
          const records = [toActRow('admin', `person switched ${name}`, { person: found.id })];
          await store.directory.provisioned.block(found.id, !active, records);
        }),
      );
  }
  for (const command of [factorsCommand(), ...linkCommands()]) person.addCommand(command);
  return person;
}

interface AddOptions {
  readonly home: string;
  readonly name: string;
  readonly group: readonly string[];
  readonly role: readonly string[];
  readonly passwordStdin?: boolean;
}

async function addPerson(
  store: Store,
  email: string,
  options: AddOptions,
  password: string | undefined,
): Promise<void> {
  checkEmail(email);
  const known = await store.people.findByEmail(email);
  if (known && known.source !== 'local') {
    throw new Problem(`${toPrintable(email)} belongs to the source ${known.source}.`, 'Change the person there.');
  }
  const { name, group, role } = options;
  const person = {
    ...{ id: known?.id ?? randomId('u_'), source: 'local', email, name },
    ...{ active: known?.active ?? true, groups: group, roles: role },
  };
  await savePerson(store, person, known);
  if (password !== undefined) await setPassword(store, person.id, password);
  process.stdout.write(`${person.id}\n`);
}

/** Whoever came in with another password of before has to come in again, as after a link that sets one. */
async function setPassword(store: Store, id: string, password: string): Promise<void> {
  const before = await store.people.passwordHash(id);
  if (before !== undefined && (await verifyPassword(password, before))) return;
  const ends = before !== undefined;
  const act = toActRow('admin', ends ? 'password set, sessions ended' : 'password set', { person: id });
  await store.people.setPasswordHash(id, await hashPassword(password), { ends, records: [act] });
}

async function setIdAt(store: Store, email: string, ras: string, idThere: string | undefined): Promise<void> {
  if (idThere !== undefined && !isName(idThere, 256)) {
    throw new Problem('The id must have 1 to 256 characters, none of them a control character.', 'Copy it again.');
  }
  const { id } = await findPerson(store, email);
  const act = idThere === undefined ? 'taken away' : 'set';
  await recordAct(store, 'admin', `id at ${ras} ${act}`, { person: id });
  try {
    await store.people.setIdAt(id, ras, idThere);
  } catch (error) {
    if (!(error instanceof StoreConflict)) throw error;
    throw new Problem('Somebody else has this id there already.', 'Two people under one id would be one person there.');
  }
}

async function listPeople(store: Store, options: { json?: boolean }): Promise<void> {
  let after = '';
  for (;;) {
    const people = await store.people.list(after, 500);
    const lines = people.map((person) => `${options.json ? toVisibleJson(person) : toLine(person)}\n`);
    if (!(await writeOut(lines.join('')))) return;
    const last = people.at(-1);
    if (!last) return;
    after = last.id;
  }
}

function toLine({ email, name, active, groups, roles }: Person): string {
  const memberships = [...groups.map((id) => `group:${id}`), ...roles.map((id) => `role:${id}`)].join(' ');
  return toPrintable(`${email.padEnd(32)}  ${name.padEnd(24)}  ${active ? 'on ' : 'off'}  ${memberships}`);
}
