import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { type Granted, grantedTo } from '../../policy/audience.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import { type Rule, splitSubject } from '../../policy/compile-rules.ts';
import type { AccessServer, Ask } from '../../policy/model.ts';
import { audienceShared, countPeople } from '../audience.ts';
import { fromCursor, pageQuery, toPage } from './page.ts';
import { isHidden } from './people.ts';
import { personParams } from './people-shape.ts';
import { answer, type Route, refuse, route } from './route.ts';
import { RuleShape, toRuleShape } from './rule-shape.ts';
import { ScopeShape, toScopeShapes } from './scope-shape.ts';
import type { AdminServices } from './services.ts';
import { findHead, sizesOf } from './subject-heads.ts';

const unusedDays = 90;
const day = 86_400_000;

const Through = z.object({ client: z.string(), scopes: z.array(z.string()), lastMs: z.int().nullable() });

/** Everything that stands between somebody and a tool, as far as this server goes: the parts of a graph. */
const Parts = {
  server: z.object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(ScopeShape.extend({ tools: z.array(z.string()) })),
  }),
  rules: z.array(RuleShape),
};

/** Who reaches what by the policy in force, after the best sign-in and in the best circumstances: whoever shows less gets less. */
export const reachRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/reach/people/{id}',
    id: 'reachOfPerson',
    summary: 'What one person reaches: by server, through which client, by which rules, and when it was last used',
    permission: 'read:reach',
    params: personParams,
    query: z.strictObject({ ...pageQuery, server: z.string().max(300).optional() }),
    answer: z.object({
      items: z.array(z.object({ ...Parts, through: z.array(Through) })),
      next: z.string().nullable(),
    }),
    handle: async ({ params: { id }, query, by, now }, services) => {
      const { store, access } = services;
      const person = (await isHidden(services, by, id)) ? undefined : await store.people.find(id);
      const index = access();
      if (!index || !person) return refuse('api_not_found');
      const uses = new Map((await store.agentUses.of(id)).map((use) => [`${use.client}\n${use.server}`, use.lastMs]));
      const after = fromCursor(query.cursor);
      const found: { server: AccessServer; granted: readonly Granted[] }[] = [];
      for (const [at, server] of serversInOrder(index).entries()) {
        if (found.length > query.limit || !person.active) break;
        if ((query.server !== undefined && server.id !== query.server) || server.id <= after) continue;
        const granted = grantedTo(index, { person, server, now });
        if (granted.length > 0) found.push({ server, granted });
        if (at % 100 === 99) await setImmediate();
      }
      return answer(
        toPage(
          found,
          query.limit,
          ({ server }) => server.id,
          ({ server, granted }) => ({
            ...toParts(services, index, server, (rule) => isAbout(rule, person)),
            through: granted.map(({ client, scopes }) => ({
              client,
              scopes: [...scopes],
              lastMs: uses.get(`${client}\n${server.id}`) ?? null,
            })),
          }),
        ),
      );
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
      ...Parts,
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
      const used = await store.uses.people(id, nowMs - unusedDays * day);
      const byClient = countPeople(audience, ({ granted }) => granted.map(({ client }) => client));
      const byScope = countPeople(audience, ({ granted }) => granted.flatMap(({ scopes }) => scopes));
      const bySubject = countPeople(audience, ({ subjects }) => subjects);
      const people = audience.reduce((sum, { size }) => sum + size, 0);
      const named = new Set(index.rules.get(id)?.all.flatMap(({ to }) => to));
      const known = await Promise.all(
        [...named].map(async (subject) => {
          const [kind, of] = splitSubject(subject);
          return findHead(store, subject, !(kind === 'user' && (await isHidden(services, by, of))));
        }),
      );
      const sizes = await sizesOf(store, known);
      return answer({
        ...toParts(services, index, server, () => true),
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
        z.object({ ...Parts, clientId: z.string(), used: z.int().describe('People, in the last 90 days.') }),
      ),
      next: z.string().nullable(),
    }),
    handle: async ({ params: { id }, query: { limit, cursor }, nowMs }, services) => {
      const { store, access } = services;
      const index = access();
      const client = index?.clients.get(id);
      if (!index || !client) return refuse('api_not_found');
      const after = fromCursor(cursor);
      const servers = serversInOrder(index).filter((server) => server.id > after && client.clientIds.has(server.ras));
      const shown = servers.slice(0, limit + 1);
      const used = new Map<string, number>();
      for (const server of shown) {
        used.set(server.id, (await store.uses.people(server.id, nowMs - unusedDays * day)).get(id) ?? 0);
      }
      return answer(
        toPage(
          shown,
          limit,
          (server) => server.id,
          (server) => ({
            ...toParts(services, index, server, ({ through }) => !through || through.has(id)),
            clientId: client.clientIds.get(server.ras) ?? '',
            used: used.get(server.id) ?? 0,
          }),
        ),
      );
    },
  }),
];

/** By id, so that a page can go on after one. */
function serversInOrder({ servers }: AccessIndex): readonly AccessServer[] {
  return [...servers.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function toParts(
  { resource }: Pick<AdminServices, 'resource'>,
  index: AccessIndex,
  server: AccessServer,
  isMeant: (rule: Rule) => boolean,
) {
  const tools = [...(resource()?.serversByResource.get(server.resource)?.tools ?? [])];
  const scopes = toScopeShapes(server).map((scope) => ({
    ...scope,
    tools: tools.filter(([, needed]) => needed === scope.name).map(([tool]) => tool),
  }));
  const rules = (index.rules.get(server.id)?.all ?? []).filter(isMeant).map(toRuleShape);
  return { server: { id: server.id, name: server.name, scopes }, rules };
}

function isAbout({ to }: Rule, { id, groups, roles }: Ask['person']): boolean {
  const subjects = new Set([
    'everyone',
    `user:${id}`,
    ...groups.map((group) => `group:${group}`),
    ...roles.map((role) => `role:${role}`),
  ]);
  return to.some((subject) => subjects.has(subject));
}
