import { z } from 'zod';
import type { AccessIndex, ResourceIndex } from '../../policy/compile.ts';
import { answer, type Route, route } from './route.ts';

const Named = z.object({ id: z.string(), name: z.string() });
const Names = z.object({ servers: z.array(Named), clients: z.array(Named) });

/** What ids are called: for pages that show names, and lists to choose from. Everything else about a thing is asked for where it is shown. */
export const nameRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/names',
    id: 'listNames',
    summary: 'Names of all servers and clients of the policy in force, and nothing else about them',
    permission: 'read:policy',
    answer: z.object({
      granted: Names.describe('As the access document has them: of others no rule speaks.'),
      others: Names.describe('Those of the resource document whose ids the access document has not.'),
    }),
    handle: async (_, { access, resource }) => {
      const granted = namesOf(access());
      const guarded = namesOf(resource());
      const others = {
        servers: without(guarded.servers, granted.servers),
        clients: without(guarded.clients, granted.clients),
      };
      return answer({ granted, others });
    },
  }),
];

function namesOf(index: AccessIndex | ResourceIndex | undefined): z.output<typeof Names> {
  const named = (things: Iterable<z.output<typeof Named>>) => [...things].map(({ id, name }) => ({ id, name }));
  return { servers: named(index?.servers.values() ?? []), clients: named(index?.clients.values() ?? []) };
}

function without<T extends { readonly id: string }>(some: readonly T[], known: readonly T[]): T[] {
  const ids = new Set(known.map(({ id }) => id));
  return some.filter(({ id }) => !ids.has(id));
}
