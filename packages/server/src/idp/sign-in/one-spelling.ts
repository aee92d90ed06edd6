import type { Layer } from './layer.ts';

/**
 * The last layer before `oidc-provider`, to which `/TOKEN` and `/token/` are `/token`. What stands before it goes by the path: with
 * another spelling nobody would count failures, and a used DPoP proof would be a new one. So here each path has one (T38).
 */
export const oneSpelling: Layer = async ({ path }, next) => {
  const named = /^\/auth\/[\w-]+$/.test(path) ? '/auth' : path; // what is named by the rest has capitals of its own
  if (!/[A-Z]|\/$/.test(named)) await next();
};
