import { type EpochSeconds, isObject, type JsonObject, type Jwk } from '../protocol/index.ts';

/** An issuer and where its keys come from: its published metadata, or a list given beforehand. */
export interface KeySource {
  readonly issuer: string;
  readonly keys: 'discovery' | readonly Jwk[];
}

/** Finds the keys of trusted issuers: written in the document, or discovered and cached (KEY-03 to KEY-05). */
export interface IssuerKeys {
  /**
   * Keys to verify a token of this issuer with; `undefined` while they cannot be had. A header with an unknown `kid`
   * causes one refetch, at most every 30 s per issuer, so that a stranger cannot make us hammer anybody.
   */
  keysOf(source: KeySource, header: JsonObject): Promise<readonly Jwk[] | undefined>;
}

const freshSeconds = 300;
/** After this long without a successful fetch the cached keys are honoured no more (B40). */
const staleLimitSeconds = 900;
const refetchPauseSeconds = 30;

interface Cached {
  keys: readonly Jwk[];
  fetchedAt: EpochSeconds;
  triedAt: EpochSeconds;
  running: Promise<void> | undefined;
}

export function createIssuerKeys(options: {
  getJson: (url: string) => Promise<JsonObject>;
  now: () => EpochSeconds;
  /** Told why keys could not be fetched; the caller of the endpoint never is. */
  onFault: (issuer: string, fault: unknown) => void;
}): IssuerKeys {
  const cache = new Map<string, Cached>();

  async function fetchInto(entry: Cached, issuer: string): Promise<void> {
    entry.triedAt = options.now();
    try {
      const keys = await discoverKeys(issuer, options.getJson);
      [entry.keys, entry.fetchedAt] = [keys, options.now()];
    } catch (fault) {
      options.onFault(issuer, fault);
    }
  }

  /** Everybody who needs the keys now waits for the same fetch. */
  async function refetch(entry: Cached, issuer: string): Promise<void> {
    entry.running ??= fetchInto(entry, issuer).finally(() => {
      entry.running = undefined;
    });
    await entry.running;
  }

  return {
    async keysOf({ issuer, keys }, { kid }) {
      if (keys !== 'discovery') return keys;
      const entry = cache.get(issuer) ?? { keys: [], fetchedAt: 0, triedAt: 0, running: undefined };
      cache.set(issuer, entry);

      const mayTry = () => entry.running !== undefined || options.now() - entry.triedAt >= refetchPauseSeconds;
      const isFresh = options.now() - entry.fetchedAt < freshSeconds;
      const isKnown = kid === undefined || entry.keys.some((key) => key.kid === kid);
      if ((!isFresh || !isKnown) && mayTry()) await refetch(entry, issuer);

      const isUsable = options.now() - entry.fetchedAt < staleLimitSeconds;
      return isUsable ? entry.keys : undefined;
    },
  };
}

/** Metadata of the issuer, whose `issuer` must be the very string we trust, then its JWK Set. @see https://www.rfc-editor.org/rfc/rfc8414#section-3.3 */
async function discoverKeys(issuer: string, getJson: (url: string) => Promise<JsonObject>): Promise<readonly Jwk[]> {
  const metadata = await firstThatAnswers(metadataUrls(issuer), getJson);
  if (metadata.issuer !== issuer) throw new Error('the metadata names another issuer');
  if (typeof metadata.jwks_uri !== 'string') throw new Error('the metadata names no jwks_uri');
  const { keys } = await getJson(metadata.jwks_uri);
  if (!Array.isArray(keys)) throw new Error('the JWK Set has no keys');
  return keys.filter(isJwk);
}

/** RFC 8414 with the path inserted, then OpenID Connect Discovery with the path appended. */
function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname === '/' ? '' : pathname;
  return [`${origin}/.well-known/oauth-authorization-server${path}`, `${issuer}/.well-known/openid-configuration`];
}

async function firstThatAnswers(urls: readonly string[], getJson: (url: string) => Promise<JsonObject>) {
  let fault: unknown;
  for (const url of urls) {
    try {
      return await getJson(url);
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}

function isJwk(value: unknown): value is Jwk {
  if (!isObject(value) || typeof value.kty !== 'string') return false;
  return ['kid', 'alg', 'use', 'crv', 'x', 'y', 'n', 'e'].every((name) =>
    ['undefined', 'string'].includes(typeof value[name]),
  );
}
