import { z } from 'zod';
import { enableServer } from '../../changes/enable-server.ts';
import { subject } from '../../policy/access-document.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import { isSame } from '../../policy/diff/same.ts';
import { displayName, issuer, id as nameId, resource, scopeName } from '../../policy/document-words.ts';
import type { AccessServer } from '../../policy/model.ts';
import type { ClientSecret } from '../../store/store.ts';
import { type RemainingStep, remainingSteps } from '../steps.ts';
import { findAccess } from './draft-effects.ts';
import { DraftShape, findDraft, showDraft, toGround } from './drafts.ts';
import { answer, type Route, refuse, route } from './route.ts';
import { risk } from './scope-shape.ts';
import type { AdminServices } from './services.ts';

const Step = z.object({
  about: z.enum(['trust_there', 'client_there', 'guard_here', 'client_here', 'secret', 'set_up']),
  title: z.string(),
  words: z.string(),
  text: z.string().nullable().describe('To be typed, pasted or told, as it is.'),
  client: z.string().nullable().describe('The client in whose page it is done.'),
});
const Steps = z.object({ server: z.string(), name: z.string(), steps: z.array(Step) });

/** Servers that one answer tells of: a client that gets an id at an authorization server may be new at hundreds. */
const mostServers = 20;

/** From a server in the catalogue, or an address, to people who reach it. */
export const enableServerRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/servers',
    id: 'enableServer',
    summary: 'Draft that groups reach a server through clients, by one rule; nothing is in force by it',
    permission: 'apply',
    body: z.strictObject({
      id: nameId,
      name: displayName.optional(),
      resource,
      ras: issuer.describe('Of the authorization server that guards it.'),
      scopes: z
        .array(z.strictObject({ name: scopeName, risk, given: z.boolean().describe('The rule allows it.') }))
        .min(1)
        .max(100),
      to: z.array(subject).min(1).max(50),
      through: z
        .array(
          z.strictObject({
            id: nameId.describe('Of a client that is there, or that the catalogue knows.'),
            clientId: z.string().max(256).optional().describe('What the authorization server calls it.'),
            distributed: z.boolean().optional().describe('Of one that is new: its secret is on many machines.'),
          }),
        )
        .min(1)
        .max(50),
      draft: z
        .strictObject({ id: z.string().max(64), revision: z.int().min(1) })
        .optional()
        .describe('Goes into this draft, as it was seen; without, into a new one.'),
    }),
    maxBytes: 64 * 1024,
    status: 201,
    answer: DraftShape,
    handle: async (call, services) => {
      const { draft, ...wanted } = call.body;
      if (!wanted.scopes.some(({ given }) => given))
        return refuse('api_value_invalid', 'No scope is given to anybody.');
      const found = draft && (await findDraft(services, draft.id));
      if (found && !found.ok) return found;
      if (found && found.value.revision !== draft?.revision) return refuse('api_version_differs');
      return showDraft(await enableServer(toGround(call, services), wanted, found?.value), services);
    },
  }),
  route({
    method: 'GET',
    path: '/servers/{id}/steps',
    id: 'serverSteps',
    summary: 'What remains to be done by hand before agents reach a server: what cannot be seen from here stays',
    permission: 'read:policy',
    params: z.strictObject({ id: z.string().max(300) }),
    answer: Steps,
    handle: async ({ params: { id } }, services) => {
      const index = services.access();
      const server = index?.servers.get(id);
      if (!index || !server) return refuse('api_not_found');
      return answer(stepsOf(services, index, server, await services.store.credentials.all('idp')));
    },
  }),
  route({
    method: 'GET',
    path: '/drafts/{id}/steps',
    id: 'draftSteps',
    summary: 'The same of a draft: of servers that it adds, or that clients are new at',
    permission: 'read:policy',
    params: z.strictObject({ id: z.string().max(64) }),
    answer: z.object({ items: z.array(Steps) }),
    handle: async ({ params: { id } }, services) => {
      const found = await findAccess(services, id);
      if (!found.ok) return found;
      const { before, after } = found.value;
      const isNew = (server: AccessServer) =>
        !isSame(idsAt(before, server), idsAt(after, server)) || before?.servers.get(server.id) === undefined;
      const secrets = await services.store.credentials.all('idp');
      const servers = [...after.servers.values()].filter(isNew).slice(0, mostServers);
      return answer({ items: servers.map((server) => stepsOf(services, after, server, secrets)) });
    },
  }),
];

/** What its authorization server calls each client. */
function idsAt(index: AccessIndex | undefined, { ras }: AccessServer): readonly (readonly [string, string])[] {
  return [...(index?.clients.values() ?? [])].flatMap(({ id, clientIds }) => {
    const idThere = clientIds.get(ras);
    return idThere === undefined ? [] : [[id, idThere] as const];
  });
}

function stepsOf(
  { installation, resource: guarded }: AdminServices,
  index: AccessIndex,
  server: AccessServer,
  secrets: readonly ClientSecret[],
): z.output<typeof Steps> {
  const steps = remainingSteps(index, server, { installation, resource: guarded(), secrets });
  return { server: server.id, name: server.name, steps: steps.map((step: RemainingStep) => ({ ...step })) };
}
