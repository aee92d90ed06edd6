import { type AccessIndex, compileAccess, compileResource, type ResourceIndex } from './policy/compile.ts';
import type { Epoch } from './store/epoch.ts';
import type { ClientSecret, Domain, PolicyKind, PolicyVersion, Store } from './store/store.ts';

/** What is in force now, in memory: policy indexes and client secrets. Follows the store within half a second. */
export interface InForce {
  access(): AccessIndex;
  resource(): ResourceIndex;
  /** Whether there is one; without it the two above throw. */
  has(kind: PolicyKind): boolean;
  /** What still counts of what was issued. */
  epoch(): Epoch;
  secretHashes(domain: Domain, clientId: string): readonly string[];
  /** Reads again if the store has changed; called by a timer, and directly after a change made here. */
  refresh(): Promise<void>;
}

export interface Origins {
  readonly idp: string;
  readonly ras: string;
}

/** Loads the latest versions; documents were judged when they were published and are compiled here. */
export async function openInForce(store: Store, origins: Origins): Promise<InForce> {
  let sequence = -1;
  let epoch: Epoch = await store.epoch.read();
  let access: AccessIndex | undefined;
  let resource: ResourceIndex | undefined;
  let secrets = new Map<string, string[]>();

  const inForce: InForce = {
    access: () => present(access, 'access'),
    resource: () => present(resource, 'resource'),
    has: (kind) => (kind === 'access' ? access : resource) !== undefined,
    epoch: () => epoch,
    secretHashes: (domain, clientId) => secrets.get(keyOf(domain, clientId)) ?? [],
    async refresh() {
      const current = await store.changeSequence();
      if (current === sequence) return;
      epoch = await store.epoch.read();
      const accessVersion = await store.policies.latest('access');
      const resourceVersion = await store.policies.latest('resource');
      const [atIdp, atRas] = [await store.credentials.all('idp'), await store.credentials.all('ras')];
      if (accessVersion && accessVersion.version !== access?.version) access = toAccessIndex(accessVersion, origins);
      if (resourceVersion && resourceVersion.version !== resource?.version) {
        resource = toResourceIndex(resourceVersion, origins);
      }
      secrets = toSecretMap([...atIdp, ...atRas]);
      sequence = current;
    },
  };
  await inForce.refresh();
  return inForce;
}

/** Compiles one stored version; `explain` uses it for versions of the past. */
export function toAccessIndex({ document, version }: PolicyVersion, origins: Origins): AccessIndex {
  return compileAccess(JSON.parse(document), { version, localRas: origins.ras });
}

export function toResourceIndex({ document, version }: PolicyVersion, origins: Origins): ResourceIndex {
  return compileResource(JSON.parse(document), { version, issuer: origins.ras, localIdp: origins.idp });
}

function toSecretMap(secrets: readonly ClientSecret[]): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const { domain, clientId, secretHash } of secrets) {
    const key = keyOf(domain, clientId);
    map.set(key, [...(map.get(key) ?? []), secretHash]);
  }
  return map;
}

function keyOf(domain: Domain, clientId: string): string {
  return `${domain} ${clientId}`;
}

function present<T>(index: T | undefined, kind: PolicyKind): T {
  if (index === undefined) throw new Error(`no ${kind} document was published`);
  return index;
}
