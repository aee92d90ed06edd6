import type { Answer } from '../data/problem.ts';

export type PageGroup = 'now' | 'policy' | 'registry' | 'record';
export type Permission = Answer<'getMe'>['permissions'][number];

/** One page of the console: where it is, who may see it, and how it is loaded. */
export interface Page {
  /** As the router writes it: `/people`, `/people/$id`. */
  readonly path: string;
  /** Names it in the bar, in the palette and in the title of the window. */
  readonly title: string;
  /** Where it stands in the side navigation; a page without one is reached from another. */
  readonly group?: PageGroup;
  /** Pressed after `g`. */
  readonly key?: string;
  /** How many things wait there, for the navigation; a hook, the same for the life of the page. */
  readonly useCount?: () => number;
  /** Whoever lacks it is told so in the place of the page. */
  readonly permission?: Permission;
  /** The page a person comes from: shown before it in the bar. */
  readonly parent?: { readonly path: string; readonly title: string };
  /** A module that has the page as `Page`. */
  readonly load: () => Promise<{ readonly Page: () => React.ReactNode }>;
}
