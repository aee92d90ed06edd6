import { z } from 'zod';
import { firstPlace, isOnTheWay, type Place, type Reaching, type ReachingPerson, reachingFrom } from '../reaching.ts';
import { pageQuery } from './page.ts';
import { dayMs, days, hiddenFrom } from './reach-shape.ts';
import { type ApiCall, answer, type Route, refuse, route } from './route.ts';
import type { AdminServices } from './services.ts';

const params = z.strictObject({ id: z.string().max(300) });

/** What narrows a review, in its list and in its export alike. */
export const reviewQuery = {
  client: z.string().min(1).max(300).optional(),
  scope: z.string().min(1).max(300).optional(),
  unused: days.optional().describe('Only through clients that they had nothing issued through for so many days.'),
};

/** People looked at for one page: where few of many reach a server, a page may be short and go on. */
const mostLooked = 2000;

/** Who reaches a server, one by one. */
export const reachPeopleRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/reach/servers/{id}/people',
    id: 'listReaching',
    summary:
      'People who reach a server, each once: through which clients, with which scopes, by which groups, and when last',
    permission: 'read:reach',
    params,
    query: z.strictObject({ ...pageQuery, ...reviewQuery }),
    answer: z.object({
      items: z.array(
        z.object({
          person: z.object({ id: z.string(), email: z.string(), name: z.string(), source: z.string() }),
          by: z.array(z.string()).describe('Of what the rules there name, what this person is.'),
          through: z.array(z.object({ client: z.string(), scopes: z.array(z.string()), lastMs: z.int().nullable() })),
        }),
      ),
      next: z
        .string()
        .nullable()
        .describe('A page may have fewer than asked for, or none, and still be followed by another.'),
    }),
    handle: async (call, services) => {
      const asked = await toReaching(call, services);
      if (!asked) return refuse('api_not_found');
      const { limit, cursor } = call.query;
      const { version } = asked.index;
      let place = cursor === undefined ? firstPlace(asked) : readPlace(cursor, version);
      if (cursor !== undefined && !(place && isOnTheWay(asked, place)))
        return refuse('api_conflict', 'What the policy gives has changed since the page before: begin again.');
      const items: ReachingPerson[] = [];
      for (let looked = 0; place && items.length < limit && looked < mostLooked; looked += limit) {
        const { found, next }: Awaited<ReturnType<typeof reachingFrom>> = await reachingFrom(asked, place, limit);
        // Those who are too many for this page are looked at again for the next.
        if (items.length + found.length > limit) break;
        items.push(...found);
        place = next;
      }
      return answer({ items: items.map(toShape), next: place ? toCursor(place, version) : null });
    },
  }),
];

type Asked = Pick<
  ApiCall<
    z.output<typeof params>,
    { readonly client?: string | undefined; readonly scope?: string | undefined; readonly unused?: number | undefined },
    unknown
  >,
  'params' | 'query' | 'by' | 'now' | 'nowMs'
>;

/** Whose reach a call is about; `undefined` where there is no such server. */
export async function toReaching(
  { params: { id }, query: { client, scope, unused }, by, now, nowMs }: Asked,
  services: AdminServices,
): Promise<Reaching | undefined> {
  const index = services.access();
  const server = index?.servers.get(id);
  if (!index || !server) return undefined;
  const unusedSinceMs = unused === undefined ? undefined : nowMs - unused * dayMs;
  const hidden = await hiddenFrom(by, services);
  return { store: services.store, index, server, client, scope, unusedSinceMs, now, hidden };
}

function toShape({ person: { id, email, name, source }, by, granted }: ReachingPerson) {
  const through = granted.map(({ client, scopes, lastMs }) => ({
    client,
    scopes: [...scopes],
    lastMs: lastMs ?? null,
  }));
  return { person: { id, email, name, source }, by: [...by], through };
}

/** Names the version, in which a place has its meaning. */
function toCursor({ subject, after }: Place, version: number): string {
  return Buffer.from([version, subject, after].join('\n')).toString('base64url');
}

function readPlace(cursor: string, version: number): Place | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const [, of, subject, after] = /^(\d+)\n(everyone|(?:group|role|user):[^\n]+)\n([^\n]*)$/.exec(text) ?? [];
  return of === String(version) ? { subject: subject as string, after: after as string } : undefined;
}
