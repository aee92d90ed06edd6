import type { EpochSeconds } from '@credence/mcp/protocol';

/**
 * Whether something that works once may have been used before the store forgot what was used: when it was restored, or moved
 * where uses are kept otherwise (T21, T22).
 * @param since - second in which that was; 0 = never
 * @param toleranceSeconds - how far the clock of whoever issued it may be ahead of ours and still be believed
 */
export function isOfBefore(issuedAt: EpochSeconds, since: EpochSeconds, toleranceSeconds: number): boolean {
  return since > 0 && issuedAt <= since + toleranceSeconds;
}
