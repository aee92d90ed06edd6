import { z } from 'zod';
import { Catalogue, catalogue } from '../../catalogue/catalogue.ts';
import { createPace } from '../../limits.ts';
import { probeServer } from '../probe.ts';
import { answer, type Route, refuse, route } from './route.ts';
import type { AdminServices } from './services.ts';

const Finding = z.object({
  about: z.enum([
    'resource_metadata',
    'resource_matches',
    'authorization_server',
    'issuer_matches',
    'jwt_bearer',
    'id_jag_profile',
    'token_endpoint',
    'revocation',
  ]),
  verdict: z.enum(['good', 'bad', 'unknown']),
  words: z.string(),
  evidence: z.string().nullable().describe('What was seen, in the words of a stranger.'),
});

const Probed = z.object({
  url: z.string(),
  resource: z.string().nullable(),
  name: z.string().nullable(),
  scopes: z.array(z.string()),
  authorizationServers: z.array(
    z.object({
      issuer: z.string(),
      metadata: z.string().nullable(),
      tokenEndpoint: z.string().nullable(),
      grants: z.array(z.string()),
      scopes: z.array(z.string()),
      authentication: z.array(z.string()),
      takesIdJags: z.boolean().nullable().describe('Whether its metadata says so; null = there was none.'),
      findings: z.array(Finding),
    }),
  ),
  findings: z.array(Finding),
});

/** One probe makes up to six requests: a few at once, then one in ten seconds. */
const pace = { burst: 6, perSecond: 0.1 };
const url = z.string().max(2048).refine(isHttpUrl, 'must be an http or https URL without user name or fragment');

/** What is publicly known of systems, and what they say of themselves now. */
export const catalogueRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/catalogue',
    id: 'getCatalogue',
    summary:
      'Servers, clients and identity providers that are known, each field with its source and date; null = unknown',
    permission: 'read:policy',
    answer: Catalogue,
    handle: async () => answer(catalogue),
  }),
  route({
    method: 'POST',
    path: '/probes',
    id: 'probeServer',
    summary: 'Ask a server and its authorization servers what they say of themselves, and what is missing for ID-JAGs',
    permission: 'probe',
    body: z.strictObject({
      url,
      issuer: url.optional().describe('Of an authorization server to look at instead of those the server names.'),
    }),
    answer: Probed,
    handle: async ({ body, by, row }, services) => {
      const { store, egress } = services;
      if (!paceOf(services).take(by.person.id)) return refuse('admin_too_fast');
      const detail = body.issuer === undefined ? 'server probed' : `server probed, and ${withoutQuery(body.issuer)}`;
      const resource = withoutQuery(body.url);
      await store.commit({ marks: [], records: [row('admin', { detail, resource })] });
      const { authorizationServers, scopes, findings, ...rest } = await probeServer(egress, body);
      return answer({
        ...rest,
        scopes: [...scopes],
        findings: findings.map((each) => ({ ...each })),
        authorizationServers: authorizationServers.map((each) => ({
          ...each,
          grants: [...each.grants],
          scopes: [...each.scopes],
          authentication: [...each.authentication],
          findings: each.findings.map((finding) => ({ ...finding })),
        })),
      });
    },
  }),
];

const paces = new WeakMap<AdminServices, ReturnType<typeof createPace>>();

function paceOf(services: AdminServices): ReturnType<typeof createPace> {
  const known = paces.get(services) ?? createPace({ ...pace, nowMs: services.nowMs });
  paces.set(services, known);
  return known;
}

/** Some put a key there, and the record is for good. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '' && hash === '';
}
