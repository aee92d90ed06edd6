import { z } from 'zod';
import { hasSecret } from '../../clients/authenticate.ts';
import type { AccessClient, ClientProof, ResourceClient } from '../../policy/model.ts';
import type { Domain } from '../../store/store.ts';
import { makeSecret, maxSecrets, removeSecret, toFingerprint } from '../secrets.ts';
import { answer, type Route, refuse, route } from './route.ts';
import type { AdminServices } from './services.ts';

export const side = z.enum(['idp', 'ras']).describe('idp: signing in and leg 1; ras: leg 2.');

export const Client = z.object({
  side,
  id: z.string(),
  name: z.string(),
  proof: z.enum(['secret', 'keys', 'metadata', 'workload', 'certificate', 'none']),
  redirectUris: z.array(z.string()),
  distributed: z.boolean(),
  secrets: z.array(z.object({ fingerprint: z.string(), createdAt: z.int() })),
});

const inPath = { side, id: z.string().max(300) };

/** Clients of both policy documents, and their secrets, which are in no document. */
export const clientRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/clients',
    id: 'listClients',
    summary: 'Clients of the policy in force, on one side or on both',
    permission: 'read:policy',
    query: z.strictObject({ side: side.optional() }),
    answer: z.object({ items: z.array(Client) }),
    handle: async ({ query }, services) => {
      const sides: readonly Domain[] = query.side ? [query.side] : ['idp', 'ras'];
      const items = [];
      for (const each of sides) {
        const secrets = await services.store.credentials.all(each);
        for (const client of clientsOf(services, each)) {
          const own = secrets.filter(({ clientId }) => clientId === client.id);
          items.push(toClient(each, client, own));
        }
      }
      return answer({ items });
    },
  }),
  route({
    method: 'POST',
    path: '/clients/{side}/{id}/secrets',
    id: 'createSecret',
    summary: 'Make a secret for a client; it is shown this once',
    permission: 'write:credentials',
    fresh: true,
    params: z.strictObject(inPath),
    status: 201,
    answer: z.object({ secret: z.string(), fingerprint: z.string(), createdAt: z.int() }),
    handle: async ({ params, now, row }, services) => {
      const client = clientsOf(services, params.side).find(({ id }) => id === params.id);
      if (!client && !isServer(services, params)) return refuse('api_not_found');
      if (client && !hasSecret(client)) return refuse('api_conflict', 'This client proves itself without a secret.');
      const asked = { domain: params.side, clientId: params.id, now };
      const made = await makeSecret(services.store, asked, (detail, facts) => row('admin', { ...facts, detail }));
      if (!made.ok) return refuse(made.refusal, `It has ${maxSecrets} secrets: remove one first.`);
      await services.refresh();
      const { value, secret } = made.value;
      return answer({ secret: value, fingerprint: toFingerprint(secret.secretHash), createdAt: secret.createdAt });
    },
  }),
  route({
    method: 'DELETE',
    path: '/clients/{side}/{id}/secrets/{fingerprint}',
    id: 'removeSecret',
    summary: 'Remove a secret; it stops working within a second',
    permission: 'write:credentials',
    fresh: true,
    params: z.strictObject({ ...inPath, fingerprint: z.string().max(64) }),
    handle: async ({ params, row }, services) => {
      const asked = { domain: params.side, clientId: params.id, fingerprint: params.fingerprint };
      const isRemoved = await removeSecret(services.store, asked, (detail, facts) =>
        row('admin', { ...facts, detail }),
      );
      if (!isRemoved) return refuse('api_not_found');
      await services.refresh();
      return answer(undefined);
    },
  }),
];

/** @param secrets - its own */
export function toClient(
  of: Domain,
  client: AccessClient | ResourceClient,
  secrets: readonly { readonly secretHash: string; readonly createdAt: number }[],
): z.output<typeof Client> {
  return {
    side: of,
    id: client.id,
    name: client.name,
    proof: proofOf(client),
    redirectUris: 'redirectUris' in client ? [...client.redirectUris] : [],
    distributed: 'distributed' in client && client.distributed === true,
    secrets: secrets.map(({ secretHash, createdAt }) => ({ fingerprint: toFingerprint(secretHash), createdAt })),
  };
}

export function clientsOf({ access, resource }: AdminServices, of: Domain): readonly (AccessClient | ResourceClient)[] {
  return [...((of === 'idp' ? access() : resource())?.clients.values() ?? [])];
}

/** MCP servers ask the RAS about tokens, under an id that no document has. */
function isServer({ resource }: AdminServices, { side: of, id }: { side: Domain; id: string }): boolean {
  return of === 'ras' && id.startsWith('server:') && resource()?.servers.has(id.slice('server:'.length)) === true;
}

function proofOf(client: ClientProof & { readonly public?: boolean }) {
  if (client.tls) return 'certificate' as const;
  if (client.workload) return 'workload' as const;
  if (client.metadata !== undefined) return 'metadata' as const;
  if (client.jwks || client.jwksUri !== undefined) return 'keys' as const;
  return client.public ? ('none' as const) : ('secret' as const);
}
