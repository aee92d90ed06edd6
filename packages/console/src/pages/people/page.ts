import type { Page } from '../page.ts';

const parent = { path: '/people', title: 'People' };

/** People, groups and roles, and each of them. */
export const peoplePages: readonly Page[] = [
  {
    path: '/people',
    title: 'People',
    group: 'registry',
    key: 'p',
    permission: 'read:people',
    load: () => import('./people.tsx'),
  },
  {
    path: '/people/import',
    title: 'Import people',
    permission: 'write:people',
    parent,
    load: () => import('./import.tsx'),
  },
  { path: '/people/$id', title: 'Person', permission: 'read:people', parent, load: () => import('./person.tsx') },
  { path: '/groups/$ref', title: 'Group', permission: 'read:groups', parent, load: () => import('./group.tsx') },
];
