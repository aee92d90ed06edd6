import { z } from 'zod';
import { enableServer } from '../../changes/enable-server.ts';
import { toResourceIndex } from '../../in-force.ts';
import { subject } from '../../policy/access-document.ts';
import type { AccessIndex, ResourceIndex } from '../../policy/compile.ts';
import { isSame } from '../../policy/diff/same.ts';
import { displayName, issuer, id as nameId, resource, scopeName } from '../../policy/document-words.ts';
import type { AccessServer } from '../../policy/model.ts';
import { mayExchange } from '../../policy/reach.ts';
import { Problem } from '../../problem.ts';
import type { ClientSecret } from '../../store/store.ts';
import { mayReach, mayRedeem, type RemainingStep, remainingSteps } from '../steps.ts';
import { DraftShape, findDraft, showDraft } from './draft-shape.ts';
import { findAccess } from './draft-texts.ts';
import { toGround } from './drafts.ts';
import { answer, type Route, refuse, route } from './route.ts';
import { risk } from './scope-shape.ts';
import type { AdminServices } from './services.ts';

const Step = z.object({
  about: z.enum(['trust_there', 'client_there', 'publish_here', 'guard_here', 'client_here', 'secret', 'set_up']),
  title: z.string(),
  words: z.string(),
  text: z.string().nullable().describe('To be typed, pasted or told, as it is.'),
  client: z.string().nullable().describe('The client in whose page it is done.'),
  draft: z.string().optional().describe('The draft that is to be published.'),
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
      upstream: z
        .strictObject({ http: z.string().max(2048) })
        .optional()
        .describe('Of a server of our own: where it really is, for the gateway here.'),
      draft: z
        .strictObject({ id: z.string().max(64), revision: z.int().min(1) })
        .optional()
        .describe('Goes into this draft, as it was seen; without, into a new one.'),
    }),
    maxBytes: 64 * 1024,
    status: 201,
    answer: DraftShape.extend({
      guard: z
        .object({ id: z.string(), name: z.string() })
        .nullable()
        .describe('The draft of the resource document that goes with it: to be published for itself, and first.'),
    }),
    handle: async (call, services) => {
      const { draft, ...wanted } = call.body;
      if (!wanted.scopes.some(({ given }) => given))
        return refuse('api_value_invalid', 'No scope is given to anybody.');
      const found = draft && (await findDraft(services, draft.id));
      if (found && !found.ok) return found;
      if (found && found.value.revision !== draft?.revision) return refuse('api_version_differs');
      const enabled = await enableServer(toGround(call, services), wanted, found?.value);
      if (!enabled.ok) return enabled;
      const { guard } = enabled.value;
      const shown = await showDraft({ ok: true, value: enabled.value.draft }, services);
      if (!shown.ok) return shown;
      return { ...shown, value: { ...shown.value, guard: guard ? { id: guard.id, name: guard.name } : null } };
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
      const around = { secrets: await services.store.credentials.all('idp'), drafts: await draftsHere(services) };
      return answer(stepsOf(services, index, server, around));
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
      const around = { secrets: await services.store.credentials.all('idp'), drafts: await draftsHere(services) };
      const servers = [...after.servers.values()].filter(isNew).slice(0, mostServers);
      return answer({ items: servers.map((server) => stepsOf(services, after, server, around)) });
    },
  }),
];

/** What its authorization server calls each client that can come to it: of one that may not exchange nothing has to be known there. */
function idsAt(index: AccessIndex | undefined, { ras }: AccessServer): readonly (readonly [string, string])[] {
  return [...(index?.clients.values() ?? [])].filter(mayExchange).flatMap(({ id, clientIds }) => {
    const idThere = clientIds.get(ras);
    return idThere === undefined ? [] : [[id, idThere] as const];
  });
}

/** A draft of the resource document, with what it would be. */
interface DraftHere {
  readonly id: string;
  readonly name: string;
  readonly index: ResourceIndex;
}

/** Drafts of the resource document, the newest first; what cannot be compiled any more does nothing for anybody. */
async function draftsHere({ store, installation }: AdminServices): Promise<readonly DraftHere[]> {
  const found: DraftHere[] = [];
  for (const { id, kind } of (await store.drafts.list()).toReversed()) {
    const draft = kind === 'resource' ? await store.drafts.find(id) : undefined;
    if (!draft) continue;
    const origins = { idp: installation.idp, ras: installation.ras };
    try {
      const { name, document, base, digest } = draft;
      const version = { kind: 'resource', version: base, document, digest, author: '', publishedAt: 0 } as const;
      found.push({ id, name, index: toResourceIndex(version, origins) });
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault;
    }
    if (found.length === mostDraftsHere) break;
  }
  return found;
}

const mostDraftsHere = 10;

/** The newest of these that does something of a server that is not done in what is in force. */
function draftFor(
  server: AccessServer,
  index: AccessIndex,
  { inForce, drafts, idp }: { inForce: ResourceIndex | undefined; drafts: readonly DraftHere[]; idp: string },
): DraftHere | undefined {
  const idsThere = idsAt(index, server).map(([, idThere]) => idThere);
  const does: ((of: ResourceIndex) => boolean)[] = [
    (of) => of.serversByResource.has(server.resource),
    (of) => mayReach(of, server.resource, idp),
    // Known is not yet trusted: a draft may do the one without the other.
    ...idsThere.map((idThere) => (of: ResourceIndex) => of.clientsByClientId.has(idThere)),
    ...idsThere.map((idThere) => (of: ResourceIndex) => mayRedeem(of, idThere, idp)),
  ];
  const undone = does.filter((isDone) => !(inForce && isDone(inForce)));
  return drafts.find((draft) => undone.some((isDone) => isDone(draft.index)));
}

function stepsOf(
  { installation, resource: guarded }: AdminServices,
  index: AccessIndex,
  server: AccessServer,
  { secrets, drafts }: { readonly secrets: readonly ClientSecret[]; readonly drafts: readonly DraftHere[] },
): z.output<typeof Steps> {
  const resource = guarded();
  const isHere = server.ras === installation.ras;
  const drafted = isHere ? draftFor(server, index, { inForce: resource, drafts, idp: installation.idp }) : undefined;
  const steps = remainingSteps(index, server, { installation, resource, drafted, secrets });
  return { server: server.id, name: server.name, steps: steps.map((step: RemainingStep) => ({ ...step })) };
}
