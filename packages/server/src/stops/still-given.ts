import type { AccessToken } from '@credence/mcp/protocol';
import type { ResourceIndex } from '../policy/compile.ts';
import { scopesGivenBy, speaksFor } from '../policy/issuer-servers.ts';
import { speakerBehind } from './descent.ts';

/**
 * Whether the resource document in force still has what an access token of ours rests on: its server, its client, and the word of an
 * issuer for both and for each of its scopes. A token that does not say whose word it rests on rests on nobody's.
 */
export function isStillGiven(
  { resource, clientId, lineage, scopes }: Pick<AccessToken, 'resource' | 'clientId' | 'lineage' | 'scopes'>,
  {
    serversByResource,
    clientsByClientId,
    trust,
  }: Pick<ResourceIndex, 'serversByResource' | 'clientsByClientId' | 'trust'>,
): boolean {
  const [server, client] = [serversByResource.get(resource), clientsByClientId.get(clientId)];
  const issuer = speakerBehind(lineage, trust);
  if (!server || !client || !issuer) return false;
  if (!issuer.clients.includes(client.id) || !speaksFor(issuer, server)) return false;
  return scopesGivenBy(issuer, server, scopes).length === scopes.length;
}
