import { hash } from 'node:crypto';
import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Store } from '../../../store/store.ts';
import type { EndOfSession } from '../end-session.ts';
import { interactionSeconds } from '../session-times.ts';

/** A session at an upstream, or all sessions of a subject there. */
interface There {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
}

const model = 'UpstreamEnd';

/**
 * Remembers that it has ended, for as long as somebody may still come back with a sign-in that was proven before (SIG-04). Where
 * both are named, a sign-in of the subject of which no `sid` is known may be the one that is meant.
 */
export async function noteEnd({ artifacts }: Store, { issuer, subject, sid }: There, now: EpochSeconds): Promise<void> {
  const keys =
    sid === undefined
      ? [keyOf(issuer, 'sub', subject)]
      : [keyOf(issuer, 'sid', sid), ...(subject === undefined ? [] : [keyOf(issuer, 'sub without sid', subject)])];
  await Promise.all(keys.map((key) => artifacts.upsert(model, key, { at: now }, now + interactionSeconds)));
}

/** Whether it has ended since a sign-in there was proven. */
export async function hasEnded(
  { artifacts }: Store,
  { issuer, subject, sid }: There,
  provenAt: EpochSeconds,
): Promise<boolean> {
  const alone = sid === undefined ? keyOf(issuer, 'sub without sid', subject) : keyOf(issuer, 'sid', sid);
  const ends = await Promise.all([keyOf(issuer, 'sub', subject), alone].map((key) => artifacts.find(model, key)));
  return ends.some((end) => end !== undefined && !(Number(end.at) <= provenAt));
}

/** Why a session here ends with it. */
export function endedThere(upstream: string, { issuer, subject }: Omit<There, 'sid'>, address: string): EndOfSession {
  const facts = { upstream, issuer, ...(subject !== undefined && { subject }), detail: 'ended by its upstream' };
  return { address, facts, initiator: 'system' };
}

function keyOf(issuer: string, member: 'sub' | 'sid' | 'sub without sid', value: string | undefined): string {
  return hash('sha256', JSON.stringify([issuer, member, value ?? null]), 'base64url');
}
