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
 * What a client is told that asks for more grants than its pace lets it, once it has proven which it is (IDP-38). One that shows
 * nothing has not: it is held to the pace of its network, which it has paid by now.
 */
export function refusalOfPace(
  { credentials }: Pick<Call, 'credentials'>,
  client: RegisteredClient,
  clientPace: Pace,
): Refusal | undefined {
  const hasPaid = client.public && credentials.ok && credentials.value.method === 'none';
  return hasPaid || clientPace.take(client.id) ? undefined : 'client_too_fast';
}

/**
 * Seconds that a request has to wait before anything is done for it, 0 = none (IDP-38, T27): where its client has failed too often from
 * this network, and where too much is asked from this network without credentials. Whoever shows a secret that is right is let
 * through, so that nobody is kept out by others who fail in its name: seeing that costs no more than to refuse it.
 */
export function waitSeconds(
  { credentials, certificate, address }: Pick<Call, 'credentials' | 'certificate' | 'address'>,
  { failures, strangers }: CallerLimits,
  registry: Pick<ClientRegistry<RegisteredClient>, 'find' | 'secretHashes'>,
): number {
  if (showsNothing(credentials, certificate, registry) && !strangers.take(toNetwork(address))) return 1;
  const seconds = failures.waitSeconds(claimedClientId(credentials), address);
  return seconds > 0 && toStanding(credentials, registry)() ? 0 : seconds;
}

/** A certificate, which anybody can make, is shown of a client only where its entry expects one: it proves nothing of any other. */
function showsNothing(
  credentials: Call['credentials'],
  certificate: Call['certificate'],
  { find }: Pick<ClientRegistry<RegisteredClient>, 'find'>,
): boolean {
  if (!credentials.ok || credentials.value.method !== 'none') return false;
  return !certificate?.() || find(credentials.value.clientId)?.tls === undefined;
}
