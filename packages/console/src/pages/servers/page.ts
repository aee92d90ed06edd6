import type { Page } from '../page.ts';

const parent = { path: '/servers', title: 'Servers' };

export const serversPage: Page = {
  path: '/servers',
  title: 'Servers',
  group: 'registry',
  key: 's',
  permission: 'read:policy',
  load: () => import('./servers.tsx'),
};

export const serverPage: Page = {
  path: '/servers/$id',
  title: 'Server',
  permission: 'read:policy',
  parent,
  load: () => import('./server.tsx'),
};

export const cataloguePage: Page = {
  path: '/catalogue',
  title: 'Catalogue and probe',
  permission: 'read:policy',
  parent,
  load: () => import('./catalogue.tsx'),
};
