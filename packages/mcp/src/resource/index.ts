/**
 * For authors of MCP servers: guard a request, publish where tokens come from.
 *
 * ```ts
 * const check = guard({ resource: 'https://mcp.acme.example/tracker/mcp', issuer: 'https://mcp.acme.example' });
 * const caller = await check(request);
 * if (caller instanceof Response) return caller;
 * const refused = requireScope(caller, 'issues:write');
 * if (refused) return refused;
 * ```
 */
export { type ChallengeContext, challenge } from './challenge.ts';
export { createFetched, type Fetch, type Fetched } from './fetched.ts';
export {
  type Caller,
  type GuardedConnection,
  type GuardedRequest,
  type GuardOptions,
  guard,
  metadataPath,
  resourceMetadata,
  type Told,
} from './guard.ts';
export { BadKeySet, createIssuerKeys, hasKeyFor, type IssuerKeys, type KeySource, toKeys } from './issuer-keys.ts';
export { type ProofMemory, rememberProofs } from './proof.ts';
export { requireScope } from './require-scope.ts';
export { followRevocations, type RevocationOptions, type Revocations, type Standing } from './revocations.ts';
