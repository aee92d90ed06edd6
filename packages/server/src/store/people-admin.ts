import { setImmediate } from 'node:timers/promises';
import { type Expression, type SqlBool, sql } from 'kysely';
import { countChange, type Engine } from './engine.ts';
import { toPeople } from './people.ts';
import type { AuditRow, Person } from './store.ts';

/** What people have to be like. Each member narrows it. */
export interface PeopleFilter {
  /** In the e-mail address or the name, without regard to the case of Latin letters. */
  readonly text?: string | undefined;
  readonly source?: string | undefined;
  readonly active?: boolean | undefined;
  /** Ids of a group and a role that they are in. */
  readonly group?: string | undefined;
  readonly role?: string | undefined;
  /** Nobody but owners hears of the break-glass account. */
  readonly withoutBreakGlass?: boolean | undefined;
}

/** People as those who administer look for them, and change those of the local directory. */
export interface PeopleAdminStore {
  /** By e-mail address in lower case, those after `after` ('' = from the start), at most `limit`. */
  find(filter: PeopleFilter, page: { readonly after: string; readonly limit: number }): Promise<readonly Person[]>;
  /** How many people there are who are not switched off. */
  count(): Promise<number>;
  /** Somebody new, in no group and no role. Throws `StoreConflict` when somebody has the id or the e-mail address. */
  create(person: Pick<Person, 'id' | 'email' | 'name'>, records: readonly AuditRow[]): Promise<void>;
  /**
   * Changes name and e-mail address of somebody of the local directory who still has those in `before`; resolves false, with
   * nothing done, otherwise. Throws `StoreConflict` when somebody else has the address.
   */
  rename(
    before: Pick<Person, 'id' | 'email' | 'name'>,
    after: Pick<Person, 'email' | 'name'>,
    records: readonly AuditRow[],
  ): Promise<boolean>;
}

/** How many people one turn of a search by text looks at. */
const turn = 1000;

export function peopleAdminStore({ db, write }: Engine): PeopleAdminStore {
  const inA = (kind: 'group' | 'role', id: string) =>
    db.selectFrom('memberships').select('person_id').where('kind', '=', kind).where('of_id', '=', id);

  /** The address up to which the next turn reads; `undefined` where it reads the rest. */
  const endOfTurn = async (after: string): Promise<string | undefined> => {
    const addresses = db.selectFrom('people').select('email_folded').where('email_folded', '>', after);
    return (
      await addresses
        .orderBy('email_folded')
        .offset(turn - 1)
        .limit(1)
        .executeTakeFirst()
    )?.email_folded;
  };

  const read = async (
    { text, source, active, group, role, withoutBreakGlass }: PeopleFilter,
    { after, until, limit }: { readonly after: string; readonly until?: string | undefined; readonly limit: number },
  ): Promise<Person[]> => {
    let people = db
      .selectFrom('people')
      .select(['id', 'source', 'email', 'email_folded', 'name', 'active'])
      .where('email_folded', '>', after)
      .orderBy('email_folded')
      .limit(limit);
    if (until !== undefined) people = people.where('email_folded', '<=', until);
    if (text !== undefined) people = people.where(hasText(text));
    if (withoutBreakGlass) people = people.where('id', 'not in', db.selectFrom('break_glass').select('person_id'));
    if (source !== undefined) people = people.where('source', '=', source);
    if (active !== undefined) people = people.where('active', '=', active ? 1 : 0);
    if (group !== undefined) people = people.where('id', 'in', inA('group', group));
    if (role !== undefined) people = people.where('id', 'in', inA('role', role));
    const rows = await db
      .selectFrom(people.as('person'))
      .leftJoin('memberships', 'memberships.person_id', 'person.id')
      .select(['person.id', 'person.source', 'person.email', 'person.name', 'person.active'])
      .select(['memberships.kind', 'memberships.of_id'])
      .orderBy('person.email_folded')
      .orderBy('memberships.of_id')
      .execute();
    return toPeople(rows);
  };

  return {
    find: async (filter, { after, limit }) => {
      if (filter.text === undefined) return read(filter, { after, limit });
      const found: Person[] = [];
      // No index answers it, and in an embedded store a read holds everybody up: so a little at a time.
      for (let from = after; found.length < limit; ) {
        const end = await endOfTurn(from);
        found.push(...(await read(filter, { after: from, until: end, limit: limit - found.length })));
        if (end === undefined) break;
        from = end;
        await setImmediate();
      }
      return found;
    },

    count: async () => {
      // Said as it stands in the index that it is counted by.
      const active = db.selectFrom('people').where('active', '=', sql.lit(1));
      const { people } = await active.select(({ fn }) => fn.countAll<number>().as('people')).executeTakeFirstOrThrow();
      return Number(people);
    },

    create: async ({ id, email, name }, records) => {
      const row = {
        id,
        source: 'local',
        email,
        email_folded: email.toLowerCase(),
        name,
        active: 1,
        password_hash: null,
      };
      await write({ steps: [db.insertInto('people').values(row), countChange(db)], records });
    },

    rename: async (before, { email, name }, records) => {
      const update = db
        .updateTable('people')
        .set({ email, email_folded: email.toLowerCase(), name })
        .where('id', '=', before.id)
        .where('source', '=', 'local')
        .where('email', '=', before.email)
        .where('name', '=', before.name);
      const [changed] = await write({ steps: [update, countChange(db)], conditional: true, records });
      return changed === 1;
    },
  };
}

/** No LIKE, whose case and escapes differ between databases; they fold Latin letters only, so any other is tried as it was typed too. */
function hasText(text: string): Expression<SqlBool> {
  const folded = sql`cast(${text.toLowerCase()} as text)`;
  const inFolded = sql`replace(email_folded, ${folded}, '') <> email_folded
    or replace(lower(name), ${folded}, '') <> lower(name)`;
  if (/^[\x20-\x7e]*$/.test(text)) return sql<SqlBool>`(${inFolded})`;
  return sql<SqlBool>`(${inFolded} or replace(name, cast(${text} as text), '') <> name)`;
}
