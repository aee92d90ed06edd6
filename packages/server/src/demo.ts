import { randomBytes } from 'node:crypto';
import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashSecret, hasSecret } from './clients/authenticate.ts';
import type { Config } from './config.ts';
import { hashPassword } from './directory/password.ts';
import type { InForce } from './in-force.ts';
import { Problem } from './problem.ts';
import type { Domain, PolicyKind, Store } from './store/store.ts';

const acme = new URL('../../../examples/acme/', import.meta.url);

/** The documents of the organisation "Acme", which a demo home starts from. */
export const acmeDocuments: Record<PolicyKind, URL> = {
  access: new URL('access.yaml', acme),
  resource: new URL('resource.yaml', acme),
};

/** What a client needs to know to try Acme: written to `HOME/demo.json`, mode 0600, and kept over restarts. */
interface DemoFile {
  readonly idp: { readonly issuer: string };
  readonly ras: { readonly issuer: string };
  readonly admin: { readonly url: string };
  readonly ca: string | null;
  readonly users: readonly DemoUser[];
  readonly clients: readonly DemoClient[];
  readonly servers: readonly {
    readonly name: string;
    readonly resource: string;
    readonly scopes: readonly string[];
    readonly tool: { readonly name: string; readonly arguments: Record<string, unknown> };
  }[];
}

interface DemoUser {
  readonly email: string;
  readonly password: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

interface DemoCredentials {
  readonly client_id: string;
  readonly client_secret: string | null;
}

interface DemoClient {
  readonly name: string;
  readonly redirect_uris: readonly string[];
  readonly idp: DemoCredentials | null;
  readonly ras: DemoCredentials | null;
}

const people = [
  { email: 'alice@acme.example', name: 'Alice', groups: ['engineering'], roles: [] },
  { email: 'bob@acme.example', name: 'Bob', groups: ['marketing'], roles: [] },
  { email: 'carol@acme.example', name: 'Carol', groups: [], roles: ['contractor'] },
  { email: 'dana@acme.example', name: 'Dana', groups: [], roles: ['administrator'] },
] as const;

/** A call that shows something for each server of Acme. */
const toolsToTry: Record<string, (dataDir: string) => { name: string; arguments: Record<string, unknown> }> = {
  everything: () => ({ name: 'echo', arguments: { message: 'no consent screen was shown' } }),
  files: (dataDir) => ({ name: 'list_directory', arguments: { path: join(dataDir, 'files', 'documents') } }),
  memory: () => ({ name: 'read_graph', arguments: {} }),
};

/**
 * Fills a demo home: people with random passwords, client secrets, sample documents. What is there already stays: the
 * same home gives the same credentials, at whatever ports it is started.
 */
export async function seedDemo(
  config: Config,
  home: { demoFile: string; dataDir: string },
  store: Store,
  inForce: InForce,
  caPath: string | undefined,
): Promise<void> {
  const before = await readDemoFile(home.demoFile);
  const isIdp = config.roles.has('idp');
  const isRas = config.roles.has('ras') || config.roles.has('gateway');
  await cp(fileURLToPath(new URL('documents/', acme)), join(home.dataDir, 'files', 'documents'), {
    recursive: true,
    force: false,
    errorOnExist: false,
  });

  const users = isIdp ? await Promise.all(people.map((person) => seedPerson(store, person, before))) : [];
  if (isIdp) await seedOwner(store);
  const clientIds = isIdp ? [...inForce.access().clients.keys()] : [...inForce.resource().clients.keys()];
  const clients: DemoClient[] = [];
  // In turn: each secret is covered together with those before it.
  for (const id of clientIds) {
    const known = before?.clients.find((client) => client.name === id);
    const atIdp = isIdp ? inForce.access().clients.get(id) : undefined;
    const atRas = isRas ? inForce.resource().clients.get(id) : undefined;
    const needsIdpSecret = atIdp !== undefined && hasSecret(atIdp);
    clients.push({
      name: id,
      redirect_uris: atIdp?.redirectUris ?? [],
      idp: atIdp ? await seedSecret(store, 'idp', id, known?.idp, needsIdpSecret) : null,
      ras: atRas ? await seedSecret(store, 'ras', id, known?.ras, hasSecret(atRas)) : null,
    });
  }
  const servers = isRas ? [...inForce.resource().servers.values()] : [...inForce.access().servers.values()];
  await writeDemoFile(home.demoFile, {
    idp: { issuer: config.idp.issuer },
    ras: { issuer: config.ras.issuer },
    admin: { url: config.admin.url },
    ca: caPath ?? null,
    users,
    clients,
    servers: servers.map(({ id, resource, scopes }) => ({
      name: id,
      resource,
      scopes: [...scopes.keys()],
      tool: toolsToTry[id]?.(home.dataDir) ?? { name: 'echo', arguments: {} },
    })),
  });
  await inForce.refresh();
}

async function seedPerson(
  store: Store,
  person: (typeof people)[number],
  before: DemoFile | undefined,
): Promise<DemoUser> {
  const { email, name, groups, roles } = person;
  const known = before?.users.find((user) => user.email === email);
  const inStore = await store.people.findByEmail(email);
  if (known && inStore) return known;

  const password = known?.password ?? randomBytes(12).toString('base64url');
  const id = inStore?.id ?? `u_${randomBytes(16).toString('base64url')}`;
  if (!inStore) await store.people.save({ id, source: 'local', email, name, active: true, groups, roles });
  await store.people.setPasswordHash(id, await hashPassword(password));
  return { email, password, groups, roles };
}

/** Dana administers, unless somebody decided otherwise since. */
async function seedOwner({ people, administrators }: Store): Promise<void> {
  const dana = await people.findByEmail('dana@acme.example');
  if (!dana || (await administrators.list()).length > 0) return;
  await administrators.grant({ personId: dana.id, role: 'owner', grantedAt: Math.floor(Date.now() / 1000) }, []);
}

async function seedSecret(
  store: Store,
  domain: Domain,
  clientId: string,
  known: DemoCredentials | null | undefined,
  isNeeded: boolean,
): Promise<DemoCredentials> {
  if (!isNeeded) return { client_id: clientId, client_secret: null };
  const secret = known?.client_secret ?? randomBytes(32).toString('base64url');
  const secretHash = hashSecret(secret);
  const live = (await store.credentials.all(domain)).some((other) => other.secretHash === secretHash);
  if (!live) await store.credentials.add({ domain, clientId, secretHash, createdAt: Math.floor(Date.now() / 1000) });
  return { client_id: clientId, client_secret: secret };
}

async function readDemoFile(file: string): Promise<DemoFile | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as DemoFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Problem(`Cannot read ${file}: ${(error as Error).message}`, 'Remove the demo home to start a new one.');
  }
}

async function writeDemoFile(file: string, content: DemoFile): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
