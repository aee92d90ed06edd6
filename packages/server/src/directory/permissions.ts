import type { AdminRole } from '../store/administrators.ts';

/**
 * What somebody may do with the admin API. Reading never widens: no `read:` permission changes anything. The words are also
 * the scopes of API tokens, where {@link isForTokens} says so.
 */
export const permissions = [
  'read:overview',
  'read:people',
  'write:people',
  'read:groups',
  'write:groups',
  'read:policy',
  'apply',
  'publish',
  'approve',
  // Who reaches what: policy and people at once.
  'read:reach',
  // What people ask for in their own words, and what they are answered.
  'read:requests',
  'answer:requests',
  'write:credentials',
  'read:keys',
  'read:sources',
  'write:sources',
  'read:audit',
  'read:administrators',
  'write:administrators',
  'read:tokens',
  'write:tokens',
  'probe',
  'stop',
  'resume',
] as const;
export type Permission = (typeof permissions)[number];

const everybody: readonly Permission[] = ['read:overview', 'read:tokens', 'write:tokens'];

/** Who may do what: the one table. Whoever is not in it may do nothing. */
const granted: Readonly<Record<AdminRole, readonly Permission[]>> = {
  owner: permissions,
  policy: [
    ...everybody,
    'read:people',
    'read:groups',
    'read:policy',
    'apply',
    'publish',
    'read:reach',
    'read:requests',
    'answer:requests',
    'write:credentials',
    'read:keys',
    'read:sources',
    'read:audit',
    'probe',
    'stop',
    'resume',
  ],
  people: [
    ...everybody,
    'read:people',
    'write:people',
    'read:groups',
    'write:groups',
    'approve',
    'read:sources',
    'stop',
  ],
  auditor: [
    ...everybody,
    'read:people',
    'read:groups',
    'read:policy',
    'read:reach',
    'read:requests',
    'read:keys',
    'read:sources',
    'read:audit',
    'read:administrators',
  ],
  'help-desk': [...everybody, 'read:people'],
};

/** What would let a token widen what anybody may do, itself included, takes a person who has just signed in. */
const forPeopleOnly: ReadonlySet<Permission> = new Set([
  'write:groups',
  'publish',
  'approve',
  'answer:requests',
  'write:credentials',
  'write:sources',
  'write:administrators',
  'write:tokens',
  // Sends requests from where this program is to wherever it is told.
  'probe',
  'resume',
]);

const tables = new Map(Object.entries(granted).map(([role, all]) => [role, new Set(all)]));
const nothing: ReadonlySet<Permission> = new Set();

export function permissionsOf(role: AdminRole | undefined): ReadonlySet<Permission> {
  return tables.get(role ?? '') ?? nothing;
}

/** Whether a role may do nothing that the other may not. */
export function isWithin(role: AdminRole, other: AdminRole | undefined): boolean {
  const own = permissionsOf(other);
  return [...permissionsOf(role)].every((permission) => own.has(permission));
}

/** Whether an API token may ever have it. */
export function isForTokens(permission: Permission): boolean {
  return !forPeopleOnly.has(permission);
}

export const tokenScopes = permissions.filter(isForTokens);

/** What a token may do now: never more than the role its administrator has now. */
export function permissionsOfToken(scopes: readonly string[], role: AdminRole | undefined): ReadonlySet<Permission> {
  const has = new Set(scopes);
  return new Set([...permissionsOf(role)].filter((each) => has.has(each) && isForTokens(each)));
}
