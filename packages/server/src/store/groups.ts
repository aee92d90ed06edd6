import { type Compilable, type Kysely, sql } from 'kysely';
import type { Group, GroupKind, GroupStore, MemberChange } from './directory.ts';
import { leave } from './ending.ts';
import { countChange, type Engine } from './engine.ts';
import type { GroupTable, Schema } from './schema.ts';

/** Rows of one statement: few texts of statements, however long the list is. */
const chunk = 100;

/** Groups and roles, and who is in them. */
export function groupStore({ db, write }: Engine): GroupStore {
  const byId = ({ kind, id }: Pick<Group, 'kind' | 'id'>) => ({
    rows: db.selectFrom('groups').where('kind', '=', kind).where('id', '=', id),
  });
  /** Everybody, or these people. */
  const leaving = ({ kind, id }: Pick<Group, 'kind' | 'id'>, people?: readonly string[]) =>
    leave(db, ({ and, eb }) =>
      and([
        eb('kind', '=', kind),
        eb('of_id', '=', id),
        ...(people === undefined ? [] : [eb('person_id', 'in', people)]),
      ]),
    );
  const changeMembers = (group: Pick<Group, 'kind' | 'id' | 'source'>, { add, remove }: MemberChange) => [
    ...chunksOf(remove).flatMap((ids) => leaving(group, ids)),
    ...joinSteps(db, group, add),
  ];

  return {
    find: async (kind, id) => {
      const row = await byId({ kind, id }).rows.selectAll().executeTakeFirst();
      return row && toGroup(row);
    },

    list: async (kind, after, limit) => {
      const page = db.selectFrom('groups').selectAll().where('kind', '=', kind).where('id', '>', after);
      return (await page.orderBy('id').limit(limit).execute()).map(toGroup);
    },

    members: async (kind, id, after, limit) => {
      const rows = await db
        .selectFrom('memberships')
        .select('person_id')
        .where('kind', '=', kind)
        .where('of_id', '=', id)
        .where('person_id', '>', after)
        .orderBy('person_id')
        .limit(limit)
        .execute();
      return rows.map(({ person_id }) => person_id);
    },

    activeMembers: async (kind, id, after, limit) => {
      const rows = await db
        .selectFrom('memberships')
        .innerJoin('people', 'people.id', 'memberships.person_id')
        .select('person_id')
        .where('kind', '=', kind)
        .where('of_id', '=', id)
        .where('person_id', '>', after)
        .where('active', '=', 1)
        .orderBy('person_id')
        .limit(limit)
        .execute();
      return rows.map(({ person_id }) => person_id);
    },

    sizes: async (kind, ids) => {
      const sizes = new Map<string, number>();
      for (const some of chunksOf(ids)) {
        const rows = await db
          .selectFrom('memberships')
          .select(['of_id', ({ fn }) => fn.countAll<number>().as('people')])
          .where('kind', '=', kind)
          .where('of_id', 'in', some)
          .groupBy('of_id')
          .execute();
        for (const { of_id, people } of rows) sizes.set(of_id, Number(people));
      }
      return sizes;
    },

    among: async (kind, id, people) => {
      const found = new Set<string>();
      for (const some of chunksOf(people)) {
        const rows = await db
          .selectFrom('memberships')
          .select('person_id')
          .where('person_id', 'in', some)
          .where('kind', '=', kind)
          .where('of_id', '=', id)
          .execute();
        for (const { person_id } of rows) found.add(person_id);
      }
      return found;
    },

    create: async (group, members, records) => {
      const insert = db.insertInto('groups').values({ ...toRow(group), version: 1 });
      await write({ steps: [insert, ...joinSteps(db, group, members), countChange(db)], records });
    },

    update: async (group, members, records) => {
      const { name, name_folded, external_id, modified_ms } = toRow(group);
      const update = db
        .updateTable('groups')
        .set({ name, name_folded, external_id, modified_ms, version: group.version + 1 })
        .where(sameVersion(group));
      const steps: Compilable[] = [update, ...changeMembers(group, members), countChange(db)];
      const [changed] = await write({ steps, conditional: true, records });
      return changed === 1;
    },

    remove: async (group, records) => {
      const remove = db.deleteFrom('groups').where(sameVersion(group));
      const [removed] = await write({
        steps: [remove, ...leaving(group), countChange(db)],
        conditional: true,
        records,
      });
      return removed === 1;
    },
  };
}

/** Puts people into a group: those of its own source, or anybody where it is local. Whoever is in it stays. */
function joinSteps(
  db: Kysely<Schema>,
  { kind, id, source }: Pick<Group, 'kind' | 'id' | 'source'>,
  people: readonly string[],
): Compilable[] {
  return chunksOf(people).map((ids) => {
    const wanted = db
      .selectFrom('people')
      .select([
        'id as person_id',
        sql<GroupKind>`cast(${kind} as text)`.as('kind'),
        sql<string>`cast(${id} as text)`.as('of_id'),
      ])
      .where('id', 'in', ids);
    return db
      .insertInto('memberships')
      .columns(['person_id', 'kind', 'of_id'])
      .expression(source === 'local' ? wanted : wanted.where('source', '=', source))
      .onConflict((conflict) => conflict.columns(['person_id', 'kind', 'of_id']).doNothing());
  });
}

/** Pieces of at most {@link chunk}; the last is filled up with its own last entry to one of few lengths. */
export function chunksOf(ids: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let at = 0; at < ids.length; at += chunk) {
    const piece = ids.slice(at, at + chunk);
    const length = [1, 10, chunk].find((each) => each >= piece.length) ?? chunk;
    chunks.push([...piece, ...Array<string>(length - piece.length).fill(piece.at(-1) ?? '')]);
  }
  return chunks;
}

function sameVersion({ kind, id, source, version }: Group) {
  return sql<boolean>`kind = ${kind} and id = ${id} and source = ${source} and version = ${version}`;
}

function toRow(group: Omit<Group, 'version'>): Omit<GroupTable, 'version'> {
  const { kind, id, source, name, externalId, createdMs, modifiedMs } = group;
  return {
    kind,
    id,
    source,
    name,
    name_folded: name.toLowerCase(),
    external_id: externalId ?? null,
    created_ms: createdMs,
    modified_ms: modifiedMs,
  };
}

export function toGroup(row: GroupTable): Group {
  const { kind, id, source, name, version } = row;
  const { external_id, created_ms: createdMs, modified_ms: modifiedMs } = row;
  return { kind, id, source, name, externalId: external_id ?? undefined, version, createdMs, modifiedMs };
}
