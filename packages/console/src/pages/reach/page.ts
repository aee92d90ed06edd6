import type { Page } from '../page.ts';

export const reachPage: Page = {
  path: '/reach',
  title: 'Reach',
  group: 'policy',
  key: 'e',
  permission: 'read:reach',
  load: () => import('./reach.tsx'),
};
