import type { Page } from '../page.ts';

export const auditPage: Page = {
  path: '/audit',
  title: 'Audit',
  group: 'record',
  key: 'u',
  permission: 'read:audit',
  load: () => import('./audit.tsx'),
};
