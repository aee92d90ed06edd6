import type { Page } from '../page.ts';

export const settingsPage: Page = {
  path: '/settings',
  title: 'Settings',
  group: 'record',
  permission: 'read:overview',
  load: () => import('./settings.tsx'),
};
