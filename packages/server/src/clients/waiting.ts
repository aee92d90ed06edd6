import type { Refusal } from '@credence/mcp/protocol';
import type { Call } from '../call.ts';
import { type FailureLimit, type Pace, toNetwork } from '../limits.ts';
import { type ClientRegistry, claimedClientId, type RegisteredClient, toStanding } from './authenticate.ts';

/** What is counted of callers before anything they say is believed. */
export interface CallerLimits {
  readonly failures: FailureLimit;
  /** What one network asks for without any credentials. */
  readonly strangers: Pace;
}

/**
 * What a client is told that asks for more grants than its pace lets it, once it is known which it is (IDP-38). A public client that
 * shows a certificate has proven nothing by it: it is held to the pace of its network here, which the certificate spared it before.
 */
export function refusalOfPace(
  { certificate, address }: Pick<Call, 'certificate' | 'address'>,
  client: RegisteredClient,
  { clientPace, strangers }: { readonly clientPace: Pace; readonly strangers: Pace },
): Refusal | undefined {
  if (!client.public) return clientPace.take(client.id) ? undefined : 'client_too_fast';
  return !certificate?.() || strangers.take(toNetwork(address)) ? undefined : 'too_many_requests';
}

/**
 * Seconds that a request has to wait before anything is done for it, 0 = none (IDP-38, T27): where its client has failed too often from
 * this network, and where too much is asked from this network without credentials. Whoever shows a secret that is right is let
 * through, so that nobody is kept out by others who fail in its name: seeing that costs no more than to refuse it.
 */
export function waitSeconds(
  { credentials, certificate, address }: Pick<Call, 'credentials' | 'certificate' | 'address'>,
  { failures, strangers }: CallerLimits,
  registry: Pick<ClientRegistry<RegisteredClient>, 'secretHashes'>,
): number {
  const showsNothing = credentials.ok && credentials.value.method === 'none' && !certificate?.();
  if (showsNothing && !strangers.take(toNetwork(address))) return 1;
  const seconds = failures.waitSeconds(claimedClientId(credentials), address);
  return seconds > 0 && toStanding(credentials, registry)() ? 0 : seconds;
}
