import type { Compilable, Kysely } from 'kysely';
import { currentSeconds } from './artifacts.ts';
import { endEverythingOf, leave, notIn, switchTo } from './ending.ts';
import { countChange, type Engine } from './engine.ts';
import type { MembershipTable, Schema } from './schema.ts';
import { type PeopleStore, type Person, StoreConflict } from './store.ts';

/** People and what they are in; reading one by id is the backend's own. A read is one statement, so that person and memberships are always of one moment. */
export function peopleStore({ db, write }: Engine): Omit<PeopleStore, 'find'> {
  /** One row for each membership, and one without for who has none. */
  const withMemberships = (people: ReturnType<typeof page>) =>
    db
      .selectFrom(people.as('person'))
      .leftJoin('memberships', 'memberships.person_id', 'person.id')
      .selectAll('person')
      .select(['memberships.kind', 'memberships.of_id'])
      .orderBy('person.id')
      .orderBy('memberships.of_id')
      .execute();
  const page = () => db.selectFrom('people').select(['id', 'source', 'email', 'name', 'active']);

  return {
    findByEmail: async (email) => toPeople(await withMemberships(page().where('email_folded', '=', fold(email))))[0],

    list: async (after, limit) =>
      toPeople(await withMemberships(page().where('id', '>', after).orderBy('id').limit(limit))),

    passwordHash: async (id) => {
      const row = await db.selectFrom('people').select('password_hash').where('id', '=', id).executeTakeFirst();
      return row?.password_hash ?? undefined;
    },

    setPasswordHash: async (id, hash, { ends, records } = { ends: false, records: [] }) => {
      const update = db.updateTable('people').set({ password_hash: hash }).where('id', '=', id);
      const ending = ends ? endEverythingOf(db, id, 'admin') : [];
      const steps = [update, ...ending, countChange(db)];
      const [changed] = await write({ steps, conditional: true, records });
      if (changed === 0) throw new StoreConflict('There is no such person to set a password for.');
    },

    idAt: async (id, ras) => {
      const row = await db
        .selectFrom('ids_elsewhere')
        .select('id_there')
        .where('person_id', '=', id)
        .where('ras', '=', ras)
        .executeTakeFirst();
      return row?.id_there;
    },

    setIdAt: async (id, ras, idThere) => {
      const forget = db.deleteFrom('ids_elsewhere').where('person_id', '=', id).where('ras', '=', ras);
      const set = idThere === undefined ? [] : [{ person_id: id, ras, id_there: idThere }];
      const insertEach = set.map((row) => db.insertInto('ids_elsewhere').values(row));
      await write({ steps: [forget, ...insertEach, countChange(db)] });
    },

    save: async (person, records = []) => {
      const { id, source, email, name } = person;
      const active = person.active ? 1 : 0;
      const columns = { source, email, email_folded: fold(email), name };
      const upsert = db
        .insertInto('people')
        .values({ id, ...columns, active, password_hash: null })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(columns).where('people.source', '=', source));
      // Of somebody who is new there is nothing to tell: the row says already what it is to say.
      const switched = [
        ...switchTo(db, id, person.active, 'admin'),
        db.updateTable('people').set({ active }).where('id', '=', id),
      ];
      const memberships = toMemberships(person);
      const leaving = leave(db, ({ and, eb, or }) =>
        and([
          eb('person_id', '=', id),
          or([
            and([eb('kind', '=', 'group'), ...notIn(eb, person.groups)]),
            and([eb('kind', '=', 'role'), ...notIn(eb, person.roles)]),
          ]),
        ]),
      );
      const makeEach = memberships.filter(({ of_id }) => !of_id.includes('/')).map((row) => makeLocal(db, row));
      const joinEach = memberships.map((row) =>
        db
          .insertInto('memberships')
          .values(row)
          .onConflict((conflict) => conflict.doNothing()),
      );
      const steps = [upsert, ...switched, ...leaving, ...makeEach, ...joinEach, countChange(db)];
      const [saved] = await write({ steps, conditional: true, records });
      if (saved === 0) throw new StoreConflict('The person belongs to another source.');
    },
  };
}

/** The record of a local group or role that somebody was put into by its id. */
function makeLocal(db: Kysely<Schema>, { kind, of_id }: MembershipTable): Compilable {
  const times = { created_ms: currentSeconds() * 1000, modified_ms: currentSeconds() * 1000 };
  const names = { id: of_id, name: of_id, name_folded: of_id.toLowerCase(), external_id: null };
  return db
    .insertInto('groups')
    .values({ kind, source: 'local', ...names, version: 1, ...times })
    .onConflict((conflict) => conflict.columns(['kind', 'id']).doNothing());
}

/** How addresses are compared. The one the person gave is kept beside it. */
function fold(email: string): string {
  return email.toLowerCase();
}

function toMemberships({ id, groups, roles }: Person): MembershipTable[] {
  const rows = (kind: 'group' | 'role', ids: readonly string[]) =>
    [...new Set(ids)].map((of_id) => ({ person_id: id, kind, of_id }));
  return [...rows('group', groups), ...rows('role', roles)];
}

interface Row extends Pick<Person, 'id' | 'source' | 'email' | 'name'> {
  readonly active: number;
  readonly kind: 'group' | 'role' | null;
  readonly of_id: string | null;
}

/** Folds rows into people, in the order in which each comes first. */
export function toPeople(rows: readonly Row[]): Person[] {
  const people = new Map<string, Person & { groups: string[]; roles: string[] }>();
  for (const { id, source, email, name, active, kind, of_id } of rows) {
    const person = people.get(id) ?? { id, source, email, name, active: active === 1, groups: [], roles: [] };
    people.set(id, person);
    if (of_id !== null) (kind === 'group' ? person.groups : person.roles).push(of_id);
  }
  return [...people.values()];
}
