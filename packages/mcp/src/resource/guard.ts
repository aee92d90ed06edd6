import {
  type AccessToken,
  checkAccessToken,
  chooseKey,
  type EpochSeconds,
  isBound,
  type JsonObject,
  type Jwk,
  no,
  ok,
  parseJws,
  type Refusal,
  type ResourceMetadata,
  type Result,
  resourceMetadataUrl,
  signatureAlgorithms,
  type VerifiedJwt,
  type VerifySignature,
} from '../protocol/index.ts';
import { challenge } from './challenge.ts';
import { getJson } from './get-json.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { type ProofMemory, rememberProofs, verifyProof } from './proof.ts';
import type { Revocations } from './revocations.ts';
import { verifyWithWebCrypto } from './verify-signature.ts';

/** Who calls, as the access token says; nothing of it comes from tool arguments or other headers (MCS-15). */
export type Caller = AccessToken;

type MaybeKeys = readonly Jwk[] | undefined;

/** How one MCP server is guarded. Only `resource` and `issuer` are needed; the rest has defaults. */
export interface GuardOptions {
  /** Own resource identifier: the URL people configure, character for character. */
  readonly resource: string;
  /** The authorization server whose tokens are taken, and no other's. */
  readonly issuer: string;
  /** Its keys: from its published metadata, as a list, or asked anew for each token header. */
  readonly keys?: 'discovery' | readonly Jwk[] | ((header: JsonObject) => MaybeKeys | Promise<MaybeKeys>);
  /** The basic scopes, advertised in challenges and metadata. */
  readonly scopes?: readonly string[];
  /** A name for people, for the metadata. */
  readonly name?: string;
  /** Says whether a token was revoked; asked on every request. */
  readonly isRevoked?: (token: AccessToken) => Promise<boolean>;
  /** Who is cut off, followed by {@link followRevocations}: without it a token is good until it expires (SIG-05). */
  readonly revocations?: Pick<Revocations, 'standingOf'>;
  /**
   * Told of every refusal, with the exact reason; resolves to a reference for the client, if there is one.
   * `token`: what was shown, where nothing was wrong with it but that it was taken back.
   */
  readonly onRefusal?: (refusal: Refusal, token?: AccessToken) => Promise<Told> | Told;
  readonly now?: () => EpochSeconds;
  readonly skewSeconds?: number;
  readonly verifySignature?: VerifySignature;
  /** Says in the metadata that tokens bound to a certificate are taken: the guard is then told of certificates. */
  readonly certificates?: boolean;
  /**
   * Takes only tokens that are bound, to a key or to a certificate (RAS-30). The metadata asks for a key where `certificates` is not
   * set: RFC 9728 §2 has no word for "either".
   */
  readonly requireBoundTokens?: boolean;
  /** Where DPoP proofs are remembered: in this process unless nodes share one. */
  readonly proofs?: ProofMemory;
}

/** What a refused client is told besides the reason: a reference, and a page where its person reads why. */
export type Told = string | { readonly reference: string; readonly page: string | undefined } | undefined;

/** What the guard looks at of a request; a web-standard `Request` is one. */
export interface GuardedRequest {
  readonly method: string;
  /** Whole, or from the path on. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/** What the embedder knows of the connection that a request came over. */
export interface GuardedConnection {
  /**
   * SHA-256 of the client certificate (DER), base64url, where the TLS server asked for one; with `node:tls` from
   * `socket.getPeerX509Certificate()`. Called only for a token that is bound to one.
   */
  readonly certificateThumbprint: () => string | undefined;
}

/**
 * Guards an MCP server: a request with a good access token resolves to its {@link Caller}, any other to the response to send.
 * A token bound to a certificate is good only when `connection` says that this one was shown (MCS-12).
 * Every request is judged afresh; only "the signature of this token was good under that key" is remembered (MCS-13, T14).
 */
export function guard(
  options: GuardOptions,
): (request: GuardedRequest, connection?: GuardedConnection) => Promise<Caller | Response> {
  const verify = createTokenVerifier(options);
  return async (request, connection) => {
    const shown = parseCredentials(request);
    const token: Verified = shown.ok ? await verify(shown.value, request, connection) : shown;
    if (token.ok) return token.value;
    const said = await options.onRefusal?.(token.refusal, token.token);
    const told = typeof said === 'string' ? { reference: said } : said;
    const { resource, scopes = [] } = options;
    const used = shown.ok ? shown.value.scheme : 'Bearer';
    const scheme = token.refusal === 'token_wrong_scheme' ? otherScheme[used] : used;
    return challenge(token.refusal, { resource, scopes, scheme: takesKeysOnly(options) ? 'DPoP' : scheme, ...told });
  };
}

/** Whether a key leads in and nothing else: for tokens bound to a certificate the scheme is Bearer. */
function takesKeysOnly({ requireBoundTokens = false, certificates = false }: GuardOptions): boolean {
  return requireBoundTokens && !certificates;
}

/** RFC 9728 metadata of a guarded server (MCS-01), to be served at {@link metadataPath}. */
export function resourceMetadata(options: GuardOptions): ResourceMetadata {
  const { resource, issuer, scopes = [], name, certificates, requireBoundTokens } = options;
  return {
    resource,
    authorization_servers: [issuer],
    scopes_supported: scopes,
    bearer_methods_supported: ['header'],
    ...(name !== undefined && { resource_name: name }),
    ...(requireBoundTokens && { dpop_signing_alg_values_supported: signatureAlgorithms }),
    ...(takesKeysOnly(options) && { dpop_bound_access_tokens_required: true }),
    ...(certificates && { tls_client_certificate_bound_access_tokens: true }),
  };
}

/** Path of the metadata document on the origin of the resource: the well-known segment goes before the path. */
export function metadataPath(resource: string): string {
  return new URL(resourceMetadataUrl(resource)).pathname;
}

interface Credentials {
  readonly scheme: 'Bearer' | 'DPoP';
  readonly token: string;
}

/** What a token shown under the wrong scheme has to be shown under (MCS-11). */
const otherScheme = { Bearer: 'DPoP', DPoP: 'Bearer' } as const;

/** The token is in the `Authorization` header, once, and nowhere else (MCS-02). @see https://www.rfc-editor.org/rfc/rfc6750#section-2 */
function parseCredentials(request: GuardedRequest): Result<Credentials> {
  const query = request.url.indexOf('?');
  if (query >= 0 && new URLSearchParams(request.url.slice(query)).has('access_token')) return no('token_misplaced');
  const header = request.headers.get('authorization');
  if (header === null) return no('token_missing');
  // Two headers arrive joined by a comma, which no token contains.
  const [, scheme, token] = /^(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i.exec(header) ?? [];
  if (!scheme || !token) return no('token_misplaced');
  return ok({ scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', token });
}

/** `token`: one that was refused, and is good but for having been taken back. */
type Verified = Result<AccessToken> & { readonly token?: AccessToken };

function takenBack(token: AccessToken): Verified {
  return { ...no('token_revoked'), token };
}

const rememberedTokens = 10_000;

function createTokenVerifier(options: GuardOptions) {
  const { issuer, resource, skewSeconds = 30, verifySignature = verifyWithWebCrypto } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const proofs = options.proofs ?? rememberProofs(now);
  const keysOf = keyFinder(options, now);
  const good = new Map<string, { jwt: VerifiedJwt; key: Jwk }>();

  /** A signature seen to be good counts only while its key is still published. */
  async function verifyJwt(token: string): Promise<Result<VerifiedJwt>> {
    const known = good.get(token);
    const jws = known ? undefined : parseJws(token);
    const header = known?.jwt.header ?? jws?.header;
    if (!header) return no('token_malformed');
    const keys = await keysOf(header);
    if (!keys) return no('issuer_keys_unavailable');
    if (known && keys.includes(known.key)) return ok(known.jwt);

    good.delete(token);
    const parsed = jws ?? parseJws(token);
    const choice = chooseKey(header, keys);
    if (!parsed || !choice.ok) return no('token_key_unknown');
    if (!(await verifySignature(parsed, choice.key, choice.algorithm))) return no('token_bad_signature');
    // Who guards many servers would else keep ten thousand for each, nearly all of them over.
    for (const [oldest, { jwt }] of good) {
      if (good.size < rememberedTokens && !isOver(jwt, now())) break;
      good.delete(oldest);
    }
    const jwt = { header: parsed.header, claims: parsed.claims };
    good.set(token, { jwt, key: choice.key });
    return ok(jwt);
  }

  return async (
    { scheme, token }: Credentials,
    request: GuardedRequest,
    connection: GuardedConnection | undefined,
  ): Promise<Verified> => {
    const jwt = await verifyJwt(token);
    if (!jwt.ok) return jwt;
    const checked = checkAccessToken(jwt.value, { issuer, resource, now: now(), skewSeconds });
    if (!checked.ok) return checked;
    if (options.requireBoundTokens && !isBound(checked.value)) return no('token_not_bound');
    const bound = checked.value.keyThumbprint;
    if ((bound === undefined) !== (scheme === 'Bearer')) return no('token_wrong_scheme');
    if (bound !== undefined) {
      const proof = await verifyProof(request, token, bound, { resource, now: now(), verifySignature, proofs });
      if (!proof.ok) return proof;
    }
    const { certificateThumbprint } = checked.value;
    if (certificateThumbprint !== undefined && connection?.certificateThumbprint() !== certificateThumbprint) {
      return no('token_other_certificate');
    }
    if (await options.isRevoked?.(checked.value)) return takenBack(checked.value);
    const standing = options.revocations?.standingOf(checked.value);
    const known = standing instanceof Promise ? await standing : standing;
    if (known === 'revoked') return takenBack(checked.value);
    if (known === 'unknown') return no('revocations_unknown');
    return checked;
  };
}

/** Of no use to anybody any more, whatever else it says. */
function isOver({ claims }: VerifiedJwt, now: EpochSeconds): boolean {
  return typeof claims.exp !== 'number' || claims.exp <= now;
}

function keyFinder({ issuer, keys = 'discovery' }: GuardOptions, now: () => EpochSeconds) {
  if (typeof keys === 'function') return keys;
  const { keysOf } = createIssuerKeys({ getJson, now, onFault: () => undefined });
  return (header: JsonObject) => keysOf({ issuer, keys }, header);
}
