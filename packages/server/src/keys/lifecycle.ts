import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Config } from '../config.ts';
import type { KeyPurpose } from '../config-schema.ts';
import type { KeptJwk } from './signer.ts';

/** A key and its times: published at once, signing later, gone when nothing it signed can still be accepted. */
export interface TimedKey {
  readonly jwk: KeptJwk;
  readonly publishedAt: EpochSeconds;
  /** Signs from here on, unless a later key does. */
  readonly signsFrom: EpochSeconds;
  /** Leaves the JWK Set here; `undefined` while it is the newest. */
  readonly retiresAt?: EpochSeconds | undefined;
}

export type KeyState = 'published' | 'signing' | 'retiring' | 'retired';

/** The state of each key at a time, in the order of the list. */
export function statesOf(keys: readonly TimedKey[], now: EpochSeconds): KeyState[] {
  const signing = signingKey(keys, now);
  return keys.map((key) => {
    if (key === signing) return 'signing';
    if (key.retiresAt !== undefined && key.retiresAt <= now) return 'retired';
    return key.signsFrom > now ? 'published' : 'retiring';
  });
}

/** The key that signs now: the newest whose waiting time is over. */
export function signingKey(keys: readonly TimedKey[], now: EpochSeconds): TimedKey | undefined {
  return keys
    .filter((key) => key.signsFrom <= now && (key.retiresAt === undefined || key.retiresAt > now))
    .reverse() // they are in the order in which they were published: of two from the same second on the later one signs
    .sort((a, b) => b.signsFrom - a.signsFrom)[0];
}

/**
 * Adds a key: it is published now, signs after the wait, and the one before it stays published until the last token it
 * signed has expired (KEY-03: publish, wait, sign, retire).
 * @param tokenSeconds - the longest life of what this purpose signs, skew included
 */
export function rotate(
  keys: readonly TimedKey[],
  jwk: KeptJwk,
  { now, waitSeconds, tokenSeconds }: { now: EpochSeconds; waitSeconds: number; tokenSeconds: number },
): TimedKey[] {
  // Nobody waits for a key while none signs.
  const signsFrom = signingKey(keys, now) ? now + waitSeconds : now;
  const older = keys
    .filter(({ retiresAt }) => retiresAt === undefined || retiresAt > now)
    .map((key) => ({
      ...key,
      // Never after the new one: where the wait was longer before, it would take its place later and leave early.
      signsFrom: Math.min(key.signsFrom, signsFrom),
      retiresAt: key.retiresAt ?? signsFrom + tokenSeconds,
    }));
  return [...older, { jwk, publishedAt: now, signsFrom }];
}

/**
 * Takes a key out at once: nothing it signed is accepted any more. Where no other may sign yet, the newest does from now on; one
 * before it that is still in force signs in its place, and stays published for that (KEY-03). Returns `undefined` when no key would
 * be left, or there is none of that id.
 * @param keys - in the order in which they were published
 * @param tokenSeconds - the longest life of what this purpose signs, skew included
 */
export function retire(
  keys: readonly TimedKey[],
  kid: string,
  { now, tokenSeconds }: { now: EpochSeconds; tokenSeconds: number },
): TimedKey[] | undefined {
  const rest = keys.filter((key) => key.jwk.kid !== kid && (key.retiresAt === undefined || key.retiresAt > now));
  if (rest.length === 0 || !keys.some((key) => key.jwk.kid === kid)) return undefined;
  const signing = signingKey(rest, now);
  const left: TimedKey[] = [];
  for (const key of rest.toReversed()) {
    const { retiresAt, ...newest } = key;
    const [next] = left;
    // Where no other signs, those that wait do so no longer: the newest signs from now on, and none takes its place later.
    const signsFrom = signing ? key.signsFrom : now;
    // The newest that is left stays. Any other that signs, or will, does so until the next does.
    if (!next) left.unshift({ ...newest, signsFrom });
    else if (key !== signing && signsFrom <= now) left.unshift({ ...key, signsFrom });
    else left.unshift({ ...key, signsFrom, retiresAt: Math.max(retiresAt ?? 0, next.signsFrom + tokenSeconds) });
  }
  return left;
}

/** Issuers keep a copy of our JWK Set, and encrypt to what is in it, for this long at most (`issuer-keys.ts` does). */
const copySeconds = 900;

/** A SET is verified when it arrives, and signed anew when it is sent again. */
const setSeconds = 60;
/** A frame of a stream is worth something when it arrives, and never again. */
const frameSeconds = 60;

/** A node looks at the last checkpoint before it makes the next, and an installation may rest for a year. */
const checkpointSeconds = 400 * 86_400;

/**
 * The longest life of what a purpose signs, skew included: so long a key stays published after it signed its last. A key for
 * decrypting is kept for as long as somebody may still encrypt to it and present that; one of ID Tokens for as long as a sign-in
 * lasts, since whoever signs out shows the token of it, expired or not (IDP-41).
 */
export function tokenSecondsOf(purpose: KeyPurpose, config: Pick<Config, 'idp' | 'ras' | 'skewSeconds'>): number {
  const seconds = {
    id_token: Math.max(config.idp.idTokenSeconds, config.idp.sessionSeconds),
    id_jag: config.idp.idJagSeconds,
    access_token: config.ras.accessTokenSeconds,
    id_jag_encryption: config.ras.maxIdJagSeconds + copySeconds,
    security_event: setSeconds,
    revocation: frameSeconds,
    audit: checkpointSeconds,
  };
  return seconds[purpose] + config.skewSeconds;
}
