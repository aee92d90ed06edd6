import type { Page } from '../page.ts';

export const overviewPage: Page = {
  path: '/',
  title: 'Overview',
  group: 'now',
  key: 'o',
  permission: 'read:overview',
  load: () => import('./overview.tsx'),
};
