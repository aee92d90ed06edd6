import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { toNetwork } from '../../limits.ts';

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

export function createSignInLimit({ perAccount, perNetwork }: SignInLimits): SignInLimit {
  const accounts = new RateLimiterMemory({ points: perAccount, duration: 60 });
  const networks = new RateLimiterMemory({ points: perNetwork, duration: 60 });
  const keysOf = (account: string, address: string) => {
    const network = toNetwork(address);
    return { network, account: JSON.stringify([network, account.trim().toLowerCase().slice(0, 256)]) };
  };
  return {
    async take(account, address) {
      const keys = keysOf(account, address);
      return (await consume(networks, keys.network)) || (await consume(accounts, keys.account));
    },
    async giveBack(account, address) {
      const keys = keysOf(account, address);
      await networks.reward(keys.network, 1);
      await accounts.reward(keys.account, 1);
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
