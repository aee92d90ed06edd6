import { createDevices } from './devices.ts';
import type { Context } from './layer.ts';
import type { SignInOptions } from './options.ts';
import type { Asker } from './sign-in-limit.ts';

/**
 * Who tries, for the limits: by network, or by the browser where this person has signed in with it before.
 * @param personId - whom the account stands for, if there is such a person
 */
export type AskerOf = (context: Context, account: string, personId: string | undefined) => Asker;

export function createAskerOf(options: SignInOptions): AskerOf {
  const devices = createDevices(options);
  return (context, account, personId) => ({
    account,
    address: options.addressOf(context.req),
    device: personId === undefined ? undefined : devices.known(context, personId),
  });
}
