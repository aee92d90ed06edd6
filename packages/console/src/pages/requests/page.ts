import type { Page } from '../page.ts';
import { useOpenRequests } from './use-open-requests.ts';

export const requestsPage: Page = {
  path: '/requests',
  title: 'Requests',
  group: 'now',
  key: 'r',
  permission: 'read:requests',
  useCount: useOpenRequests,
  load: () => import('./requests.tsx'),
};

export const requestPage: Page = {
  path: '/requests/$id',
  title: 'Request',
  permission: 'read:requests',
  parent: { path: '/requests', title: 'Requests' },
  load: () => import('./request.tsx'),
};
