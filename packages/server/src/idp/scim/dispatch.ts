import {
  listResponse,
  resourceTypes,
  schemaById,
  schemas,
  serviceProviderConfig,
} from '../../directory/scim/discovery.ts';
import { cannot, done, type Outcome } from '../../directory/scim/problem.ts';
import { bulk } from './bulk.ts';
import type { Reply, Scim, ScimCall } from './call.ts';
import { createGroup, deleteGroup, listGroups, patchGroup, readGroup, replaceGroup } from './groups.ts';
import { createUser, deleteUser, listUsers, patchUser, readUser, replaceUser } from './users.ts';

type OnList = (call: ScimCall, scim: Scim) => Promise<Outcome<Reply>>;
type OnOne = (call: ScimCall, scim: Scim, id: string) => Promise<Outcome<Reply>>;

const lists: Readonly<
  Record<string, { readonly list: OnList; readonly create: OnList; readonly one: Readonly<Record<string, OnOne>> }>
> = {
  Users: {
    list: listUsers,
    create: createUser,
    one: { GET: readUser, PUT: replaceUser, PATCH: patchUser, DELETE: deleteUser },
  },
  Groups: {
    list: listGroups,
    create: createGroup,
    one: { GET: readGroup, PUT: replaceGroup, PATCH: patchGroup, DELETE: deleteGroup },
  },
};

/** Finds who answers a request. @see https://www.rfc-editor.org/rfc/rfc7644#section-3.2 */
export async function dispatch(call: ScimCall, scim: Scim): Promise<Outcome<Reply>> {
  const [head = '', id, ...rest] = call.path;
  if (rest.length > 0) return nothingHere();
  const list = Object.hasOwn(lists, head) ? lists[head] : undefined;
  if (list && id === undefined) {
    if (call.method === 'GET') return list.list(call, scim);
    return call.method === 'POST' ? list.create(call, scim) : wrongMethod();
  }
  if (list && id === '.search') return call.method === 'POST' ? list.list(call, scim) : wrongMethod();
  if (list && id !== undefined) {
    const one = Object.hasOwn(list.one, call.method) ? list.one[call.method] : undefined;
    return one ? one(call, scim, id) : wrongMethod();
  }
  if (head === 'Bulk' && id === undefined) {
    return call.method === 'POST' ? bulk(call, scim, (part) => dispatch(part, scim)) : wrongMethod();
  }
  if (head === 'Me') return cannot('scim_not_implemented', '/Me is not offered: a SCIM token is no person');
  return discover(call, head, id, scim.base);
}

function discover({ method }: ScimCall, head: string, id: string | undefined, base: string): Outcome<Reply> {
  const answers: Record<string, () => object | undefined> = {
    ServiceProviderConfig: () => (id === undefined ? serviceProviderConfig(base) : undefined),
    Schemas: () => (id === undefined ? all(schemas(base)) : schemaById(id, base)),
    ResourceTypes: () =>
      id === undefined ? all(resourceTypes(base)) : resourceTypes(base).find((type) => type.id === id),
  };
  const body = Object.hasOwn(answers, head) ? answers[head]?.() : undefined;
  if (!body) return nothingHere();
  return method === 'GET' ? done({ status: 200, body }) : wrongMethod();
}

function all(resources: readonly object[]): object {
  return listResponse(resources, resources.length, 1);
}

function nothingHere() {
  return cannot('scim_not_found', 'there is nothing at this address');
}

function wrongMethod() {
  return cannot('scim_wrong_method', 'this method is not one of this address');
}
