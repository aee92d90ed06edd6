import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSecret } from '../packages/server/src/clients/authenticate.ts';
import { openHome } from '../packages/server/src/home.ts';
import { openKeyRing } from '../packages/server/src/keys/key-ring.ts';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import type { Store } from '../packages/server/src/store/store.ts';

/** The two trust domains, as every contender plays them. */
export const issuers = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' } as const;
export type Side = keyof typeof issuers;
/** Of the ID-JAGs that are redeemed: one of our own that is on no record would be an alarm, and rightly so (T13). */
export const partner = 'https://id.partner.example';

/** One client for each way to authenticate; they go by the same id at both sides. */
export const clients = {
  client_secret_post: { id: 'secret-client', secret: createHash('sha256').update('secret-client').digest('base64url') },
  private_key_jwt: { id: 'key-client' },
} as const;
export type ClientMethod = keyof typeof clients;

export const scope = 'read';
export const lifetimes = { idJag: 300, accessToken: 600 } as const;

/** What the contenders are given, and what the requests are made from. */
export interface Fixture {
  /** Folder of this run. */
  readonly dir: string;
  /** Home of Credence. */
  readonly home: string;
  readonly keys: Readonly<Record<'idToken' | 'idJag' | 'accessToken' | 'client', PrivateJwk>>;
  readonly people: readonly { readonly id: string; readonly sid: string; readonly groups: readonly string[] }[];
  readonly resources: readonly string[];
}

const serverIds = Array.from({ length: 30 }, (_, at) => `server-${at}`);
const peopleCount = 1000;

/** Where the store is not in the home. */
interface OtherStore {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly openStore?: () => Promise<Store>;
}

/** Makes the home of Credence, with keys, people, sessions and documents; the others get the same from `fixture.json`. */
export async function prepareFixture(dir: string, { config = {}, openStore }: OtherStore = {}): Promise<Fixture> {
  const home = await openHome(join(dir, 'home'));
  const now = Math.floor(Date.now() / 1000);
  const keyOf = async (purpose: 'id_token' | 'id_jag' | 'access_token', algorithm: 'RS256' | 'ES256') => {
    const ring = await openKeyRing({
      keysDir: home.keysDir,
      purpose,
      algorithm,
      seal: undefined,
      now: () => now,
      tokenSeconds: 3600,
      rotateAfterSeconds: 90 * 86_400,
      waitSeconds: 600,
      onRotated: async () => undefined,
    });
    return ring.privateJwks()[0] as PrivateJwk;
  };
  const fixture: Fixture = {
    dir,
    home: home.dir,
    keys: {
      idToken: await keyOf('id_token', 'RS256'),
      idJag: await keyOf('id_jag', 'ES256'),
      accessToken: await keyOf('access_token', 'ES256'),
      client: generatePrivateJwk('ES256'),
    },
    people: Array.from({ length: peopleCount }, (_, at) => ({
      id: `u_person-${at}`,
      sid: `session-${at}`,
      groups: ['engineering', `team-${at % 40}`, `site-${at % 7}`, 'staff', `level-${at % 5}`],
    })),
    resources: serverIds.map((id) => `${issuers.ras}/${id}/mcp`),
  };
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'fixture.json'), JSON.stringify(fixture));
  await writeFile(join(home.dir, 'credence.yaml'), JSON.stringify({ ...toConfig(), ...config }));
  await writeFile(join(home.dir, 'access.yaml'), JSON.stringify(toAccess(fixture)));
  await writeFile(join(home.dir, 'resource.yaml'), JSON.stringify(toResource(fixture)));
  const store = await (openStore?.() ?? openSqliteStore(home.storeFile, { node: 'bench-seed' }));
  await seed(store, fixture, now);
  await store.close();
  return fixture;
}

function toConfig() {
  // One person plays everybody here, and one client all of theirs, who together are not held to the pace of one.
  const limits = { clientPerSecond: 1_000_000 };
  const idp = { issuer: issuers.idp, burst: 1_000_000 };
  return { organisation: 'Acme', roles: ['idp', 'ras'], limits, idp, ras: { issuer: issuers.ras } };
}

function toAccess({ keys, resources }: Fixture) {
  const { client_secret_post, private_key_jwt } = clients;
  const client = ({ id }: { id: string }) => ({
    redirect_uris: ['http://localhost/callback'],
    client_ids: { [issuers.ras]: id },
  });
  return {
    servers: Object.fromEntries(
      serverIds.map((id, at) => [
        id,
        { resource: resources[at], ras: issuers.ras, scopes: { read: {}, write: { risk: 'high' } } },
      ]),
    ),
    clients: {
      [client_secret_post.id]: client(client_secret_post),
      [private_key_jwt.id]: { ...client(private_key_jwt), jwks: { keys: [toPublicJwk(keys.client)] } },
    },
    rules: serverIds.flatMap((on, at) => [
      { id: `${on}-read`, allow: ['read'], on, to: ['group:engineering'] },
      { id: `${on}-team`, allow: 'all', on, to: [`group:team-${at}`] },
      { id: `${on}-fresh`, require: { max_age: 28_800 }, for: ['write'], on },
      { id: `${on}-out`, deny: 'all', on, to: ['role:contractor'] },
    ]),
  };
}

function toResource({ keys }: Fixture) {
  return {
    servers: Object.fromEntries(
      serverIds.map((id) => [
        id,
        {
          upstream: { http: 'http://127.0.0.1:9/mcp' },
          scopes: { read: {}, write: { risk: 'high' } },
          tools: { '*': 'write' },
        },
      ]),
    ),
    clients: {
      [clients.client_secret_post.id]: {},
      [clients.private_key_jwt.id]: { jwks: { keys: [toPublicJwk(keys.client)] } },
    },
    trust: {
      [partner]: {
        keys: { keys: [toPublicJwk(keys.idJag)] },
        accounts: 'create',
        clients: Object.values(clients).map(({ id }) => id),
      },
    },
  };
}

async function seed(store: Store, { people }: Fixture, now: number): Promise<void> {
  const { id: clientId, secret } = clients.client_secret_post;
  for (const domain of ['idp', 'ras'] as const) {
    await store.credentials.add({ domain, clientId, secretHash: hashSecret(secret), createdAt: now });
  }
  await Promise.all(
    people.map(async ({ id, sid, groups }) => {
      const person = { id, source: 'local', email: `${id}@acme.example`, name: id, active: true, groups, roles: [] };
      await store.people.save(person);
      await openSession(store, id, sid, now);
    }),
  );
}

/** A sign-in session as `oidc-provider` keeps it, open at both clients. */
async function openSession(store: Store, accountId: string, sid: string, now: number): Promise<void> {
  const authorizations = Object.fromEntries(
    Object.values(clients).map(({ id }) => [id, { sid: sidAt(sid, id), grantId: `grant-${sid}-${id}` }]),
  );
  const id = createHash('sha256').update(sid).digest('base64url');
  await store.artifacts.upsert('Session', id, { uid: `uid-${sid}`, accountId, authorizations }, now + 86_400);
}

/** Each client sees a session under a name of its own. */
export function sidAt(sid: string, clientId: string): string {
  return `${sid}-${clientId}`;
}
