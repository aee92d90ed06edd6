import type { Page } from '../page.ts';

export const clientsPage: Page = {
  path: '/clients',
  title: 'Clients',
  group: 'registry',
  key: 'l',
  permission: 'read:policy',
  load: () => import('./clients.tsx'),
};

export const clientPage: Page = {
  path: '/clients/$id',
  title: 'Client',
  permission: 'read:policy',
  parent: { path: '/clients', title: 'Clients' },
  load: () => import('./client.tsx'),
};
