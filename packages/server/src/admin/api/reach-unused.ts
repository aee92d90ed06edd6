import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { AccessIndex } from '../../policy/compile.ts';
import type { AccessServer } from '../../policy/model.ts';
import { countReach } from '../audience.ts';
import { givenTo } from '../reaching.ts';
import { fromCursor, toPage } from './page.ts';
import { dayMs, days, serversInOrder, unusedDays } from './reach-shape.ts';
import { answer, type Route, refuse, route } from './route.ts';

/** What was given and is not used. */
export const reachUnusedRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/reach/unused',
    id: 'listUnused',
    summary: 'Servers that rules give to somebody, those first that nobody uses: how many may, and how many did',
    permission: 'read:reach',
    query: z.strictObject({
      days: days.default(unusedDays),
      limit: z.coerce.number().int().min(1).max(50).default(10).describe('How many at most: groups are read for each.'),
      cursor: z.string().max(1000).optional().describe('`next` of the page before.'),
    }),
    answer: z.object({
      sinceMs: z.int(),
      unused: z.int().describe('Servers that nobody had an ID-JAG issued for in these days.'),
      given: z.int().describe('Servers that some rule gives to somebody.'),
      items: z.array(
        z.object({
          server: z.object({ id: z.string(), name: z.string() }),
          people: z.int().describe('Who may have anything there.'),
          used: z.int().describe('Who had an ID-JAG issued for it in these days; some of them may no more.'),
          issued: z.int().describe('ID-JAGs.'),
        }),
      ),
      next: z.string().nullable(),
    }),
    handle: async ({ query, now, nowMs }, { store, access }) => {
      const index = access();
      if (!index) return refuse('api_not_found', 'This installation serves no identity provider.');
      const sinceMs = nowMs - query.days * dayMs;
      const sums = await store.uses.sums({ side: 'idp', by: 'server', fromMs: sinceMs });
      // Whoever asks for a token meanwhile has a turn after each step.
      await setImmediate();
      const given = givenServers(index, now).map((server) => ({ server, issued: sums.get(server.id)?.issued ?? 0 }));
      const ordered = given
        .map((each) => ({ ...each, key: keyOf(each.issued, each.server.id) }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
      await setImmediate();
      const after = fromCursor(query.cursor);
      const shown = ordered.filter(({ key }) => key > after).slice(0, query.limit + 1);
      const { items, next } = toPage(
        shown,
        query.limit,
        ({ key }) => key,
        (each) => each,
      );
      const told = [];
      for (const { server, issued } of items) {
        const people = await countReach(store, index, server, { now });
        const used = issued === 0 ? 0 : await store.uses.countPeople(server.id, sinceMs);
        told.push({ server: { id: server.id, name: server.name }, people, used, issued });
        await setImmediate();
      }
      const unused = given.filter(({ issued }) => issued === 0).length;
      return answer({ sinceMs, unused, given: given.length, items: told, next });
    },
  }),
];

const given = new WeakMap<
  AccessIndex,
  { readonly from: number; readonly to: number; readonly servers: readonly AccessServer[] }
>();

/** Servers that rules give to somebody: looked for once for each index, until a rule ends that gives something. */
export function givenServers(index: AccessIndex, now: number): readonly AccessServer[] {
  const known = given.get(index);
  if (known && known.from <= now && now < known.to) return known.servers;
  const servers = serversInOrder(index).filter((server) => !server.isOff && givenTo({ index, server, now }).length > 0);
  const to = index.endings?.find(({ until }) => until > now)?.until ?? Number.POSITIVE_INFINITY;
  given.set(index, { from: now, to, servers });
  return servers;
}

/** In the order of the list: by how often it was used, then by id. */
function keyOf(issued: number, id: string): string {
  return `${String(issued).padStart(15, '0')} ${id}`;
}
