/** Acme as it is at nine in the morning: everybody, and everything that agents reach. */
export interface Organisation {
  readonly people: readonly Person[];
  readonly servers: readonly string[];
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly department: string;
}

/** The one client that everybody's agents run in. */
export const client = { id: 'acme-agent', redirectUri: 'http://127.0.0.1/callback' };
/** The tool that each server has. */
export const tool = 'latest';
/** The group that everybody is in. */
export const everybody = 'staff';

const departments = ['engineering', 'finance', 'legal', 'marketing', 'operations', 'people', 'sales', 'support'];
const firstNames = [
  'Ada',
  'Bo',
  'Cleo',
  'Dara',
  'Eli',
  'Fay',
  'Gus',
  'Hana',
  'Ivo',
  'Jun',
  'Kim',
  'Lea',
  'Max',
  'Noa',
  'Oz',
];
const lastNames = [
  'Adler',
  'Berg',
  'Costa',
  'Dahl',
  'Endo',
  'Fuchs',
  'Garcia',
  'Haas',
  'Ito',
  'Jansen',
  'Kaya',
  'Lund',
];
const serverNames = [
  ...['analytics', 'assets', 'billing', 'builds', 'calendar', 'campaigns', 'catalogue', 'chat', 'contracts', 'crm'],
  ...[
    'deployments',
    'designs',
    'directory',
    'expenses',
    'feature-flags',
    'files',
    'forms',
    'incidents',
    'inventory',
    'invoices',
  ],
  ...['knowledge', 'logs', 'mail', 'orders', 'payroll', 'reports', 'roadmap', 'surveys', 'tickets', 'wiki'],
];

/** So many people and servers; the same numbers give the same organisation. */
export function makeOrganisation(people: number, servers: number): Organisation {
  return {
    people: Array.from({ length: people }, (_, at) => {
      const first = pick(firstNames, at);
      const last = pick(lastNames, Math.floor(at / firstNames.length));
      const email = `${first}.${last}.${at + 1}@acme.example`.toLowerCase();
      return { id: `u_org_${at + 1}`, name: `${first} ${last}`, email, department: pick(departments, at) };
    }),
    servers: Array.from({ length: servers }, (_, at) => serverNames[at] ?? `server-${at + 1}`),
  };
}

/**
 * The two policy documents. Everybody may read everywhere, by one rule: what is shown is how often it is asked, not how it is
 * answered.
 * @param port - where the MCP servers are, each at a path of its own
 */
export function toDocuments(
  { servers }: Organisation,
  port: number,
): { readonly access: string; readonly resource: string } {
  const each = <T>(entry: (id: string) => T) => Object.fromEntries(servers.map((id) => [id, entry(id)]));
  const access = {
    servers: each((id) => ({ local: id, scopes: { [`${id}:read`]: {} } })),
    clients: { [client.id]: { redirect_uris: [client.redirectUri], client_ids: { local: client.id } } },
    rules: [{ id: 'staff-reads', allow: 'all', on: servers, to: [`group:${everybody}`], through: [client.id] }],
  };
  const resource = {
    servers: each((id) => ({
      upstream: { http: `http://127.0.0.1:${port}/${id}/mcp` },
      scopes: { [`${id}:read`]: {} },
      tools: { [tool]: `${id}:read` },
    })),
    clients: { [client.id]: {} },
    trust: { local: { keys: 'discovery', accounts: 'create', clients: [client.id] } },
  };
  return { access: JSON.stringify(access, null, 2), resource: JSON.stringify(resource, null, 2) };
}

function pick(from: readonly string[], at: number): string {
  return from[at % from.length] ?? '';
}
