import { toNetwork } from '../../limits.ts';
import { isBreakGlass } from './break-glass.ts';
import { createDevices } from './devices.ts';
import type { Context } from './layer.ts';
import type { SignInOptions } from './options.ts';
import type { Asker } from './sign-in-limit.ts';

/**
 * Who tries, for the limits: by network, or by the browser where this person has signed in with it before.
 * @param personId - whom the account stands for, if there is such a person
 */
export type AskerOf = (context: Context, account: string, personId: string | undefined) => Promise<Asker>;

export function createAskerOf(options: SignInOptions): AskerOf {
  const devices = createDevices(options);
  return async (context, account, personId) => {
    const address = options.addressOf(context.req);
    if (personId === undefined) return { account, address };
    // Its name is a secret and its password cannot be guessed: it needs a limit, and nobody else's tries count against it.
    const isSpecial = await isBreakGlass(options, personId);
    const device = isSpecial ? `break-glass in ${toNetwork(address)}` : devices.known(context, personId);
    return { account, address, device };
  };
}
