import { meRoutes } from './me.ts';
import type { Route } from './route.ts';
import { tokenRoutes } from './tokens.ts';

/** Every operation of the admin API: a file for each resource. */
export const routes: readonly Route[] = [...meRoutes, ...tokenRoutes];
