import { grantType, idJagProfile, type JsonObject, resourceMetadataUrl } from '@credence/mcp/protocol';
import { type Egress, EgressRefused } from '../egress.ts';

/** One thing the probe looked for. `unknown`: it could not be seen, and nothing is guessed. */
export interface Finding {
  readonly about:
    | 'resource_metadata'
    | 'resource_matches'
    | 'authorization_server'
    | 'issuer_matches'
    | 'jwt_bearer'
    | 'id_jag_profile'
    | 'token_endpoint'
    | 'revocation';
  readonly verdict: 'good' | 'bad' | 'unknown';
  readonly words: string;
  /** What was seen, as it was seen; of a stranger, so for display only. */
  readonly evidence: string | null;
}

/** What an MCP server and the authorization servers it names say of themselves. */
export interface Probed {
  readonly url: string;
  /** As the server names itself; `null` = it does not. */
  readonly resource: string | null;
  readonly name: string | null;
  readonly scopes: readonly string[];
  readonly authorizationServers: readonly ProbedServer[];
  readonly findings: readonly Finding[];
}

export interface ProbedServer {
  readonly issuer: string;
  /** Where its metadata was found; `null` = nowhere. */
  readonly metadata: string | null;
  readonly tokenEndpoint: string | null;
  readonly grants: readonly string[];
  readonly scopes: readonly string[];
  readonly authentication: readonly string[];
  /** Whether its metadata says so; `null` where there was none to read. Some take them and do not say it. */
  readonly takesIdJags: boolean | null;
  readonly findings: readonly Finding[];
}

/** What a stranger's document is read of, at most. */
const [mostTexts, longestText, mostServers, mostBytes] = [100, 300, 2, 64 * 1024];

/**
 * Reads what can be known of a server without a token: protected-resource metadata (RFC 9728) and the metadata of the
 * authorization servers it names (RFC 8414). A handful of requests, each through the guarded way out. Where the documents of the
 * server point to is a stranger's word, so it is followed to public addresses only (T17), unless it is where the administrator
 * has pointed to already.
 * @param issuer - of an authorization server to look at instead, where the administrator knows better
 */
export async function probeServer(
  egress: Pick<Egress, 'getJson'>,
  { url, issuer }: { readonly url: string; readonly issuer?: string | undefined },
): Promise<Probed> {
  const findings: Finding[] = [];
  const { place, json, why } = await readFirst(egress, resourcePlaces(url), { isOurs: true });
  if (!json) {
    const words = `No protected-resource metadata: ${why}.`;
    findings.push({ about: 'resource_metadata', verdict: 'bad', words, evidence: null });
  } else findings.push(good('resource_metadata', 'It publishes protected-resource metadata.', place));
  const resource = textOf(json?.resource);
  if (json) findings.push(compareResource(url, resource));
  const named = issuer === undefined ? textsOf(json?.authorization_servers) : [issuer];
  if (json && named.length === 0) {
    const words = 'It names no authorization server.';
    findings.push({ about: 'authorization_server', verdict: 'bad', words, evidence: null });
  }
  const isKnown = (other: string) => other === issuer || originOf(other) === originOf(url);
  const authorizationServers = await Promise.all(
    named.slice(0, mostServers).map((each) => probeIssuer(egress, each, isKnown(each))),
  );
  return {
    url,
    resource: resource ?? null,
    name: textOf(json?.resource_name) ?? null,
    scopes: textsOf(json?.scopes_supported),
    authorizationServers,
    findings,
  };
}

async function probeIssuer(egress: Pick<Egress, 'getJson'>, issuer: string, isOurs: boolean): Promise<ProbedServer> {
  const { place, json, why } = await readFirst(egress, issuerPlaces(issuer), { isOurs });
  const grants = textsOf(json?.grant_types_supported);
  const tokenEndpoint = textOf(json?.token_endpoint) ?? null;
  return {
    issuer,
    metadata: json ? place : null,
    tokenEndpoint,
    grants,
    scopes: textsOf(json?.scopes_supported),
    authentication: textsOf(json?.token_endpoint_auth_methods_supported),
    takesIdJags: json ? grants.includes(grantType.jwtBearer) && tokenEndpoint !== null : null,
    findings: json ? judgeIssuer(issuer, json, place) : [unknown('authorization_server', `No metadata: ${why}.`)],
  };
}

function judgeIssuer(issuer: string, json: JsonObject, place: string): Finding[] {
  const said = textOf(json.issuer);
  const grants = textsOf(json.grant_types_supported);
  const profiles = textsOf(json.authorization_grant_profiles_supported);
  const found: Finding[] = [good('authorization_server', 'The authorization server publishes metadata.', place)];
  const add = (about: Finding['about'], holds: boolean, yes: string, no: string, evidence: string | null) =>
    found.push({ about, verdict: holds ? 'good' : 'bad', words: holds ? yes : no, evidence });
  add(
    'issuer_matches',
    said === issuer,
    'It names itself as the server names it.',
    'It names itself otherwise, so that nothing it says can be relied on (RFC 8414 §3.3).',
    said ?? null,
  );
  const hasToken = textOf(json.token_endpoint) !== undefined;
  add(
    'token_endpoint',
    hasToken,
    'It has a token endpoint.',
    'It has no token endpoint.',
    textOf(json.token_endpoint) ?? null,
  );
  add(
    'jwt_bearer',
    grants.includes(grantType.jwtBearer),
    'It takes assertions: grant_types_supported lists jwt-bearer.',
    'grant_types_supported does not list jwt-bearer. Some take ID-JAGs and do not say so: ask the vendor.',
    grants.join(' ') || null,
  );
  if (profiles.includes(idJagProfile)) {
    found.push(good('id_jag_profile', 'It says that it takes ID-JAGs.', profiles.join(' ')));
  } else {
    const words = 'It does not list the profile of ID-JAGs under authorization_grant_profiles_supported.';
    found.push(unknown('id_jag_profile', words, profiles.join(' ') || null));
  }
  const revocation = textOf(json.revocation_endpoint);
  if (revocation !== undefined) found.push(good('revocation', 'Tokens can be revoked there.', revocation));
  else found.push(unknown('revocation', 'It does not say where tokens are revoked.'));
  return found;
}

function compareResource(url: string, resource: string | undefined): Finding {
  if (resource === url) return good('resource_matches', 'It names itself by this URL.', resource);
  const words =
    resource === undefined
      ? 'It does not name itself (RFC 9728 §2).'
      : 'It names itself by another URL. What an ID-JAG names must be that one, character for character.';
  return { about: 'resource_matches', verdict: 'bad', words, evidence: resource ?? null };
}

/** @see https://www.rfc-editor.org/rfc/rfc9728#section-3.1 ; some publish at the root of their origin only */
function resourcePlaces(url: string): string[] {
  if (!URL.canParse(url)) return [];
  return [...new Set([resourceMetadataUrl(url), resourceMetadataUrl(new URL(url).origin)])];
}

/** @see https://www.rfc-editor.org/rfc/rfc8414#section-3.1 */
function issuerPlaces(issuer: string): string[] {
  if (!URL.canParse(issuer)) return [];
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  return [...new Set(places)];
}

async function readFirst(
  egress: Pick<Egress, 'getJson'>,
  places: readonly string[],
  { isOurs }: { readonly isOurs: boolean },
): Promise<{ readonly place: string; readonly json: JsonObject | undefined; readonly why: string }> {
  let why = 'that is no URL';
  for (const place of places) {
    try {
      const json = await egress.getJson(place, { maxBytes: mostBytes, publicOnly: !isOurs });
      return { place, json, why: '' };
    } catch (error) {
      // What was refused for its own sake, and never more of a network than that nothing came.
      why = error instanceof EgressRefused ? error.message : 'there was no answer';
    }
  }
  return { place: '', json: undefined, why };
}

function good(about: Finding['about'], words: string, evidence: string): Finding {
  return { about, verdict: 'good', words, evidence };
}

function unknown(about: Finding['about'], words: string, evidence: string | null = null): Finding {
  return { about, verdict: 'unknown', words, evidence };
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

/** One line, so short, without what would change how it is read. */
function textOf(value: unknown): string | undefined {
  const isPlain = typeof value === 'string' && value !== '' && value.length <= longestText;
  return isPlain && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value) ? value : undefined;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.slice(0, mostTexts).flatMap((each) => textOf(each) ?? []) : [];
}
