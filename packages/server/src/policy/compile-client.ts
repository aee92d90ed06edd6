import { signatureAlgorithms } from '@credence/mcp/protocol';
import { Problem } from '../problem.ts';
import type { AccessClientEntry } from './access-document.ts';
import { toClientTls } from './client-tls.ts';
import type { ClientProof } from './model.ts';

type ProofEntry = Pick<AccessClientEntry, 'jwks' | 'jwks_uri' | 'legacy_audience' | 'metadata' | 'workload' | 'tls'>;

/** How a client of either document proves itself. */
export function toProof({ jwks, jwks_uri, legacy_audience, metadata, workload, tls }: ProofEntry): ClientProof {
  return {
    jwks: jwks?.keys,
    ...(jwks_uri !== undefined && { jwksUri: jwks_uri }),
    ...(legacy_audience && { legacyAudience: true }),
    ...(metadata !== undefined && { metadata }),
    ...(tls && { tls: toClientTls(tls) }),
    ...(workload && {
      workload: {
        issuer: workload.issuer,
        subject: workload.subject,
        audience: workload.audience,
        keys: workload.keys === 'discovery' ? workload.keys : workload.keys.keys,
        algorithms: workload.algorithms ?? signatureAlgorithms,
        reuse: workload.reuse,
      },
    }),
  };
}

/** What a client is called in a request: the URL of its metadata document, or its id in our document. */
export function clientIdOf({ id, metadata }: Pick<ClientProof, 'metadata'> & { readonly id: string }): string {
  return metadata ?? id;
}

/** Clients by what they are called in a request. One metadata document is one client. */
export function byClientId<Client extends Pick<ClientProof, 'metadata'> & { readonly id: string }>(
  clients: Iterable<Client>,
): ReadonlyMap<string, Client> {
  const found = new Map<string, Client>();
  for (const client of clients) {
    const name = clientIdOf(client);
    const other = found.get(name);
    if (other) {
      throw new Problem(`clients.${other.id} and clients.${client.id} have the same metadata.`, 'Keep one of the two.');
    }
    found.set(name, client);
  }
  return found;
}
