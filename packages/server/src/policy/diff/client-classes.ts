import type { AccessIndex } from '../compile.ts';
import type { AccessClient } from '../model.ts';
import { mayExchange } from '../reach.ts';

/** Clients that no rule on a server tells apart. */
export interface ClientClass {
  readonly clients: readonly string[];
  /** Whether they could reach the server at all, on each side. */
  readonly before: boolean;
  readonly after: boolean;
}

/** The clients that reach the server on either side, as few classes as there are. */
export function clientClasses(before: AccessIndex, after: AccessIndex, server: string): readonly ClientClass[] {
  const rules = [before, after].flatMap((index) => index.rules.get(server)?.all ?? []);
  const named = rules.flatMap(({ through }) => (through ? [through] : []));
  const classes = new Map<string, { clients: string[]; before: boolean; after: boolean }>();
  for (const id of new Set([...after.clients.keys(), ...before.clients.keys()])) {
    const [old, now] = [reaches(before, server, id), reaches(after, server, id)];
    if (!old && !now) continue;
    const distributed = [before, after].map((index) => index.clients.get(id)?.distributed === true);
    const key = JSON.stringify([old, now, distributed, named.map((through) => through.has(id))]);
    const same = classes.get(key);
    if (same) same.clients.push(id);
    else classes.set(key, { clients: [id], before: old, after: now });
  }
  return [...classes.values()];
}

function reaches({ servers, clients }: AccessIndex, serverId: string, clientId: string): boolean {
  const [server, client] = [servers.get(serverId), clients.get(clientId)];
  return server !== undefined && client !== undefined && mayReach(client, server.ras);
}

function mayReach(client: AccessClient, ras: string): boolean {
  return mayExchange(client) && client.clientIds.has(ras);
}
