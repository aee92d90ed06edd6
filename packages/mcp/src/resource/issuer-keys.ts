import { type EpochSeconds, isObject, type JsonObject, type Jwk, privatePartsOf } from '../protocol/index.ts';
import { createFetched } from './fetched.ts';

/** An issuer and where its keys come from: its published metadata, or a list given beforehand. */
export interface KeySource {
  readonly issuer: string;
  readonly keys: 'discovery' | readonly Jwk[];
}

/** Finds the keys of trusted issuers: written in the document, or discovered and cached (KEY-03 to KEY-05). */
export interface IssuerKeys {
  /**
   * Keys to verify a token of this issuer with, at once where they are at hand; `undefined` while they cannot be had. A header
   * with an unknown `kid` causes one refetch, at most every 30 s per issuer.
   */
  keysOf(source: KeySource, header: JsonObject): MaybeKeys | Promise<MaybeKeys>;
}

type MaybeKeys = readonly Jwk[] | undefined;

export function createIssuerKeys(options: {
  getJson: (url: string) => Promise<JsonObject>;
  now: () => EpochSeconds;
  /** Told why keys could not be fetched; the caller of the endpoint never is. */
  onFault: (issuer: string, fault: unknown) => void;
}): IssuerKeys {
  const discovered = createFetched<readonly Jwk[]>({
    fetch: async (issuer) => ({ value: await discoverKeys(issuer, options.getJson) }),
    now: options.now,
    onFault: options.onFault,
  });
  return {
    keysOf: ({ issuer, keys }, header) =>
      keys === 'discovery' ? discovered.get(issuer, (known) => hasKeyFor(header, known)) : keys,
  };
}

/** False when the header names a key that is not among these: a newer set may have it. */
export function hasKeyFor({ kid }: JsonObject, keys: readonly Jwk[]): boolean {
  return kid === undefined || keys.some((key) => key.kid === kid);
}

/** A JWK Set, or the metadata that names it, is not in order. Its words quote nothing of either. */
export class BadKeySet extends Error {
  override readonly name = 'BadKeySet';
}

/**
 * The keys of a JWK Set; entries that are no keys are left out. Throws when it is none, or holds a private or symmetric key: that
 * is everybody's, and nothing signed with it proves anything (KEY-03). @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export function toKeys({ keys }: JsonObject): readonly Jwk[] {
  if (!Array.isArray(keys)) throw new BadKeySet('the JWK Set has no keys');
  if (keys.some((key) => isObject(key) && privatePartsOf(key).length > 0)) {
    throw new BadKeySet('the JWK Set holds a private or symmetric key');
  }
  return keys.filter(isJwk);
}

/** Metadata of the issuer, whose `issuer` must be the very string we trust, then its JWK Set. @see https://www.rfc-editor.org/rfc/rfc8414#section-3.3 */
async function discoverKeys(issuer: string, getJson: (url: string) => Promise<JsonObject>): Promise<readonly Jwk[]> {
  const metadata = await firstThatAnswers(metadataUrls(issuer), getJson);
  if (metadata.issuer !== issuer) throw new BadKeySet('the metadata names another issuer');
  if (typeof metadata.jwks_uri !== 'string') throw new BadKeySet('the metadata names no jwks_uri');
  return toKeys(await getJson(metadata.jwks_uri));
}

/** RFC 8414 with the path inserted, then OpenID Connect Discovery with the path appended; a `/` at the end is taken off for it (§4). */
function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
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
