import type { Page } from '../page.ts';

const parent = { path: '/changes', title: 'Changes' };

export const changesPage: Page = {
  ...parent,
  group: 'policy',
  key: 'c',
  permission: 'read:policy',
  load: () => import('./changes.tsx'),
};

export const draftPage: Page = {
  path: '/changes/$id',
  title: 'Draft',
  parent,
  permission: 'read:policy',
  load: () => import('./draft.tsx'),
};

export const versionPage: Page = {
  path: '/changes/$kind/$version',
  title: 'Version',
  parent,
  permission: 'read:policy',
  load: () => import('./version.tsx'),
};
