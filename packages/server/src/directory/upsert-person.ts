import type { GroupKind, Provisioned } from '../store/directory.ts';
import { type AuditRow, type Person, type Store, StoreConflict } from '../store/store.ts';
import { ownOf, type Source, toGroupId } from './source.ts';
import { untilWritten } from './until-written.ts';

/** A person as their source describes them right now, such as an upstream at sign-in. */
export interface Described {
  readonly source: Exclude<Source, 'local'>;
  /** Unique within the source and compared exactly: the `sub` of an upstream. */
  readonly handle: string;
  /** Proven to be theirs; never what finds the account (T11). */
  readonly email: string;
  readonly name: string;
  /** What the source calls the groups and roles they are in, by id; leaving a list out changes nothing in it. */
  readonly groups?: readonly Named[];
  readonly roles?: readonly Named[];
  /** Anything else worth keeping, as JSON text. */
  readonly attributes?: string;
}

/** A group or role by the id its source gives it; `name` is for people. */
export interface Named {
  readonly id: string;
  readonly name?: string;
}

export interface UpsertOptions {
  /** Whether somebody unknown may come in. */
  readonly create: boolean;
  readonly nowMs: number;
  readonly newId: () => string;
  /** The lines of the record that say so; written in the same step, and only if something changes. */
  readonly records: (change: 'created' | 'changed', personId: string, attributes: readonly string[]) => AuditRow[];
}

export type Upserted =
  | { readonly outcome: 'created' | 'changed' | 'unchanged'; readonly person: Person }
  /** Nobody by that handle, and nobody may be created. */
  | { readonly outcome: 'unknown' }
  /** The address is somebody else's, be it of this source or another: nothing was changed. */
  | { readonly outcome: 'email_taken'; readonly by: Person };

/**
 * Makes the record of a person what their source says, found by source and handle alone. Memberships in groups of other
 * sources stay, and so does whether the person is active: being able to sign in upstream switches nobody on.
 */
export async function upsertPerson(store: Store, said: Described, options: UpsertOptions): Promise<Upserted> {
  const groups = await makeGroups(store, said.source, 'group', said.groups, options.nowMs);
  const roles = await makeGroups(store, said.source, 'role', said.roles, options.nowMs);
  const memberships = { ...(groups && { groups }), ...(roles && { roles }) };
  // Another request may write between reading and writing; the version tells, and the next round reads again.
  return untilWritten('person', async () => {
    const known = await store.directory.provisioned.findByHandle(said.source, said.handle);
    if (!known && !options.create) return { outcome: 'unknown' };
    try {
      if (!known) {
        const person = toNew(said, options);
        await store.directory.provisioned.create(person, memberships, options.records('created', person.id, []));
        return { outcome: 'created', person: await present(store, person.id) };
      }
      const before = await present(store, known.id);
      const changed = changesOf(said, known, before, memberships);
      if (changed.length === 0) return { outcome: 'unchanged', person: before };
      const records = options.records('changed', known.id, changed);
      const next = { ...known, ...ofPerson(said, known), modifiedMs: options.nowMs };
      if (await store.directory.provisioned.update(next, memberships, records)) {
        return { outcome: 'changed', person: await present(store, known.id) };
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof StoreConflict)) throw error;
      const by = await store.people.findByEmail(said.email);
      // Somebody else may have made this very person just now: then the next round finds them.
      const now = await store.directory.provisioned.findByHandle(said.source, said.handle);
      return by && by.id !== now?.id ? { outcome: 'email_taken', by } : undefined;
    }
  });
}

/** Ids of the named groups, each with a record of its own. */
export async function makeGroups(
  store: Store,
  source: Source,
  kind: GroupKind,
  named: readonly Named[] | undefined,
  nowMs: number,
): Promise<string[] | undefined> {
  if (named === undefined) return undefined;
  const ids: string[] = [];
  for (const { id: value, name = value } of named) {
    const id = toGroupId(source, value);
    ids.push(id);
    if (await store.directory.groups.find(kind, id)) continue;
    const group = { kind, id, source, name, externalId: value, createdMs: nowMs, modifiedMs: nowMs };
    await store.directory.groups.create(group, [], []).catch((error: unknown) => {
      if (!(error instanceof StoreConflict)) throw error; // somebody else was first: then it is there
    });
  }
  return [...new Set(ids)].sort();
}

function toNew(said: Described, { nowMs, newId }: UpsertOptions): Omit<Provisioned, 'version'> {
  const { source, handle } = said;
  const state = { externalId: handle, wantedActive: true, blocked: false, createdMs: nowMs, modifiedMs: nowMs };
  return { id: newId(), source, handle, ...ofPerson(said, undefined), ...state };
}

function ofPerson({ email, name, attributes }: Described, known: Provisioned | undefined) {
  return { email, emails: [email], name, attributes: attributes ?? known?.attributes ?? '{}' };
}

/** Names of what would change, for the record: never values. */
function changesOf(
  said: Described,
  known: Provisioned,
  person: Person,
  { groups, roles }: { groups?: readonly string[]; roles?: readonly string[] },
): string[] {
  const differs = (next: readonly string[] | undefined, now: readonly string[]) =>
    next !== undefined && JSON.stringify(next) !== JSON.stringify(ownOf(said.source, now).sort());
  return [
    ...(said.email === known.email ? [] : ['email']),
    ...(said.name === known.name ? [] : ['name']),
    ...(said.attributes === undefined || said.attributes === known.attributes ? [] : ['attributes']),
    ...(differs(groups, person.groups) ? ['groups'] : []),
    ...(differs(roles, person.roles) ? ['roles'] : []),
  ];
}

async function present(store: Store, id: string): Promise<Person> {
  const person = await store.people.find(id);
  if (!person) throw new StoreConflict('The person was removed meanwhile.');
  return person;
}
