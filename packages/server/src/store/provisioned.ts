import type { Compilable, Kysely } from 'kysely';
import { isActive, type OwnMemberships, type Provisioned, type ProvisionedStore } from './directory.ts';
import { leave, notIn, switchOff, switchOnIfActive, switchTo } from './ending.ts';
import { countChange, type Engine } from './engine.ts';
import { chunksOf } from './groups.ts';
import type { ProvisionedTable, Schema } from './schema.ts';

/** People who belong to a source other than `local`. */
export function provisionedStore({ db, write }: Engine): ProvisionedStore {
  const rowsOf = (source: string) =>
    db
      .selectFrom('provisioned')
      .innerJoin('people', 'people.id', 'provisioned.person_id')
      .selectAll('provisioned')
      .select(['people.email', 'people.name'])
      .where('provisioned.source', '=', source);
  const findOne = async (rows: ReturnType<typeof rowsOf>) => {
    const row = await rows.orderBy('person_id').limit(1).executeTakeFirst();
    return row && (await withEmails(db, [row]))[0];
  };

  return {
    find: (source, id) => findOne(rowsOf(source).where('person_id', '=', id)),
    findByHandle: (source, handle) => findOne(rowsOf(source).where('handle', '=', handle)),
    findByExternalId: async (source, externalId) => {
      const rows = rowsOf(source).where('external_id', '=', externalId).orderBy('person_id').limit(2);
      const [one, other] = await rows.execute();
      return one && !other ? (await withEmails(db, [one]))[0] : undefined;
    },

    create: async (person, memberships, records) => {
      const { id, source } = person;
      const steps: Compilable[] = [
        db.insertInto('people').values({ id, source, ...toPersonColumns(person), password_hash: null }),
        db.insertInto('provisioned').values({ ...toColumns(person), person_id: id, source, version: 1 }),
        ...emailSteps(db, person),
        ...membershipSteps(db, person, memberships),
        countChange(db),
      ];
      await write({ steps, records });
    },

    update: async (person, memberships, records) => {
      const { id, source, version } = person;
      const update = db
        .updateTable('provisioned')
        .set({ ...toColumns(person), version: version + 1 })
        .where('person_id', '=', id)
        .where('source', '=', source)
        .where('version', '=', version);
      const steps: Compilable[] = [
        update,
        ...switchTo(db, id, isActive(person), 'admin'),
        db.updateTable('people').set(toPersonColumns(person)).where('id', '=', id),
        db.deleteFrom('provisioned_emails').where('person_id', '=', id),
        ...emailSteps(db, person),
        ...membershipSteps(db, person, memberships),
        countChange(db),
      ];
      const [changed] = await write({ steps, conditional: true, records });
      return changed === 1;
    },

    remove: async ({ id, source, version }, records) => {
      const stillSo = db
        .selectFrom('provisioned')
        .select('person_id')
        .where('person_id', '=', id)
        .where('source', '=', source)
        .where('version', '=', version);
      const remove = db.deleteFrom('people').where('id', 'in', stillSo);
      const [removed] = await write({
        steps: [remove, ...switchOff(db, id, 'admin')],
        conditional: true,
        records,
      });
      return removed === 1;
    },

    block: async (personId, blocked, records) => {
      const wanted = db.selectFrom('provisioned').select('wanted_active').where('person_id', '=', personId);
      const person = db
        .updateTable('people')
        .set(({ fn, val }) => ({ active: blocked ? 0 : fn.coalesce(wanted, val(1)) }))
        .where('id', '=', personId);
      const own = db
        .updateTable('provisioned')
        .set(({ eb }) => ({ blocked: blocked ? 1 : 0, version: eb('version', '+', 1) }))
        .where('person_id', '=', personId);
      const told = blocked ? switchOff(db, personId, 'admin') : switchOnIfActive(db, personId, 'admin');
      const steps = [person, own, ...told];
      const [changed] = await write({ steps, conditional: true, records });
      return changed === 1;
    },

    known: async (source, ids) => {
      const found = new Set<string>();
      for (const some of chunksOf(ids)) {
        const rows = await db
          .selectFrom('provisioned')
          .select('person_id')
          .where('source', '=', source)
          .where('person_id', 'in', some)
          .execute();
        for (const { person_id } of rows) found.add(person_id);
      }
      return found;
    },
  };
}

function toPersonColumns(person: Omit<Provisioned, 'version'>) {
  const { email, name } = person;
  return { email, email_folded: email.toLowerCase(), name, active: isActive(person) ? 1 : 0 };
}

function toColumns(person: Omit<Provisioned, 'version'>): Omit<ProvisionedTable, 'person_id' | 'source' | 'version'> {
  const { handle, externalId, name, wantedActive, blocked, attributes, createdMs, modifiedMs } = person;
  return {
    handle,
    external_id: externalId ?? null,
    name_folded: name.toLowerCase(),
    wanted_active: wantedActive ? 1 : 0,
    blocked: blocked ? 1 : 0,
    attributes,
    created_ms: createdMs,
    modified_ms: modifiedMs,
  };
}

function emailSteps(db: Kysely<Schema>, { id, email, emails }: Omit<Provisioned, 'version'>): Compilable[] {
  const folded = new Set([email, ...emails].map((each) => each.toLowerCase()));
  return [...folded].map((email_folded) => db.insertInto('provisioned_emails').values({ email_folded, person_id: id }));
}

/** Memberships in groups of this source become exactly these; those in other sources' groups are not this source's to change. */
function membershipSteps(
  db: Kysely<Schema>,
  { id, source }: Pick<Provisioned, 'id' | 'source'>,
  memberships: OwnMemberships,
): Compilable[] {
  const replace = (kind: 'group' | 'role', ids: readonly string[] | undefined): Compilable[] => {
    if (ids === undefined) return [];
    const stay = new Set(ids);
    const leaving = leave(db, ({ and, eb, exists, selectFrom }) =>
      and([
        eb('person_id', '=', id),
        eb('kind', '=', kind),
        ...notIn(eb, ids),
        // Asked for each of the person's few memberships, not for each of the source's many groups.
        exists(
          selectFrom('groups')
            .select('groups.id')
            .whereRef('groups.kind', '=', 'memberships.kind')
            .whereRef('groups.id', '=', 'memberships.of_id')
            .where('groups.source', '=', source),
        ),
      ]),
    );
    const joins = chunksOf([...stay]).map((some) =>
      db
        .insertInto('memberships')
        .columns(['person_id', 'kind', 'of_id'])
        .expression(
          db
            .selectFrom('groups')
            .select(({ cast, val }) => [cast<string>(val(id), 'text').as('person_id'), 'kind', 'id as of_id'])
            .where('kind', '=', kind)
            .where('source', '=', source)
            .where('id', 'in', some),
        )
        .onConflict((conflict) => conflict.columns(['person_id', 'kind', 'of_id']).doNothing()),
    );
    return [...leaving, ...joins];
  };
  return [...replace('group', memberships.groups), ...replace('role', memberships.roles)];
}

type Row = ProvisionedTable & { readonly email: string; readonly name: string };

/** Reads the other addresses of a page of people in one go. */
export async function withEmails(db: Kysely<Schema>, rows: readonly Row[]): Promise<Provisioned[]> {
  const emails = new Map<string, string[]>();
  for (const ids of chunksOf(rows.map(({ person_id }) => person_id))) {
    const found = await db.selectFrom('provisioned_emails').selectAll().where('person_id', 'in', ids).execute();
    for (const { person_id, email_folded } of found) {
      emails.set(person_id, [...(emails.get(person_id) ?? []), email_folded]);
    }
  }
  return rows.map((row) => ({
    id: row.person_id,
    source: row.source,
    handle: row.handle,
    externalId: row.external_id ?? undefined,
    email: row.email,
    emails: emails.get(row.person_id) ?? [],
    name: row.name,
    wantedActive: row.wanted_active === 1,
    blocked: row.blocked === 1,
    attributes: row.attributes,
    version: row.version,
    createdMs: row.created_ms,
    modifiedMs: row.modified_ms,
  }));
}
