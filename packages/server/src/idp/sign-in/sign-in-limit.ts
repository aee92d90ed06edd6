import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { type SharedCounts, toNetwork, toSite } from '../../limits.ts';

/**
 * Limits tries at the login page. A try counts from its start, so that a hundred at once are not a hundred free guesses;
 * a good password gives its try back. Nobody is kept out by somebody else who fails on purpose (IDP-38): a browser in which
 * the person has signed in before has tries of its own, whatever comes from elsewhere, or from the same network.
 */
export interface SignInLimit {
  /** Takes one try; resolves to how long there is none, `undefined` = go ahead. */
  take(asker: Asker): Promise<Wait | undefined>;
  giveBack(asker: Asker): Promise<void>;
}

/** Who tries, as what. */
export interface Asker {
  readonly account: string;
  readonly address: string;
  /** The browser, if the person of this account has signed in with it before. */
  readonly device?: string | undefined;
  /** What is tried can be guessed in the long run: a password. Then it counts for the account, from wherever it comes. */
  readonly guessable?: boolean;
}

export interface Wait {
  readonly seconds: number;
  /** There were too many from everywhere together: the account is closed to browsers that are new to it. */
  readonly everywhere: boolean;
  /** This try was the first one too many. */
  readonly isFirst: boolean;
}

export interface SignInLimits {
  /** Tries a minute for one account from one network, and from one browser. */
  readonly perAccount: number;
  /** Tries a minute from one network: an office behind one address signs in at nine. Five times as many from one /48 of IPv6. */
  readonly perNetwork: number;
  /** Tries an hour for one account from all browsers that are new to it: a thousand networks guess no faster than ten. */
  readonly perAccountEverywhere: number;
  /** Tries a day for one account from one browser it knows; after that the browser is one like any other. */
  readonly perDevice: number;
}

/** A site has thousands of networks, and passwords are checked at 50 a second. */
const networksOfSite = 5;

/** @param shared - tells the other workers of this installation, so that each of them is not ten more guesses */
export function createSignInLimit(limits: SignInLimits, shared?: SharedCounts): SignInLimit {
  const { perAccount, perNetwork, perAccountEverywhere, perDevice } = limits;
  const accounts = new RateLimiterMemory({ points: perAccount, duration: 60 });
  const networks = new RateLimiterMemory({ points: perNetwork, duration: 60 });
  const sites = new RateLimiterMemory({ points: perNetwork * networksOfSite, duration: 60 });
  const devices = new RateLimiterMemory({ points: perAccount, duration: 60 });
  const devicesToday = createWindows({ max: perDevice, seconds: 86_400 });
  const everywhere = createWindows({ max: perAccountEverywhere, seconds: 3600 });

  async function take(key: string): Promise<Wait | undefined> {
    const { network, account, device, guessable } = parse(key);
    if (device !== null && devicesToday.take(device).left) {
      return toWait(await consume(devices, device));
    }
    // The site last but one: what is refused to one network uses up nothing of its neighbours.
    const seconds =
      (await consume(networks, network)) ||
      (await consume(sites, toSite(network))) ||
      (await consume(accounts, `${network} ${account}`));
    if (seconds > 0 || !guessable) return toWait(seconds);
    const { left, waitSeconds, isFirst } = everywhere.take(account);
    return left ? undefined : { seconds: waitSeconds, everywhere: true, isFirst };
  }

  async function giveBack(key: string): Promise<void> {
    const { network, account, device, guessable } = parse(key);
    if (device !== null) {
      devicesToday.giveBack(device);
      await devices.reward(device, 1);
    } else {
      await networks.reward(network, 1);
      await sites.reward(toSite(network), 1);
      await accounts.reward(`${network} ${account}`, 1);
      if (guessable) everywhere.giveBack(account);
    }
  }

  shared?.hear('sign_in', (key) => void take(key));
  shared?.hear('sign_in_given_back', (key) => void giveBack(key));
  return {
    take(asker) {
      const key = toKey(asker);
      shared?.tell({ name: 'sign_in', key });
      return take(key);
    },
    giveBack(asker) {
      const key = toKey(asker);
      shared?.tell({ name: 'sign_in_given_back', key });
      return giveBack(key);
    },
  };
}

function toKey({ account, address, device, guessable }: Asker): string {
  const folded = account.trim().toLowerCase().slice(0, 256);
  return JSON.stringify([toNetwork(address), folded, device ?? null, guessable === true]);
}

function parse(key: string) {
  const [network, account, device, guessable] = JSON.parse(key) as [string, string, string | null, boolean];
  return { network, account, device: device === null ? null : `${device} ${account}`, guessable };
}

function toWait(seconds: number): Wait | undefined {
  return seconds > 0 ? { seconds, everywhere: false, isFirst: false } : undefined;
}

interface Window {
  readonly taken: number;
  readonly endsMs: number;
}

/**
 * Counts in fixed windows, in bounded space. When there are too many, a new key takes over the window of the fewest tries, with the
 * tries in it and its end: a count may be too high by so many, and is never too low. Whoever wants one forgotten has to
 * fill every other as well, and whoever wants to shut out those who are new has to spend the whole limit once for each window.
 */
export function createWindows({ max, seconds, maxKeys = 50_000 }: { max: number; seconds: number; maxKeys?: number }) {
  const windows = new Map<string, Window>();
  const keysByTaken = Array.from({ length: max + 2 }, () => new Set<string>());
  /** Oldest first; those with more than are allowed are all alike. */
  const keysWith = (taken: number) => keysByTaken[Math.min(taken, max + 1)];

  const put = (key: string, window: Window) => {
    windows.set(key, window);
    keysWith(window.taken)?.add(key);
  };
  /** Takes a window out; resolves to it if it is still open. */
  const remove = (key: string): Window | undefined => {
    const window = windows.get(key);
    windows.delete(key);
    keysWith(window?.taken ?? 0)?.delete(key);
    return window && window.endsMs > Date.now() ? window : undefined;
  };
  const takeOver = (): Window | undefined => {
    for (const [key, { endsMs }] of windows) {
      if (endsMs > Date.now()) break;
      remove(key);
    }
    if (windows.size < maxKeys) return undefined;
    const [fewest = ''] = keysByTaken.find(({ size }) => size > 0) ?? [];
    return remove(fewest);
  };
  return {
    take(key: string) {
      const { taken, endsMs } = remove(key) ?? takeOver() ?? { taken: 0, endsMs: Date.now() + seconds * 1000 };
      put(key, { taken: taken + 1, endsMs });
      const waitSeconds = Math.max(1, Math.ceil((endsMs - Date.now()) / 1000));
      return { left: taken < max, waitSeconds, isFirst: taken === max };
    },
    giveBack(key: string) {
      const window = remove(key);
      if (window && window.taken > 1) put(key, { ...window, taken: window.taken - 1 });
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
