import type { EpochSeconds } from '@credence/mcp/protocol';
import type Provider from 'oidc-provider';

/** How long a sign-in may take, from its first page on. */
export const interactionSeconds = 1800;

/**
 * Two times of a session: when the sign-in here was, which limits how long it lasts, and when the person proved who they
 * are, which `auth_time` says and `max_age` is held against. At an upstream the second is the first's elder, or unknown:
 * then no `auth_time` is said at all, because "now" would make any step-up by age worthless.
 */
interface LoginTime {
  readonly startedAt: EpochSeconds;
  /** `null` = unknown. */
  readonly authenticatedAt: EpochSeconds | null;
}

/** As `ts` of a login result, which `oidc-provider` hands to the session as it is. */
export function toLoginTime(startedAt: EpochSeconds, authTime: EpochSeconds | undefined): number {
  return { startedAt, authenticatedAt: authTime ?? null } satisfies LoginTime as unknown as number;
}

type Session = InstanceType<Provider['Session']> & { authenticatedAt?: EpochSeconds | null | undefined };

/** Teaches the sessions of this provider the second time. */
export function keepAuthTime({ Session }: Provider, now: () => EpochSeconds): void {
  addToPayload(Session, 'authenticatedAt');
  const { prototype } = Session;

  const login = prototype.loginAccount;
  prototype.loginAccount = function loginAccount(this: Session, details) {
    const ts: unknown = details.loginTs;
    const times = typeof ts === 'object' && ts !== null ? (ts as LoginTime) : undefined;
    login.call(this, times ? { ...details, loginTs: times.startedAt } : details);
    this.authenticatedAt = times?.authenticatedAt;
  };
  prototype.authTime = function authTime(this: Session) {
    return this.authenticatedAt === undefined ? this.loginTs : (this.authenticatedAt ?? undefined);
  };
  prototype.past = function past(age: number) {
    const at = this.authTime();
    return at === undefined || now() - at > Number(age);
  };
}

/** Has the sessions of a provider carry another member. To be done before it has read or made any. */
export function addToPayload(Session: Provider['Session'], member: string): void {
  const inherited = Object.getOwnPropertyDescriptor(Session, 'IN_PAYLOAD')?.get?.call(Session) as string[] | undefined;
  if (!inherited) throw new Error('oidc-provider keeps its sessions in another way');
  Object.defineProperty(Session, 'IN_PAYLOAD', { get: () => [...inherited, member], configurable: true });
}

/**
 * Seconds a session has left: so long after the sign-in, and so long after a browser last used it. Using it does not make
 * it younger.
 */
export function secondsLeft(
  loginTs: EpochSeconds | undefined,
  limits: {
    readonly sessionSeconds: number;
    readonly sessionIdleSeconds: number | undefined;
    readonly signingInSeconds: number;
    readonly now: EpochSeconds;
  },
): number {
  if (loginTs === undefined) return limits.signingInSeconds;
  const left = loginTs + limits.sessionSeconds - limits.now;
  return Math.max(1, Math.min(left, limits.sessionIdleSeconds ?? left));
}
