import { z } from 'zod';
import { randomId } from '../../call.ts';
import { readPeopleTable, type TableRow } from '../../directory/import/people-table.ts';
import type { Group } from '../../store/directory.ts';
import { type Person, StoreConflict } from '../../store/store.ts';
import { toRef } from './groups.ts';
import { toChange } from './people.ts';
import { displayName, email } from './people-shape.ts';
import { type ApiCall, answer, type Route, refuse, route } from './route.ts';
import type { AdminServices } from './services.ts';

/** For more there is `credence scim import`. */
const maxRows = 2000;
const maxBytes = 512 * 1024;
/** Rows at once: reads that wait for a network do so together, and writes share a flush. */
const atOnce = 50;
const mostGroups = 200;

const RowShape = z.object({
  line: z.int().describe('Where it stands in the table.'),
  email: z.string(),
  name: z.string(),
  outcome: z.enum(['new', 'renamed', 'unchanged', 'failed']),
  problem: z.string().nullable(),
  person: z.string().nullable().describe('Id; null = not there (yet).'),
});
type Row = z.output<typeof RowShape>;

const ImportShape = z.object({
  rows: z.array(RowShape),
  groups: z
    .array(
      z.object({
        ref: z.string(),
        id: z.string(),
        name: z.string(),
        joining: z.int().describe('How many the table would put into it who are not in it.'),
        people: z.array(z.string()).describe('Ids of those who are there by now.'),
      }),
    )
    .describe('Nobody has joined: that is changeMembers, with whatever it asks for.'),
});

/** A table of people for the local directory. */
export const peopleImportRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/people/import',
    id: 'importPeople',
    summary: `Add and rename people of the local directory by a table of ${maxRows} at most: CSV with email, name, groups`,
    permission: 'write:people',
    maxBytes,
    body: z.strictObject({
      csv: z.string().describe('RFC 4180; the first line names the columns.'),
      dryRun: z.boolean().describe('Only tell what would be done.'),
    }),
    answer: ImportShape,
    handle: async (call, services) => {
      const table = await readPeopleTable(call.body.csv, maxRows);
      if (!table.ok) return refuse('api_value_invalid', table.words);
      if (new Set(table.rows.flatMap(({ groups }) => groups)).size > mostGroups) {
        return refuse('api_value_invalid', `The table names more than ${mostGroups} groups: split it.`);
      }
      if (table.rows.some(({ groups }) => groups.length > 0) && !call.by.permissions.has('read:groups')) {
        return refuse(call.by.by.kind === 'token' ? 'admin_scope_lacks' : 'admin_role_lacks');
      }
      const groups = await findGroups(services, table.rows);
      const seen = new Set<string>();
      const plans: Plan[] = [];
      for (let at = 0; at < table.rows.length; at += atOnce) {
        const some = table.rows.slice(at, at + atOnce).map((row) => {
          const folded = row.email.toLowerCase();
          const isTwice = seen.has(folded);
          seen.add(folded);
          return { row, isTwice };
        });
        const planned = await Promise.all(some.map(({ row, isTwice }) => plan(row, isTwice, groups, call, services)));
        const done = call.body.dryRun ? planned : await Promise.all(planned.map((each) => write(each, call, services)));
        plans.push(...done);
      }
      return answer({ rows: plans.map(toRow), groups: toJoins(plans, groups) });
    },
  }),
];

type Call = Pick<ApiCall<unknown, unknown, unknown>, 'by' | 'row'>;
type Groups = ReadonlyMap<string, Group | undefined>;

interface Plan {
  readonly row: TableRow;
  readonly outcome: Row['outcome'];
  readonly problem?: string;
  /** As they are now. */
  readonly person?: Person;
  readonly isSelf?: boolean;
}

async function findGroups({ store }: AdminServices, rows: readonly TableRow[]): Promise<Groups> {
  const ids = [...new Set(rows.flatMap(({ groups }) => groups))];
  const found = new Map<string, Group | undefined>();
  // A few at a time: others wait for the same store.
  for (let at = 0; at < ids.length; at += atOnce) {
    const some = ids.slice(at, at + atOnce);
    const groups = await Promise.all(some.map((id) => store.directory.groups.find('group', id)));
    for (const [nth, id] of some.entries()) found.set(id, groups[nth]);
  }
  return found;
}

async function plan(
  row: TableRow,
  isTwice: boolean,
  groups: Groups,
  { by }: Call,
  services: AdminServices,
): Promise<Plan> {
  const failed = (problem: string): Plan => ({ row, outcome: 'failed', problem });
  if (isTwice) return failed('This address is in the table before.');
  if (!email.safeParse(row.email).success) return failed('This is no e-mail address.');
  if (!displayName.safeParse(row.name).success) return failed('The name must have 1 to 200 characters.');
  for (const id of row.groups) {
    const group = groups.get(id);
    if (!group) return failed(`There is no group ${id}.`);
    if (group.source !== 'local') return failed(`The group ${id} belongs to ${group.source}.`);
  }
  const known = await services.store.people.findByEmail(row.email);
  if (!known) return { row, outcome: 'new' };
  // Whom this administrator may not change is told apart from nobody: the address is taken either way.
  const may = await toChange(services, by, known.id);
  if (!may.ok) return failed('Somebody has this address whom you may not change.');
  if (known.source !== 'local' && known.name !== row.name) return failed(`This person belongs to ${known.source}.`);
  return { row, outcome: known.name === row.name ? 'unchanged' : 'renamed', person: known, isSelf: may.value.isSelf };
}

async function write(planned: Plan, { row: record }: Call, { store }: AdminServices): Promise<Plan> {
  const { row, outcome, person } = planned;
  try {
    if (outcome === 'new') {
      const id = randomId('u_');
      const after = { source: 'local', active: true };
      const records = [record('admin', { person: id, detail: 'person added by import', after })];
      await store.peopleAdmin.create({ id, email: row.email, name: row.name }, records);
      const made = { id, source: 'local', email: row.email, name: row.name, active: true, groups: [], roles: [] };
      return { ...planned, person: made };
    }
    if (outcome === 'renamed' && person) {
      const records = [record('admin', { person: person.id, detail: 'person changed by import', changed: ['name'] })];
      const isDone = await store.peopleAdmin.rename(person, { email: person.email, name: row.name }, records);
      if (!isDone) return { row, outcome: 'failed', problem: 'Somebody changed this person meanwhile.' };
    }
    return planned;
  } catch (error) {
    if (!(error instanceof StoreConflict)) throw error;
    return { row, outcome: 'failed', problem: 'Somebody has this address by now.' };
  }
}

function toRow({ row: { line, email: address, name }, outcome, problem, person }: Plan): Row {
  return { line, email: address, name, outcome, problem: problem ?? null, person: person?.id ?? null };
}

/** Nobody puts themselves into a group (T29), so their own row joins none. */
function toJoins(plans: readonly Plan[], groups: Groups): z.output<typeof ImportShape>['groups'] {
  return [...groups.values()].flatMap((group) => {
    if (!group) return [];
    const joining = plans.filter(
      ({ row, outcome, person, isSelf }) =>
        outcome !== 'failed' && !isSelf && row.groups.includes(group.id) && !person?.groups.includes(group.id),
    );
    if (joining.length === 0) return [];
    const people = joining.flatMap(({ person }) => (person ? [person.id] : []));
    return [{ ref: toRef(group), id: group.id, name: group.name, joining: joining.length, people }];
  });
}
