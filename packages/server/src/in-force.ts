import { type AccessIndex, compileAccess, compileResource, type ResourceIndex } from './policy/compile.ts';
import { StoreAltered } from './store/digests.ts';
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
  /** Takes over an epoch that was read elsewhere, before the store is asked again. */
  adopt(epoch: Epoch): void;
  secretHashes(domain: Domain, clientId: string): readonly string[];
  /**
   * Makes sure that nothing is missing that counted by this loss sequence: a policy published, an epoch begun; `undefined` when it is
   * so already. For requests that are compared with it in their commit (T19).
   */
  upTo(losses: number): Promise<void> | undefined;
  /** Reads again if the store has changed; called by a timer, and directly after a change made here. */
  refresh(): Promise<void>;
}

export interface Origins {
  readonly idp: string;
  readonly ras: string;
}

/**
 * Loads the latest versions; documents were judged when they were published and are compiled here. Throws {@link StoreAltered} when
 * what is there is not what was written through us.
 * @param onAltered - told when that shows later, once until it is as it was written again
 */
export async function openInForce(
  store: Store,
  origins: Origins,
  onAltered: (altered: StoreAltered) => Promise<void> = async () => undefined,
): Promise<InForce> {
  let sequence = -1;
  let asOf = -1;
  let running: Promise<void> | undefined;
  /** Reads come one after the other, whoever asks: one that was overtaken would put back what was in force before (T19). */
  let last: Promise<void> = Promise.resolve();
  let epoch: Epoch = await store.epoch.read();
  let access: AccessIndex | undefined;
  let resource: ResourceIndex | undefined;
  let secrets = new Map<string, string[]>();
  /** While it is there nothing is in force: neither what is in the store nor what was there before, which may have been taken back. */
  let altered: StoreAltered | undefined;

  async function read(): Promise<void> {
    // The sequences first: what is read behind them is never older.
    const losses = await store.lossSequence();
    const current = await store.changeSequence();
    if (current === sequence) {
      asOf = losses;
      return;
    }
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
    asOf = losses;
    altered = undefined;
  }

  async function readSafely(): Promise<void> {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof StoreAltered)) throw error;
      const isTold = altered?.message === error.message;
      altered = error;
      sequence = -1; // looked at again, whether it is mended by a change that counts or not
      if (!isTold) await onAltered(error);
    }
  }

  function unaltered<T>(value: T): T {
    if (altered) throw altered;
    return value;
  }

  const inForce: InForce = {
    has: (kind) => (kind === 'access' ? access : resource) !== undefined,
    access: () => present(unaltered(access), 'access'),
    resource: () => present(unaltered(resource), 'resource'),
    epoch: () => epoch,
    adopt(begun) {
      epoch = begun;
    },
    secretHashes: (domain, clientId) => unaltered(secrets).get(keyOf(domain, clientId)) ?? [],
    upTo(losses) {
      if (losses <= asOf) return undefined;
      // One that runs already may have begun before the question: what it found is looked at, and if need be read again.
      if (running) return running.then(() => inForce.upTo(losses));
      running = inForce.refresh().finally(() => {
        running = undefined;
      });
      return running;
    },
    refresh() {
      const mine = last.then(readSafely);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
  await read();
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
