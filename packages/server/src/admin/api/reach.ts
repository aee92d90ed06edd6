import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { AccessIndex } from '../../policy/compile.ts';
import type { Rule } from '../../policy/compile-rules.ts';
import type { AccessServer } from '../../policy/model.ts';
import { type PersonStanding, standingOfPerson } from '../../policy/standing.ts';
import { audienceShared, countPeople } from '../audience.ts';
import { fromCursor, pageQuery, toPage } from './page.ts';
import { isHidden } from './people.ts';
import { personParams } from './people-shape.ts';
import {
  dayMs,
  headsOf,
  hiddenFrom,
  NamedSubject,
  ReachedServer,
  serversInOrder,
  toReachedServer,
  unusedDays,
} from './reach-shape.ts';
import { answer, type Route, refuse, route } from './route.ts';
import { RuleShape, toRuleShape } from './rule-shape.ts';
import { ScopeShape } from './scope-shape.ts';
import { sizesOf } from './subject-heads.ts';

const Through = z.object({ client: z.string(), scopes: z.array(z.string()), lastMs: z.int().nullable() });

const scopeState = z
  .enum(['allowed', 'conditional', 'denied', 'withheld'])
  .describe(
    'conditional: through some clients, in some circumstances, … only. withheld: given, and to be had through no client.',
  );

/** Who reaches what by the policy in force, after the best sign-in and in the best circumstances: whoever shows less gets less. */
export const reachRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/reach/people/{id}',
    id: 'reachOfPerson',
    summary:
      'What one person reaches, server by server: through which client and when last, because of whom, and what rules refuse',
    permission: 'read:reach',
    params: personParams,
    query: z.strictObject({
      ...pageQuery,
      only: z.enum(['all', 'reached']).default('all').describe('reached: servers where they may have anything.'),
    }),
    answer: z.object({
      active: z.boolean().describe('false: switched off, and reaching nothing.'),
      items: z.array(
        z.object({
          server: z.object({ id: z.string(), name: z.string(), enabled: z.boolean() }),
          scopes: z.array(ScopeShape.extend({ state: scopeState })).describe('Those that some rule speaks of.'),
          by: z.array(z.string()).describe('Whom the rules that allow something name.'),
          through: z.array(Through),
        }),
      ),
      next: z.string().nullable(),
    }),
    handle: async ({ params: { id }, query, by, now }, services) => {
      const { store, access } = services;
      const person = (await isHidden(services, by, id)) ? undefined : await store.people.find(id);
      const index = access();
      if (!index || !person) return refuse('api_not_found');
      const uses = new Map((await store.agentUses.of(id)).map((use) => [`${use.client}\n${use.server}`, use.lastMs]));
      const after = fromCursor(query.cursor);
      const found: PersonStanding[] = [];
      for (const [at, server] of serversInOrder(index).entries()) {
        if (found.length > query.limit || !person.active) break;
        if (server.id <= after) continue;
        const standing = standingOfPerson(index, person, server, now);
        if (standing && (query.only === 'all' || standing.through.length > 0)) found.push(standing);
        if (at % 100 === 99) await setImmediate();
      }
      const page = toPage(
        found,
        query.limit,
        ({ server }) => server.id,
        ({ server: { id: of, name, isOff }, scopes, by: because, through }) => ({
          server: { id: of, name, enabled: !isOff },
          scopes: [...scopes],
          by: [...because],
          through: through.map(({ client, scopes: granted }) => ({
            client,
            scopes: [...granted],
            lastMs: uses.get(`${client}\n${of}`) ?? null,
          })),
        }),
      );
      return answer({ active: person.active, ...page });
    },
  }),
  route({
    method: 'GET',
    path: '/reach/servers/{id}',
    id: 'reachOfServer',
    summary:
      'Who reaches a server: people by client, scope and group, the rules that let them, and how many of them do not use it',
    permission: 'read:reach',
    params: z.strictObject({ id: z.string().max(300) }),
    answer: z.object({
      server: ReachedServer,
      rules: z.array(RuleShape),
      people: z.int().describe('Who may have anything there, through any client.'),
      clients: z.array(
        z.object({
          client: z.string(),
          people: z.int(),
          used: z
            .int()
            .describe(`Of them, who had an ID-JAG issued in the last ${unusedDays} days, or had and may no more.`),
        }),
      ),
      scopes: z.array(z.object({ scope: z.string(), people: z.int() })),
      subjects: z.array(
        z.object({
          subject: z.string(),
          name: z.string(),
          people: z.int().describe('Whom the rules are about that name it.'),
          reaching: z.int().describe('Of them, who may have anything there.'),
        }),
      ),
    }),
    handle: async ({ params: { id }, by, now, nowMs }, services) => {
      const { store, access } = services;
      const index = access();
      const server = index?.servers.get(id);
      if (!index || !server) return refuse('api_not_found');
      const audience = await audienceShared(store, index, server, now);
      const used = await store.uses.people(id, nowMs - unusedDays * dayMs);
      const byClient = countPeople(audience, ({ granted }) => granted.map(({ client }) => client));
      const byScope = countPeople(audience, ({ granted }) => granted.flatMap(({ scopes }) => scopes));
      const bySubject = countPeople(audience, ({ subjects }) => subjects);
      const people = audience.reduce((sum, { size }) => sum + size, 0);
      const named = new Set(index.rules.get(id)?.all.flatMap(({ to }) => to));
      const known = await headsOf(named, services, await hiddenFrom(by, services));
      const sizes = await sizesOf(store, known);
      return answer({
        server: toReachedServer(services, server),
        rules: rulesOf(index, server, () => true),
        people,
        clients: [...byClient].map(([client, some]) => ({ client, people: some, used: used.get(client) ?? 0 })),
        scopes: [...server.scopes.keys()].map((scope) => ({ scope, people: byScope.get(scope) ?? 0 })),
        subjects: known.map(({ subject, name }) => ({
          subject,
          name,
          people: sizes.get(subject) ?? 0,
          reaching: subject === 'everyone' ? people : (bySubject.get(subject) ?? 0),
        })),
      });
    },
  }),
  route({
    method: 'GET',
    path: '/reach/clients/{id}',
    id: 'reachOfClient',
    summary: 'Where a client may go for whom: servers that know it, with the rules that speak of it',
    permission: 'read:reach',
    params: z.strictObject({ id: z.string().max(300) }),
    query: z.strictObject(pageQuery),
    answer: z.object({
      items: z.array(
        z.object({
          server: ReachedServer,
          rules: z.array(RuleShape),
          clientId: z.string(),
          used: z.int().describe('People, in the last 90 days.'),
        }),
      ),
      subjects: z.array(NamedSubject).describe('Whom the rules of this page name.'),
      next: z.string().nullable(),
    }),
    handle: async ({ params: { id }, query: { limit, cursor }, by, nowMs }, services) => {
      const { store, access } = services;
      const index = access();
      const client = index?.clients.get(id);
      if (!index || !client) return refuse('api_not_found');
      const after = fromCursor(cursor);
      const servers = serversInOrder(index).filter((server) => server.id > after && client.clientIds.has(server.ras));
      const shown = servers.slice(0, limit + 1);
      const used = new Map<string, number>();
      for (const server of shown) {
        used.set(server.id, (await store.uses.people(server.id, nowMs - unusedDays * dayMs)).get(id) ?? 0);
      }
      const page = toPage(
        shown,
        limit,
        (server) => server.id,
        (server) => ({
          server: toReachedServer(services, server),
          rules: rulesOf(index, server, ({ through }) => !through || through.has(id)),
          clientId: client.clientIds.get(server.ras) ?? '',
          used: used.get(server.id) ?? 0,
        }),
      );
      const named = page.items.flatMap(({ rules }) => rules.flatMap(({ to }) => to));
      const heads = await headsOf(named, services, await hiddenFrom(by, services));
      return answer({ ...page, subjects: heads.map(({ subject, name }) => ({ subject, name })) });
    },
  }),
];

function rulesOf(
  index: AccessIndex,
  { id }: AccessServer,
  isMeant: (rule: Rule) => boolean,
): z.output<typeof RuleShape>[] {
  return (index.rules.get(id)?.all ?? []).filter(isMeant).map(toRuleShape);
}
