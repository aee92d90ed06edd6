import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Shelf } from './stop.ts';

/**
 * What every authorization server has to hear of a person, under the names that CAEP and RISC have for it. Each change that
 * ends something leaves its bulletin in the same durable step: a process that dies right after it loses none (PRV-02).
 */
export type BulletinEvent =
  /** Whatever was issued so far counts no more; policy decides anew what is issued next. */
  | 'session-revoked'
  /** Nothing is issued any more, until the account is enabled again. */
  | 'account-disabled'
  | 'account-enabled';

/** On whose account it happened. @see https://openid.net/specs/openid-caep-1_0-final.html#section-2 */
export type Initiator = 'admin' | 'user' | 'policy' | 'system';

export interface Bulletin {
  /** Grows from bulletin to bulletin over the whole store, and is never used again. */
  readonly position: number;
  readonly personId: string;
  readonly event: BulletinEvent;
  /** `group:engineering`, `role:lead`: what the person was taken out of. Whether that granted anything is for policy to say. */
  readonly membership: string | undefined;
  /** Put into it instead: a rule may deny something to whoever is in it. */
  readonly joined?: true;
  readonly initiator: Initiator;
  /** When it happened. Of one person an account is never disabled and enabled at the same second: the later says so. */
  readonly at: EpochSeconds;
  /** The stop because of which it is told: who has heard of that needs no more. */
  readonly stopId?: string | undefined;
}

/** Bulletins as their readers see them: one reader for each authorization server, each with its own place. */
export type BulletinStore = Shelf<Bulletin>;

/**
 * How long a bulletin that somebody has not heard of is kept. Longer than any access token lives: whoever was away so long has
 * nothing left to revoke. That an account is disabled or enabled is kept until everybody has heard it.
 */
export const bulletinSeconds = 86_400;
