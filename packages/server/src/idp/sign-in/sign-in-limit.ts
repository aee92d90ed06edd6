import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { type SharedCounts, toNetwork } from '../../limits.ts';

/**
 * Limits tries at the login page. A try counts from its start, so that a hundred at once are not a hundred free guesses;
 * a good password gives its try back. An account is limited per network, never as such: failing on purpose locks out
 * nobody but the one who fails (IDP-38).
 */
export interface SignInLimit {
  /** Takes one try; resolves to the seconds to wait before there is one again, 0 = go ahead. */
  take(account: string, address: string): Promise<number>;
  giveBack(account: string, address: string): Promise<void>;
}

export interface SignInLimits {
  /** Tries a minute for one account from one network. */
  readonly perAccount: number;
  /** Tries a minute from one network: an office behind one address signs in at nine. */
  readonly perNetwork: number;
}

/** @param shared - tells the other workers of this installation, so that each of them is not ten more guesses */
export function createSignInLimit({ perAccount, perNetwork }: SignInLimits, shared?: SharedCounts): SignInLimit {
  const accounts = new RateLimiterMemory({ points: perAccount, duration: 60 });
  const networks = new RateLimiterMemory({ points: perNetwork, duration: 60 });
  const toKey = (account: string, address: string) =>
    JSON.stringify([toNetwork(address), account.trim().toLowerCase().slice(0, 256)]);
  const networkOf = (key: string) => String((JSON.parse(key) as string[])[0]);

  const take = async (key: string) => (await consume(networks, networkOf(key))) || (await consume(accounts, key));
  const giveBack = async (key: string) => {
    await networks.reward(networkOf(key), 1);
    await accounts.reward(key, 1);
  };
  shared?.hear('sign_in', (key) => void take(key));
  shared?.hear('sign_in_given_back', (key) => void giveBack(key));
  return {
    take(account, address) {
      const key = toKey(account, address);
      shared?.tell({ name: 'sign_in', key });
      return take(key);
    },
    giveBack(account, address) {
      const key = toKey(account, address);
      shared?.tell({ name: 'sign_in_given_back', key });
      return giveBack(key);
    },
  };
}

/**
 * Limits codes of an authenticator app by person, from whatever network: three of a million are right at any moment, so a
 * password thief with a thousand addresses would get in. Only such a thief can use it up, and passkeys and recovery codes,
 * which nobody can guess, stay open.
 */
export interface CodeLimit {
  /** Takes one of today's tries; false when none is left. */
  take(personId: string): Promise<boolean>;
  giveBack(personId: string): Promise<void>;
}

/**
 * NIST SP 800-63B §3.2.2: no more than 100 failed tries in a row.
 * @param shared - tells the other workers, so that each of them is not a hundred more guesses
 */
export function createCodeLimit(shared?: SharedCounts, perDay = 100): CodeLimit {
  const people = new RateLimiterMemory({ points: perDay, duration: 86_400 });
  const take = async (personId: string) => (await consume(people, personId)) === 0;
  const giveBack = async (personId: string) => {
    await people.reward(personId, 1);
  };
  shared?.hear('code', (personId) => void take(personId));
  shared?.hear('code_given_back', (personId) => void giveBack(personId));
  return {
    take(personId) {
      shared?.tell({ name: 'code', key: personId });
      return take(personId);
    },
    giveBack(personId) {
      shared?.tell({ name: 'code_given_back', key: personId });
      return giveBack(personId);
    },
  };
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<number> {
  try {
    await limiter.consume(key, 1);
    return 0;
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
    throw refused;
  }
}
