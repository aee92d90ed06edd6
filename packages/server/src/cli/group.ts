import { Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { movesOf } from '../changes/people-change.ts';
import { isGroupName } from '../directory/source.ts';
import { Problem } from '../problem.ts';
import type { Group, GroupKind } from '../store/directory.ts';
import { type Store, StoreConflict } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { findPerson } from './find-person.ts';
import { homeOption } from './home-option.ts';
import { toActRow, withStore } from './with-store.ts';
import { writeOut } from './write-out.ts';

const page = 500;

/** `credence group list|create|rename|delete|members`: local groups by hand, and all others to look at. */
export function groupCommand(): Command {
  return collectiveCommand('group', 'engineering', 'Product engineering');
}

/** `credence role ...`: the same for roles. */
export function roleCommand(): Command {
  return collectiveCommand('role', 'contractor', 'Contractors of all kinds');
}

function collectiveCommand(kind: GroupKind, exampleId: string, exampleName: string): Command {
  const command = new Command(kind).description(`keep local ${kind}s, and see those of every source`);
  command
    .command('list')
    .description(`list ${kind}s: the id is what rules name, the name is for people`)
    .addOption(homeOption())
    .option('--source <source>', 'only those of this source, such as local or scim:okta')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', `\nExample:\n  credence ${kind} list --source scim:okta`)
    .action((options: ListOptions) => withStore(options, (store) => listGroups(store, kind, options)));
  command
    .command('create')
    .description(`create a local ${kind}`)
    .argument('<id>', `what rules name it by: ${kind}:<id>; it never changes`)
    .addOption(homeOption())
    .option('--name <name>', 'display name')
    .addHelpText('after', `\nExample:\n  credence ${kind} create ${exampleId} --name "${exampleName}"`)
    .action((id: string, options: { home: string; name?: string }) =>
      withStore(options, (store) => createGroup(store, kind, id, options.name ?? id)),
    );
  command
    .command('rename')
    .description('change the display name; rules go by the id and are not touched')
    .argument('<id>')
    .argument('<name>')
    .addOption(homeOption())
    .addHelpText('after', `\nExample:\n  credence ${kind} rename ${exampleId} "${exampleName}"`)
    .action((id: string, name: string, options: { home: string }) =>
      withStore(options, (store) => renameGroup(store, kind, id, name)),
    );
  command
    .command('delete')
    .description(`delete a local ${kind}; everybody leaves it`)
    .argument('<id>')
    .addOption(homeOption())
    .addHelpText('after', `\nExample:\n  credence ${kind} delete ${exampleId}`)
    .action((id: string, options: { home: string }) => withStore(options, (store) => deleteGroup(store, kind, id)));
  command
    .command('members')
    .description('list who is in it, after adding and removing people where asked to')
    .argument('<id>')
    .addOption(homeOption())
    .option('--add <email>', 'put this person in; may be repeated', collect, [])
    .option('--remove <email>', 'take this person out; may be repeated', collect, [])
    .option('--json', 'one JSON object a line')
    .addHelpText('after', `\nExample:\n  credence ${kind} members ${exampleId} --add erin@acme.example`)
    .action((id: string, options: MemberOptions) => withStore(options, (store) => members(store, kind, id, options)));
  return command;
}

interface ListOptions {
  readonly home: string;
  readonly source?: string;
  readonly json?: boolean;
}

interface MemberOptions {
  readonly home: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly json?: boolean;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function listGroups(store: Store, kind: GroupKind, { source, json }: ListOptions): Promise<void> {
  let after = '';
  for (;;) {
    const groups = await store.directory.groups.list(kind, after, page);
    for (const group of groups) {
      if (source !== undefined && group.source !== source) continue;
      if (!(await writeOut(`${json ? toVisibleJson(group) : toLine(group)}\n`))) return;
    }
    const last = groups.at(-1);
    if (!last) return;
    after = last.id;
  }
}

function toLine({ kind, id, source, name }: Group): string {
  return toPrintable(`${`${kind}:${id}`.padEnd(44)}  ${source.padEnd(16)}  ${name}`);
}

async function createGroup(store: Store, kind: GroupKind, id: string, name: string): Promise<void> {
  if (!isGroupName(id)) {
    throw new Problem(
      `${toPrintable(id)} cannot be the id of a ${kind}.`,
      'Use letters, digits and _ . @ : + - only; a display name goes into --name.',
    );
  }
  const nowMs = Date.now();
  const group = { kind, id, source: 'local', name, externalId: undefined, createdMs: nowMs, modifiedMs: nowMs };
  if (await store.directory.groups.find(kind, id)) throw alreadyThere(kind, id);
  const records = [toActRow('admin', `${kind} ${id} created`, { group: id })];
  await store.directory.groups.create(group, [], records).catch((error: unknown) => {
    throw error instanceof StoreConflict ? alreadyThere(kind, id) : error;
  });
}

function alreadyThere(kind: GroupKind, id: string): Problem {
  return new Problem(`There is a ${kind} ${id} already.`, `See: credence ${kind} list`);
}

async function renameGroup(store: Store, kind: GroupKind, id: string, name: string): Promise<void> {
  const group = await findLocal(store, kind, id);
  const renamed = { ...group, name, modifiedMs: Date.now() };
  orBusy(
    await store.directory.groups.update(renamed, { add: [], remove: [] }, [
      toActRow('admin', `${kind} ${id} renamed`, { group: id }),
    ]),
  );
}

async function deleteGroup(store: Store, kind: GroupKind, id: string): Promise<void> {
  const group = await findLocal(store, kind, id);
  orBusy(await store.directory.groups.remove(group, [toActRow('admin', `${kind} ${id} deleted`, { group: id })]));
}

async function members(store: Store, kind: GroupKind, id: string, options: MemberOptions): Promise<void> {
  const { add, remove, json } = options;
  if (add.length + remove.length > 0) await changeMembers(store, kind, id, add, remove);
  else if (!(await store.directory.groups.find(kind, id))) throw notThere(kind, id);
  let after = '';
  for (;;) {
    const ids = await store.directory.groups.members(kind, id, after, page);
    for (const personId of ids) {
      const person = await store.people.find(personId);
      if (!person) continue;
      const { email, name, source, active } = person;
      const line = `${email.padEnd(32)}  ${name.padEnd(24)}  ${active ? 'on ' : 'off'}  ${source}`;
      const text = json ? toVisibleJson({ id: personId, email, name, source, active }) : toPrintable(line);
      if (!(await writeOut(`${text}\n`))) return;
    }
    const last = ids.at(-1);
    if (last === undefined) return;
    after = last;
  }
}

async function changeMembers(
  store: Store,
  kind: GroupKind,
  id: string,
  add: readonly string[],
  remove: readonly string[],
): Promise<void> {
  const group = await findLocal(store, kind, id);
  const asked = { kind, id, add: await idsOf(store, add), remove: await idsOf(store, remove) };
  const { joined, left } = await movesOf(store, asked);
  const records = [
    ...joined.map((person) => toActRow('admin', `put into ${kind} ${id}`, { person, group: id })),
    ...left.map((person) => toActRow('admin', `taken out of ${kind} ${id}`, { person, group: id })),
  ];
  const change = { add: joined, remove: left };
  orBusy(await store.directory.groups.update({ ...group, modifiedMs: Date.now() }, change, records));
}

async function idsOf(store: Store, emails: readonly string[]): Promise<string[]> {
  const people = [];
  for (const email of emails) people.push(await findPerson(store, email));
  return [...new Set(people.map(({ id }) => id))];
}

/** A group to be changed by hand; one of another source is that source's. */
async function findLocal(store: Store, kind: GroupKind, id: string): Promise<Group> {
  const group = await store.directory.groups.find(kind, id);
  if (!group) throw notThere(kind, id);
  if (group.source !== 'local') {
    throw new Problem(`The ${kind} ${toPrintable(id)} belongs to the source ${group.source}.`, 'Change it there.');
  }
  return group;
}

function notThere(kind: GroupKind, id: string): Problem {
  return new Problem(`There is no ${kind} ${toPrintable(id)} here.`, `See: credence ${kind} list`);
}

function orBusy(done: boolean): void {
  if (!done) throw new Problem('Somebody else changed it at the same moment.', 'Look at it again and repeat.');
}
