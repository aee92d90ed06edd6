import { StoreConflict } from '../../store/store.ts';
import type { Resource } from '../scim/normalize.ts';
import type { Outcome } from '../scim/problem.ts';
import { parseUser, rolesOf, toUserFields, type UserFields } from '../scim/user.ts';
import { ownOf, toGroupId } from '../source.ts';
import { makeGroups } from '../upsert-person.ts';
import { createGroupsByName } from './groups.ts';
import type { ImportOptions, ItemOutcome } from './import.ts';
import type { Item } from './items.ts';
import type { References } from './references.ts';

export type UserItem = Extract<Item, { readonly kind: 'user' }>;

export interface UserWriter {
  /** Writes a batch in one transaction, each person for themselves: one that fails leaves the others alone. */
  write(
    batch: readonly UserItem[],
    keepPosition: () => Promise<void>,
  ): Promise<{ outcomes: ItemOutcome[]; tookMs: number }>;
  /** Takes note of a person that an earlier run brought: groups may name them. */
  skip(item: UserItem): void;
}

/** What is to be done about one person; without `write` nothing is. */
interface Plan {
  readonly outcome: ItemOutcome;
  readonly write?: () => Promise<boolean>;
}

export function createUserWriter(options: ImportOptions, references: References): UserWriter {
  const { store, source, onProblem } = options;
  const { provisioned } = store.directory;
  const groupsByName = createGroupsByName(options);
  const rolesSeen = new Set<string>();

  return {
    async write(batch, keepPosition) {
      const plans: Plan[] = [];
      for (const item of batch) plans.push(await plan(item));
      // Submitted together, they share one transaction and one flush; the place in the file goes last.
      const before = performance.now();
      const writes = plans.map((each) => each.write && settled(each.write()));
      const kept = keepPosition();
      const written = await Promise.all(writes);
      await kept;
      const tookMs = performance.now() - before;
      const outcomes: ItemOutcome[] = [];
      for (const [at, item] of batch.entries()) {
        const outcome = plans[at]?.outcome ?? 'failed';
        outcomes.push(written[at] === false ? await again(item) : outcome);
      }
      return { outcomes, tookMs };
    },

    skip({ body }) {
      const read = parse(body);
      if (read.ok) references.add(body, read.value.fields.handle, undefined);
    },
  };

  async function plan({ body, where, groups: names }: UserItem): Promise<Plan> {
    const read = parse(body);
    const known = read.ok ? await provisioned.findByHandle(source, read.value.fields.handle) : undefined;
    // As by a PUT: a file that says nothing of `active` switches nobody on.
    const said = known ? parse(body, known.wantedActive) : read;
    if (!said.ok) {
      onProblem(where, said.problem.detail);
      return { outcome: 'failed' };
    }
    const { fields, resource } = said.value;
    const id = known?.id ?? options.newId('u_');
    references.add(body, fields.handle, known?.id);
    const groups = names && (await groupsByName(names));
    const isIn = known && groups && ownOf(source, (await store.people.find(id))?.groups ?? []).sort();
    if (known?.attributes === fields.attributes && (!groups || JSON.stringify(groups) === JSON.stringify(isIn))) {
      return { outcome: 'unchanged' };
    }
    const memberships = { roles: await rolesIn(resource), ...(groups && { groups }) };
    const nowMs = options.nowMs();
    if (known) {
      const records = options.records({ person: id, detail: 'person changed' });
      const next = { ...known, ...fields, modifiedMs: nowMs };
      return { outcome: 'changed', write: () => provisioned.update(next, memberships, records) };
    }
    const records = options.records({ person: id, detail: 'person created' });
    const person = { id, source, ...fields, blocked: false, createdMs: nowMs, modifiedMs: nowMs };
    return { outcome: 'created', write: () => provisioned.create(person, memberships, records).then(() => true) };
  }

  /** Ids of the roles, each with a record of its own. */
  async function rolesIn(resource: Resource): Promise<string[]> {
    const roles = rolesOf(resource);
    const unseen = roles.filter(({ id }) => !rolesSeen.has(id));
    await makeGroups(store, source, 'role', unseen, options.nowMs());
    for (const { id } of unseen) rolesSeen.add(id);
    return roles.map(({ id }) => toGroupId(source, id));
  }

  /** Somebody was faster, or has the name or the address: another line of this batch, another client, another person. */
  async function again(item: UserItem): Promise<ItemOutcome> {
    const { outcome, write } = await plan(item);
    if (!write || (await settled(write()))) return outcome;
    onProblem(item.where, 'another person here has this e-mail address');
    return 'failed';
  }
}

function parse(body: UserItem['body'], activeUnlessSaid = true): Outcome<{ fields: UserFields; resource: Resource }> {
  const resource = parseUser(body);
  if (!resource.ok) return resource;
  const fields = toUserFields(resource.value, activeUnlessSaid);
  return fields.ok ? { ok: true, value: { fields: fields.value, resource: resource.value } } : fields;
}

/** False where the store says that somebody else has what is to be unique, or was faster. */
async function settled(write: Promise<boolean>): Promise<boolean> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof StoreConflict) return false;
    throw error;
  }
}
