import { isIPv6 } from 'node:net';
import type { Facts } from '../audit/record.ts';
import { toNetwork } from '../limits.ts';
import type { SubjectToken } from './subject-token.ts';

/** Where sign-ins are used from, as far as this process has seen. */
export interface NetworkWatch {
  /** True when it was seen in another network before and is now seen in this one for the first time. */
  isElsewhere(signIn: string, address: string): boolean;
}

const rememberedSignIns = 20_000;
/** Somebody on the road is told of once for each network, and not at every change between them. */
const rememberedNetworks = 8;

/** In memory, in bounded space: the sign-in that was seen longest ago goes when there are too many. */
export function createNetworkWatch(): NetworkWatch {
  const seen = new Map<string, Set<string>>();
  return {
    isElsewhere(signIn, address) {
      const network = toWideNetwork(address);
      const networks = seen.get(signIn) ?? new Set();
      const isNew = !networks.has(network);
      const isElsewhere = networks.size > 0 && isNew;
      seen.delete(signIn);
      const oldest = seen.keys().next();
      if (seen.size >= rememberedSignIns && !oldest.done) seen.delete(oldest.value);
      const [first] = networks;
      if (isNew && networks.size >= rememberedNetworks && first !== undefined) networks.delete(first);
      networks.add(network);
      seen.set(signIn, networks);
      return isElsewhere;
    },
  };
}

/** T04: what to say of a refresh token that is bound to no key and shows up in another network than before. */
export function elsewhere(
  { address }: { readonly address: string },
  client: { readonly id: string },
  { grantId, keyThumbprint, personId, session }: SubjectToken,
  networks: NetworkWatch,
): Facts | undefined {
  if (grantId === undefined || keyThumbprint !== undefined || !networks.isElsewhere(grantId, address)) return undefined;
  const detail = 'a refresh token of a distributed client, bound to no key, is used from another network than before';
  return { client: client.id, person: personId, session, detail };
}

/** Networks that hand out another address every hour are one: the /24 of an IPv4 address, the /64 of an IPv6 address. */
function toWideNetwork(address: string): string {
  return isIPv6(address) ? toNetwork(address) : address.split('.').slice(0, 3).join('.');
}
