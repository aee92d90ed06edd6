import type { EpochSeconds } from '@credence/mcp/protocol';
import type { ArtifactStore } from '../../store/store.ts';
import type { Strength } from './strength.ts';

/**
 * Where a person stands between the password and the end of a sign-in, or in the middle of enrolling a factor: kept in the
 * store, by interaction or session, so that the browser holds nothing but its cookie. Goes when the person is reset.
 */
export interface Progress {
  readonly personId: string;
  /** What has been shown so far, and when the last of it was. */
  readonly shown: Strength;
  readonly shownAt: EpochSeconds;
  /** From then on all of it has to be shown again. */
  readonly until: EpochSeconds;
  /** Hash of an enrolment code that was good when it was typed; it is spent when the factor is added. */
  readonly enrolmentCode?: string | undefined;
  /** The sealed secret of an authenticator app that is being set up. */
  readonly sealedSecret?: string | undefined;
  /** Recovery codes were sent, and nobody has said yet that they are kept. */
  readonly areCodesUnread?: boolean | undefined;
  /** Ids of the notices on the page that was sent: only these can be said to have been seen (T30). */
  readonly noticesShown?: readonly string[] | undefined;
}

const model = 'SignInProgress';
/** Nobody has longer for the next step, however often a page is loaded meanwhile. */
const seconds = 600;

export function untilFrom(now: EpochSeconds): EpochSeconds {
  return now + seconds;
}

/** Something has just been shown: how well the person has shown who they are by now. */
export function shownNow(
  personId: string,
  shown: Strength,
  now: EpochSeconds,
): Pick<Progress, 'personId' | 'shown' | 'shownAt' | 'until'> {
  return { personId, shown, shownAt: now, until: untilFrom(now) };
}

export async function readProgress(artifacts: ArtifactStore, uid: string): Promise<Progress | undefined> {
  const kept = (await artifacts.find(model, uid))?.progress as Progress | undefined;
  // One of a version that did not say when is begun anew.
  return typeof kept?.until === 'number' ? kept : undefined;
}

export async function writeProgress(artifacts: ArtifactStore, uid: string, progress: Progress): Promise<void> {
  await artifacts.upsert(model, uid, { accountId: progress.personId, progress }, progress.until);
}

export async function endProgress(artifacts: ArtifactStore, uid: string): Promise<void> {
  await artifacts.destroy(model, uid);
}
