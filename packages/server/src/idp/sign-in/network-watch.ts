import { isIPv4 } from 'node:net';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { toNetwork, toSite } from '../../limits.ts';

/** Notices one person signing in from more networks than one person can be in. */
export interface NetworkWatch {
  /** The number of networks, once they are too many; each such time says so once. */
  see(personId: string, address: string): number | undefined;
}

export interface NetworkWatchLimits {
  /** Networks within the window that are still ordinary: office, home, phone, a train. */
  readonly ordinary: number;
  readonly windowSeconds: number;
  /** People remembered; the one seen longest ago goes first. */
  readonly maxPeople: number;
}

export const networkWatchLimits: NetworkWatchLimits = { ordinary: 4, windowSeconds: 900, maxPeople: 20_000 };

/** In memory, in bounded space, on this node alone: what it says is a hint for people and decides nothing. */
export function createNetworkWatch(limits: NetworkWatchLimits, now: () => EpochSeconds): NetworkWatch {
  const seen = new Map<string, { networks: Map<string, EpochSeconds>; saidAt: EpochSeconds }>();
  return {
    see(personId, address) {
      const entry = seen.get(personId) ?? { networks: new Map<string, EpochSeconds>(), saidAt: 0 };
      seen.delete(personId);
      const oldest = seen.keys().next();
      if (seen.size >= limits.maxPeople && !oldest.done) seen.delete(oldest.value);
      seen.set(personId, entry);

      const { networks } = entry;
      for (const [network, at] of networks) if (at <= now() - limits.windowSeconds) networks.delete(network);
      if (networks.size <= limits.ordinary) networks.set(toWideNetwork(address), now());
      const isTold = entry.saidAt > now() - limits.windowSeconds;
      if (networks.size <= limits.ordinary || isTold) return undefined;
      entry.saidAt = now();
      return networks.size;
    },
  };
}

/** Neighbouring addresses of one provider are one place. */
function toWideNetwork(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIPv4(plain) ? plain.split('.').slice(0, 3).join('.') : toSite(toNetwork(plain));
}
