import { no, ok, type Result } from '@credence/mcp/protocol';
import type { AdminRole } from '../store/administrators.ts';

/** From the highest down; those of one line are equals. */
const ladder: readonly (readonly AdminRole[])[] = [['owner'], ['policy', 'people'], ['auditor', 'help-desk']];

export const adminRoles: readonly AdminRole[] = ladder.flat();

const caring: ReadonlySet<AdminRole> = new Set(['owner', 'people', 'help-desk']);

/** Who may look somebody up and help them back in. */
export function checkCares(actor: AdminRole | undefined): Result<AdminRole> {
  return actor !== undefined && caring.has(actor) ? ok(actor) : no('administrator_role_needed');
}

/**
 * Whether somebody may reset what a person signs in with. T30: nobody of an equal or a higher role, so that nobody gains by
 * it what they have not got, and nobody their own.
 */
export function checkMayReset(actor: AdminRole | undefined, target: AdminRole | undefined): Result<AdminRole> {
  const cares = checkCares(actor);
  if (!cares.ok) return cares;
  return rankOf(cares.value) > rankOf(target) ? cares : no('administrator_not_lower');
}

/**
 * Whether somebody may change a person who may administer too. An owner may change anybody, everybody else only those below
 * them: whoever could take over or switch off a higher role would have it (T30).
 */
export function checkMayChange(actor: AdminRole, target: AdminRole | undefined): Result<void> {
  return actor === 'owner' || rankOf(actor) > rankOf(target) ? ok(undefined) : no('admin_not_below');
}

function rankOf(role: AdminRole | undefined): number {
  return role === undefined ? 0 : ladder.length - ladder.findIndex((equals) => equals.includes(role));
}
