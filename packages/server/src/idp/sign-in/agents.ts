import type { Reach } from '../../policy/reach.ts';
import type { AgentUse } from '../../store/agent-uses.ts';
import type { SignInSession } from '../../store/store.ts';
import { isOwnPage } from './own-pages.ts';

/** A program that acts for a person: one they are signed in to, one that has acted, or one that may. */
export interface Agent {
  readonly id: string;
  readonly name: string;
  /** Sessions in which the person is signed in to it now. */
  readonly sessions: readonly string[];
  readonly servers: readonly AgentServer[];
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
}

export interface AgentServer {
  readonly id: string;
  readonly name: string;
  /** What policy lets it be given there now; empty = nothing any more. */
  readonly scopes: readonly string[];
  readonly lastMs: number | undefined;
}

/**
 * Puts together what is known of a person's agents: sessions that stand, what the record tells, and what policy allows. Those
 * at work come first, then those that acted last.
 * @param clientOf - the client by what it is called in requests
 */
export function toAgents(
  sessions: readonly SignInSession[],
  uses: readonly AgentUse[],
  reach: readonly Reach[],
  clientOf: (clientId: string) => { readonly id: string; readonly name: string } | undefined,
): readonly Agent[] {
  const live = new Map<string, { name: string; sessions: string[] }>();
  for (const { uid, clients } of sessions) {
    for (const { client: clientId } of clients.filter(({ client }) => !isOwnPage(client))) {
      const { id, name } = clientOf(clientId) ?? { id: clientId, name: clientId };
      const entry = live.get(id) ?? { name, sessions: [] };
      live.set(id, { name, sessions: [...entry.sessions, uid] });
    }
  }
  const names = new Map(reach.map(({ client }) => [client.id, client.name]));
  const ids = new Set([...live.keys(), ...uses.map(({ client }) => client), ...names.keys()]);
  const agents = [...ids].map((id): Agent => {
    const used = uses.filter(({ client }) => client === id);
    return {
      id,
      name: live.get(id)?.name ?? names.get(id) ?? id,
      sessions: live.get(id)?.sessions ?? [],
      servers: toServers(
        used,
        reach.filter(({ client }) => client.id === id),
      ),
      firstMs: used.length > 0 ? Math.min(...used.map(({ firstMs }) => firstMs)) : undefined,
      lastMs: used.length > 0 ? Math.max(...used.map(({ lastMs }) => lastMs)) : undefined,
    };
  });
  return agents.sort(
    (one, other) =>
      Number(other.sessions.length > 0) - Number(one.sessions.length > 0) ||
      (other.lastMs ?? 0) - (one.lastMs ?? 0) ||
      one.name.localeCompare(other.name, 'en'),
  );
}

function toServers(used: readonly AgentUse[], reach: readonly Reach[]): readonly AgentServer[] {
  const byId = new Map(reach.map(({ server, scopes }) => [server.id, { name: server.name, scopes }]));
  const ids = new Set([...used.map(({ server }) => server), ...byId.keys()]);
  return [...ids]
    .map((id) => ({
      id,
      name: byId.get(id)?.name ?? id,
      scopes: byId.get(id)?.scopes ?? [],
      lastMs: used.find(({ server }) => server === id)?.lastMs,
    }))
    .sort((one, other) => (other.lastMs ?? 0) - (one.lastMs ?? 0) || one.name.localeCompare(other.name, 'en'));
}
