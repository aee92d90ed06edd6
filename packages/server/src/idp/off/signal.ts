import { createHash } from 'node:crypto';
import { type EpochSeconds, mintSecurityEvent, securityEvents } from '@credence/mcp/protocol';
import type { Signer } from '../../keys/signer.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import type { Bulletin } from '../../store/off.ts';
import { subjectAt } from '../subject.ts';

/** What makes a bulletin into a SET for one RAS. */
export interface SignalMaker {
  readonly issuer: string;
  readonly policy: () => AccessIndex;
  readonly signer: () => Signer;
  /** Makes pairwise subjects, as in ID-JAGs: a RAS knows people by these. */
  readonly subjectSecret: string;
}

/** A signed SET, and what the record says of it. */
export interface Signal {
  readonly id: string;
  readonly set: string;
}

/** IDP-43: the bulletin as this RAS is told it, about the person as this RAS knows them. */
export async function toSignal(
  { position, personId, event, initiator, at }: Bulletin,
  ras: string,
  now: EpochSeconds,
  { issuer, policy, signer, subjectSecret }: SignalMaker,
): Promise<Signal> {
  const audience = policy().audiences.get(ras);
  // Sent again, also after a crash, it is the same: whoever has had it takes it for what it is (RFC 8935 §2).
  const id = createHash('sha256')
    .update(JSON.stringify([issuer, ras, position, personId, event, at]))
    .digest('base64url');
  const subject = { issuer, tenant: audience?.tenant, subject: subjectAt(personId, ras, audience, subjectSecret) };
  const payload = { event_timestamp: at, initiating_entity: initiator };
  const set = await mintSecurityEvent(
    { issuer, audience: ras, id, issuedAt: now, event: securityEvents[event], payload, subject },
    signer(),
  );
  return { id, set };
}
