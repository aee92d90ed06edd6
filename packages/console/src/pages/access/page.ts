import type { Page } from '../page.ts';

export const accessPage: Page = {
  path: '/access',
  title: 'Access',
  group: 'policy',
  key: 'a',
  permission: 'read:policy',
  load: () => import('./access.tsx'),
};
