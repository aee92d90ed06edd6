import { z } from 'zod';
import { type Standing, type Subjects, standingsOf } from '../../policy/standing.ts';
import { findGroup } from './groups.ts';
import { fromCursor, pageOf, pageQuery, toPage } from './page.ts';
import { type ApiCall, answer, type Outcome, type Route, refuse, route } from './route.ts';
import { ScopeShape } from './scope-shape.ts';
import type { AdminServices } from './services.ts';

const StandingShape = z.object({
  server: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  scopes: z
    .array(ScopeShape.extend({ state: z.enum(['allowed', 'conditional', 'denied']) }))
    .describe('Those that some rule speaks of. conditional: through some clients, in some circumstances, … only.'),
  by: z.array(z.string()).describe('Whom the rules that allow something name: everyone, group:ID, role:ID or user:ID.'),
});

/** What the policy in force gives to a group. Of one person `/reach/people/{id}` tells. */
export const standingRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/groups/{ref}/standing',
    id: 'getStandingOfGroup',
    summary: 'What rules say of a group or role, server by server',
    permission: 'read:policy',
    params: z.strictObject({ ref: z.string().max(600) }),
    query: z.strictObject(pageQuery),
    answer: pageOf(StandingShape),
    handle: async (call, services) => {
      const group = await findGroup(services.store, call.params.ref);
      if (!group) return refuse('api_not_found');
      const none = { groups: [], roles: [] };
      return show(
        services,
        call,
        group.kind === 'group' ? { ...none, groups: [group.id] } : { ...none, roles: [group.id] },
      );
    },
  }),
];

type Asked = Pick<
  ApiCall<unknown, { readonly limit: number; readonly cursor?: string | undefined }, unknown>,
  'query' | 'now'
>;

async function show(
  { access }: AdminServices,
  { query: { limit, cursor }, now }: Asked,
  subjects: Subjects,
): Promise<Outcome<{ items: z.output<typeof StandingShape>[]; next: string | null }>> {
  const index = access();
  if (!index) return refuse('api_not_found', 'This installation serves no identity provider.');
  const found = standingsOf(index, subjects, { now }, { after: fromCursor(cursor), limit: limit + 1 });
  return answer(toPage(found, limit, ({ server }) => server.id, toShape));
}

function toShape({ server: { id, name, isOff }, scopes, by }: Standing): z.output<typeof StandingShape> {
  const spoken = scopes.flatMap(({ state, ...scope }) => (state === 'not_given' ? [] : [{ ...scope, state }]));
  return { server: id, name, enabled: !isOff, scopes: spoken, by: [...by] };
}
