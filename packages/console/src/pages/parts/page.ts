import type { Page } from '../page.ts';

/** For whoever builds pages: every part in each of its states. In no navigation; the palette finds it. */
export const partsPage: Page = {
  path: '/parts',
  title: 'Parts and states',
  load: () => import('./parts.tsx'),
};
