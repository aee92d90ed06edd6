import type { Page } from '../page.ts';

export const decisionsPage: Page = {
  path: '/decisions',
  title: 'Decisions',
  group: 'now',
  key: 'd',
  permission: 'read:audit',
  load: () => import('./decisions.tsx'),
};

export const decisionPage: Page = {
  path: '/decisions/$id',
  title: 'Decision',
  permission: 'read:audit',
  parent: { path: '/decisions', title: 'Decisions' },
  load: () => import('./decision.tsx'),
};
