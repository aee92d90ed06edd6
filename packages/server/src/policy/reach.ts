import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from './compile.ts';
import { decide } from './decide.ts';
import type { AccessClient, AccessServer, Ask } from './model.ts';

/** What one client may be given in somebody's name at one server. */
export interface Reach {
  readonly client: AccessClient;
  readonly server: AccessServer;
  readonly scopes: readonly string[];
}

/**
 * Everything that any client may be given in this person's name by the policy in force, after the best sign-in there is, from the
 * best place and at the best hour: what shows less gets less. One decision for each client and server that can meet.
 */
export function reachOf(index: AccessIndex, person: Ask['person'], now: EpochSeconds): readonly Reach[] {
  const { acr, amr } = index.earnable;
  const best = { acr: [...acr].at(-1), amr: [...amr], authTime: now, now, keyBound: true, whenever: true } as const;
  return [...index.clients.values()].filter(mayExchange).flatMap((client) =>
    [...index.servers.values()]
      .filter(({ ras }) => client.clientIds.has(ras))
      .flatMap((server) => {
        const ask = { ...best, person, client: client.id, server: server.id, scopes: [...server.scopes.keys()] };
        const { effect, scopes } = decide(index, ask);
        return effect === 'allow' ? [{ client, server, scopes }] : [];
      }),
  );
}

/** As the token exchange has it: who may not trade an ID Token reaches nothing. */
function mayExchange({ exchange, public: isPublic, document }: AccessClient): boolean {
  return document?.mayExchange !== false && (exchange ?? !isPublic);
}
