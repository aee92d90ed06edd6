import { z } from 'zod';
import type { AccessIndex } from '../../policy/compile.ts';
import type { AccessServer } from '../../policy/model.ts';
import type { Administrator } from './administrator.ts';
import { ScopeShape, toScopeShapes } from './scope-shape.ts';
import type { AdminServices } from './services.ts';
import { findHead } from './subject-heads.ts';

/** From so many days without an ID-JAG on, something counts as not used. */
export const unusedDays = 90;
export const dayMs = 86_400_000;

export const days = z.coerce.number().int().min(1).max(400).describe('Days: what is on the record is kept for 400.');

/** A server with the tools that each scope opens, as far as it is guarded here. */
export const ReachedServer = z.object({
  id: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  scopes: z.array(ScopeShape.extend({ tools: z.array(z.string()) })),
});

export function toReachedServer(
  { resource }: Pick<AdminServices, 'resource'>,
  server: AccessServer,
): z.output<typeof ReachedServer> {
  const tools = [...(resource()?.serversByResource.get(server.resource)?.tools ?? [])];
  const scopes = toScopeShapes(server).map((scope) => ({
    ...scope,
    tools: tools.filter(([, needed]) => needed === scope.name).map(([tool]) => tool),
  }));
  return { id: server.id, name: server.name, enabled: !server.isOff, scopes };
}

export const NamedSubject = z.object({
  subject: z.string().describe('As rules name it: everyone, group:ID, role:ID or user:ID.'),
  name: z.string(),
});

/** Id of the account that is for owners only to see (T30), where this is no owner. */
export async function hiddenFrom(
  by: Administrator,
  { store }: Pick<AdminServices, 'store'>,
): Promise<string | undefined> {
  return by.role === 'owner' ? undefined : (await store.administrators.breakGlass())?.personId;
}

/** Whom rules name, by the names that this administrator may hear. */
export function headsOf(
  subjects: Iterable<string>,
  { store }: Pick<AdminServices, 'store'>,
  hidden: string | undefined,
): ReturnType<typeof Promise.all<Awaited<ReturnType<typeof findHead>>[]>> {
  return Promise.all([...new Set(subjects)].map((subject) => findHead(store, subject, subject !== `user:${hidden}`)));
}

/** By id, so that a page can go on after one. */
export function serversInOrder({ servers }: AccessIndex): readonly AccessServer[] {
  return [...servers.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
