import { type Refusal, refusalRow, refusals, type WireCode } from '@credence/mcp/protocol';

/** Where people see why their agent was refused; the id of the decision follows. */
export const refusedPath = '/refused';

/** By what the caller is told: the link says nothing more about the reason than the code beside it. */
const explained: ReadonlySet<WireCode> = new Set([
  'access_denied',
  'invalid_scope',
  'insufficient_user_authentication',
  'unauthorized_client',
]);

/** Whether a page explains such a refusal to the person whose agent it was; one that only another version of Credence knows is none. */
export function isExplained(refusal: Refusal): boolean {
  return Object.hasOwn(refusals, refusal) && explained.has(refusalRow(refusal).wire);
}

/** The page of one refusal. All that is in the link is the id that the caller is told anyway. */
export function refusedUrl(issuer: string, decision: string): string {
  return `${issuer}${refusedPath}/${decision}`;
}
