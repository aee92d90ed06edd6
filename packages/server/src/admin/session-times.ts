import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AdminSession } from '../store/admin-sessions.ts';

/** Unused for so long it is over. */
export const idleSeconds = 900;
/** However much it is used. */
export const longestSeconds = 43_200;
/** How often its last use is written down; an idle session ends up to this much earlier, and never later. */
export const seenSeconds = 60;

export function isOver({ seenAt, startedAt }: Pick<AdminSession, 'seenAt' | 'startedAt'>, now: EpochSeconds): boolean {
  return now - seenAt >= idleSeconds || now - startedAt >= longestSeconds;
}
