import { hash } from 'node:crypto';
import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Store } from '../../../store/store.ts';
import { interactionSeconds } from '../session-times.ts';

/** A session at an upstream, or all sessions of a subject there. */
interface There {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
}

const model = 'UpstreamEnd';

/** Remembers that it has ended, for as long as somebody may still come back with a sign-in that was proven before (SIG-04). */
export async function noteEnd({ artifacts }: Store, { issuer, subject, sid }: There, now: EpochSeconds): Promise<void> {
  const key = sid === undefined ? keyOf(issuer, 'sub', subject) : keyOf(issuer, 'sid', sid);
  await artifacts.upsert(model, key, { at: now }, now + interactionSeconds);
}

/** Whether it has ended since a sign-in there was proven. */
export async function hasEnded(
  { artifacts }: Store,
  { issuer, subject, sid }: There,
  provenAt: EpochSeconds,
): Promise<boolean> {
  const keys = [keyOf(issuer, 'sub', subject), ...(sid === undefined ? [] : [keyOf(issuer, 'sid', sid)])];
  const ends = await Promise.all(keys.map((key) => artifacts.find(model, key)));
  return ends.some((end) => end !== undefined && !(Number(end.at) <= provenAt));
}

function keyOf(issuer: string, member: 'sub' | 'sid', value: string | undefined): string {
  return hash('sha256', JSON.stringify([issuer, member, value ?? null]), 'base64url');
}
