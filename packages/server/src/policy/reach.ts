import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from './compile.ts';
import { decide } from './decide.ts';
import type { AccessClient, AccessServer, Ask } from './model.ts';
import type { Way } from './sign-in-levels.ts';

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
  return [...index.clients.values()].filter(mayExchange).flatMap((client) =>
    [...index.servers.values()]
      .filter(({ ras }) => client.clientIds.has(ras))
      .flatMap((server) => {
        const scopes = grantedAtBest(index, { person, client: client.id, server }, now);
        return scopes.length > 0 ? [{ client, server, scopes }] : [];
      }),
  );
}

/**
 * Scopes of a server that can be had at all, after the best sign-in, from the best place and at the best hour. Where there is no one
 * best way to sign in, each scope is asked for after each of them.
 */
export function grantedAtBest(
  index: AccessIndex,
  about: { readonly person: Ask['person']; readonly client: string; readonly server: AccessServer },
  now: EpochSeconds,
): readonly string[] {
  const best = { authTime: now, now, keyBound: true, whenever: true } as const;
  const ask = { ...best, person: about.person, client: about.client, server: about.server.id };
  const granted = (asked: readonly string[], { acr, amr }: Way) => {
    const decision = decide(index, { ...ask, scopes: asked, acr, amr });
    return decision.effect === 'allow' ? decision.scopes : [];
  };
  const scopes = [...about.server.scopes.keys()];
  const [only, ...more] = index.best;
  if (only && more.length === 0) return granted(scopes, only);
  return scopes.filter((scope) => index.best.some((way) => granted([scope], way).length > 0));
}

/**
 * As the token exchange has it: who may not trade an ID Token reaches nothing. Of a client whose document has not been read, as in
 * every index of a published version, it is not known whether it proves itself: then it counts as one that does.
 */
export function mayExchange(client: AccessClient): boolean {
  return exchanges(client) ?? true;
}

/** The same, `undefined` where it is not known. */
export function exchanges({ exchange, public: isPublic, metadata, document }: AccessClient): boolean | undefined {
  if (metadata !== undefined && document === undefined) return exchange === false ? false : undefined;
  return document?.mayExchange !== false && (exchange ?? !isPublic);
}
