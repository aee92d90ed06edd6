import type { Findings } from '@credence/server/record-verification';
import { verifyTexts as texts } from '../../texts/audit.ts';

/** What verification has shown, a sentence each. */
export function provenOf({ lines, startedAt, chains, unsealed, witnessed }: Findings, wasPinned: boolean): string[] {
  const sealed = startedAt + lines - unsealed;
  return [
    texts.provenEach(startedAt + 1, sealed, chains),
    ...(wasPinned ? [texts.provenPinned] : []),
    ...(witnessed > 0 ? [texts.provenWitness(witnessed)] : []),
  ];
}

/** And what it has not. @param behind - where the export was asked to begin: what is missing before that is no surprise */
export function openOf(
  { startedAt, unsealed, erased, witnessed }: Findings,
  { wasPinned, behind }: { readonly wasPinned: boolean; readonly behind: number },
): string[] {
  const before =
    startedAt === 0 ? [] : [startedAt > behind ? texts.openPruned(startedAt) : texts.openBefore(startedAt)];
  return [
    ...(wasPinned ? [] : [texts.openPin]),
    ...before,
    ...(unsealed > 0 ? [texts.openUnsealed(unsealed)] : []),
    ...(erased > 0 ? [texts.openErased(erased)] : []),
    ...(witnessed > 0 ? [] : [texts.openWitness]),
    texts.openCode,
  ];
}
