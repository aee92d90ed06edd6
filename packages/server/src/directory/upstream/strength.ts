import { type EpochSeconds, isDate, type JsonObject, no, ok, type Result } from '@credence/mcp/protocol';

/** What the client asked of this sign-in, and therefore we of the upstream. */
export interface AskedStrength {
  /** The person has to prove themselves again, whatever stands (`prompt=login`). */
  readonly again: boolean;
  readonly maxAge: number | undefined;
  /** Any of these, in our words; empty = any at all. */
  readonly acr: readonly string[];
}

/** How the person proved who they are, as far as the upstream said so. Nothing is made up. */
export interface Strength {
  /** `undefined` when it did not say: then it is nowhere, rather than now. */
  readonly authTime: EpochSeconds | undefined;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
}

/** The parameters that pass a step-up on. @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest */
export function toStrengthParameters(asked: AskedStrength, acrThere: ReadonlyMap<string, string>) {
  return {
    ...(asked.maxAge !== undefined && { max_age: String(asked.maxAge) }),
    ...(asked.acr.length > 0 && { acr_values: asked.acr.map((acr) => acrThere.get(acr) ?? acr).join(' ') }),
  };
}

/** Reads `auth_time`, `acr` and `amr` of a verified ID Token, the `acr` in our words where they are configured. */
export function toStrength({ auth_time, acr, amr }: JsonObject, acrThere: ReadonlyMap<string, string>): Strength {
  const ours = [...acrThere].find(([, there]) => there === acr)?.[0];
  // A word of ours that means something else over there would be a lie.
  const isTaken = typeof acr === 'string' && acrThere.has(acr) && acrThere.get(acr) !== acr;
  const methods = Array.isArray(amr) ? amr.filter((each): each is string => typeof each === 'string') : [];
  return {
    authTime: isDate(auth_time) ? Math.floor(auth_time) : undefined,
    acr: ours ?? (typeof acr === 'string' && acr.length <= 256 && !isTaken ? acr : undefined),
    amr: methods.filter((each) => each.length <= 64).slice(0, 16),
  };
}

/**
 * Whether the upstream did what it was asked. One that ignores `max_age` or `acr_values` is refused: asking once more
 * would get the same answer, and believing it would make the step-up worthless.
 * @param moment.covers - whether an `acr` is as strong as the one asked for
 */
export function checkStrength(
  { authTime, acr }: Strength,
  asked: AskedStrength,
  { startedAt, now, skewSeconds, covers }: Moment,
): Result<void> {
  if (authTime !== undefined && authTime > now + skewSeconds) return no('upstream_answer_invalid');
  const oldest = Math.max(asked.again ? startedAt : 0, asked.maxAge === undefined ? 0 : startedAt - asked.maxAge);
  if (oldest > 0 && (authTime === undefined || authTime < oldest - skewSeconds)) return no('upstream_not_fresh');
  if (asked.acr.length > 0 && !asked.acr.some((each) => covers(acr, each))) return no('upstream_too_weak');
  return ok(undefined);
}

interface Moment {
  readonly startedAt: EpochSeconds;
  readonly now: EpochSeconds;
  readonly skewSeconds: number;
  readonly covers: (held: string | undefined, asked: string) => boolean;
}
