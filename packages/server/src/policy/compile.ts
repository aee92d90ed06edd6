import { Problem } from '../problem.ts';
import type { AccessClientEntry, AccessDocument, AccessServerEntry, RuleEntry } from './access-document.ts';
import { byClientId, toProof } from './compile-client.ts';
import { compileRules, type RuleIndex } from './compile-rules.ts';
import { compileEndings, type Ending } from './ends.ts';
import type { AccessClient, AccessServer, Audience, FirstFactor } from './model.ts';
import { resourceOf, spellings } from './resource-uri.ts';
import { toDetailTypes, toScopes, unaskedScopes } from './scopes.ts';
import { bestOf, type Way, waysElsewhere, waysHere } from './sign-in-levels.ts';
import { compileTogether, type TogetherIndex } from './together.ts';

export { compileResource, type ResourceIndex } from './compile-resource.ts';

/** One version of the access document, ready for `decide()`: built once, never changed. */
export interface AccessIndex {
  readonly version: number;
  readonly clients: ReadonlyMap<string, AccessClient>;
  /** By what they are called in a request. */
  readonly clientsByClientId: ReadonlyMap<string, AccessClient>;
  readonly servers: ReadonlyMap<string, AccessServer>;
  /** Servers by the issuer of the RAS that guards them, which is what a request calls `audience` (IDP-09). */
  readonly serversByAudience: ReadonlyMap<string, ServersOfRas>;
  /** By issuer of the RAS; a RAS that the document says nothing special about is not in it. */
  readonly audiences: ReadonlyMap<string, Audience>;
  /** Rules by the id of the server they are on. */
  readonly rules: ReadonlyMap<string, RuleIndex>;
  /** Rules that allow until a time; `undefined` where there are none. */
  readonly endings: readonly Ending[] | undefined;
  /** What one session must never hold together; `undefined` where no rule says so. */
  readonly together: TogetherIndex | undefined;
  /** With the rules that only report in force as well; `undefined` where there are none. */
  readonly trial: AccessIndex | undefined;
  /** Ways to sign in, by what each can earn. */
  readonly earnable: readonly Way[];
  /** Those of them that meet what no other does: what none of these opens stays shut. At least one. */
  readonly best: readonly Way[];
  /** What a person who has no second factor must show, besides the password, to get the first one. */
  readonly firstFactor: FirstFactor;
  /** Whether what grants more takes a second person. */
  readonly secondPerson: boolean;
}

/** The servers behind one RAS. */
export interface ServersOfRas {
  readonly all: readonly AccessServer[];
  /** By each accepted spelling of their resource (B60). */
  readonly byResource: ReadonlyMap<string, AccessServer>;
}

/** A document with its index. */
export interface CompiledAccess {
  readonly document: AccessDocument;
  readonly index: AccessIndex;
}

/**
 * Builds the index of a document that `parsePolicy` has accepted.
 * @param options.localRas - issuer that `local` stands for; `undefined` where this program has no RAS beside it
 * @param options.beside - another version, compiled with the same `localRas`, whose entries this one shares where they say the same
 *   ({@link shareEntries}): what depends on these alone is taken from its index, as the very same objects
 */
export function compileAccess(
  document: AccessDocument,
  options: {
    readonly version: number;
    readonly localRas: string | undefined;
    readonly beside?: CompiledAccess | undefined;
  },
): AccessIndex {
  const { beside } = options;
  const servers = new Map<string, AccessServer>();
  type Neighbours = { all: AccessServer[]; byResource: Map<string, AccessServer> };
  const serversByAudience = new Map<string, Neighbours>();
  const names = new Map<string, string>();
  for (const [id, entry] of Object.entries(document.servers)) {
    const known = beside?.document.servers[id] === entry ? beside?.index.servers.get(id) : undefined;
    const server = known ?? toServer(id, entry, options.localRas);
    servers.set(id, server);
    const neighbours: Neighbours = serversByAudience.get(server.ras) ?? { all: [], byResource: new Map() };
    serversByAudience.set(server.ras, neighbours);
    neighbours.all.push(server);
    for (const spelling of spellings(server.resource)) {
      claim(names, `${server.ras} ${spelling}`, `servers.${id}`, 'are the same resource');
      neighbours.byResource.set(spelling, server);
    }
  }

  const audiences = new Map<string, Audience>();
  for (const [name, { aliases, subject, email, tenant, aud_tenant, aud_sub, encryption, signals }] of Object.entries(
    document.audiences,
  )) {
    const ras = name === 'local' ? toLocal(options.localRas, 'audiences') : name;
    const servers = serversByAudience.get(ras);
    if (!servers || audiences.has(ras)) {
      throw new Problem(`audiences.${name} is the RAS of no server, or is named twice.`, 'Correct it, or take it out.');
    }
    audiences.set(ras, {
      ras,
      aliases,
      subject,
      email,
      tenant,
      audTenant: aud_tenant,
      audSub: aud_sub,
      encryption: typeof encryption === 'object' ? encryption.keys : encryption,
      signals,
    });
    for (const alias of aliases) {
      if (serversByAudience.has(alias)) {
        throw new Problem(`audiences.${name}: the alias ${alias} is taken.`, 'Give each RAS aliases of its own.');
      }
      serversByAudience.set(alias, servers);
    }
  }

  const clients = new Map<string, AccessClient>();
  for (const [id, entry] of Object.entries(document.clients)) {
    const client = toClient(id, entry, options.localRas, audiences);
    for (const [ras, idThere] of client.clientIds) {
      claim(names, `client ${ras} ${idThere}`, `clients.${id}`, `have the same client id at ${ras} (IDP-25)`);
    }
    clients.set(id, client);
  }
  const { sign_in, networks } = document;
  const inForce = document.rules.filter(isInForce);
  const ground = { servers, networks };
  const rules = compileRules(
    inForce,
    ground,
    beside && besideOf(beside, beside.document.rules.filter(isInForce), beside.index),
  );
  const earnable = toEarnable(sign_in);
  const index = {
    version: options.version,
    clients,
    clientsByClientId: byClientId(clients.values()),
    servers,
    serversByAudience,
    audiences,
    rules,
    endings: compileEndings(rules),
    together: compileTogether(document.never_together, servers),
    trial: undefined,
    earnable,
    best: bestOf(
      earnable,
      document.rules.flatMap(({ require: needs }) => needs ?? []),
    ),
    firstFactor: sign_in?.first_factor ?? 'code',
    secondPerson: document.second_person === 'required',
  };
  if (inForce.length === document.rules.length) return index;
  const tried = beside && besideOf(beside, beside.document.rules, beside.index.trial ?? beside.index);
  return { ...index, trial: { ...index, rules: compileRules(document.rules, ground, tried) } };
}

function isInForce({ report_only }: RuleEntry): boolean {
  return !report_only;
}

function besideOf(
  { document: { networks } }: CompiledAccess,
  entries: readonly RuleEntry[],
  { servers, rules }: AccessIndex,
) {
  return { entries, servers, networks, rules };
}

/** Without a word on it, what the sign-in here can do; where acr or amr is named, the other is nothing unless named too. */
function toEarnable(signIn: AccessDocument['sign_in']): readonly Way[] {
  if (!signIn?.acr && !signIn?.amr) return waysHere;
  return waysElsewhere(signIn.acr ?? [], signIn.amr ?? []);
}

function toServer(id: string, entry: AccessServerEntry, localRas: string | undefined): AccessServer {
  const ras = entry.ras ?? toLocal(localRas, `servers.${id}`);
  return {
    id,
    name: entry.name ?? id,
    ras,
    resource: entry.resource ?? resourceOf(ras, entry.local ?? id),
    scopes: toScopes(entry.scopes),
    detailTypes: toDetailTypes(entry.authorization_details),
    defaultScopes: entry.default_scopes ?? unaskedScopes(entry.scopes),
    isOff: entry.enabled === false,
  };
}

function toClient(
  id: string,
  entry: AccessClientEntry,
  localRas: string | undefined,
  audiences: ReadonlyMap<string, Audience>,
): AccessClient {
  const subjectsOf = toSubjectsOf(id, entry, localRas, audiences);
  const clientIds = new Map<string, string>();
  for (const [ras, idThere] of Object.entries(entry.client_ids)) {
    const issuer = ras === 'local' ? toLocal(localRas, `clients.${id}.client_ids`) : ras;
    if (clientIds.has(issuer)) {
      throw new Problem(
        `clients.${id}.client_ids names ${issuer} twice: by its URL and as local.`,
        'Keep one of the two.',
      );
    }
    clientIds.set(issuer, idThere);
  }
  return {
    id,
    name: entry.name ?? id,
    redirectUris: entry.redirect_uris,
    postLogoutRedirectUris: entry.post_logout_redirect_uris,
    backchannelLogoutUri: entry.backchannel_logout_uri,
    ...toProof(entry),
    // Whether it has credentials stands in its document.
    public: entry.metadata !== undefined || entry.public,
    exchange: subjectsOf ? false : (entry.exchange ?? (entry.metadata === undefined ? !entry.public : undefined)),
    distributed: entry.distributed,
    ...(subjectsOf && { subjectsOf }),
    clientIds,
  };
}

/** What calls people the same everywhere is called by no other name here; and one that has ids of its own for them is no agent of theirs. */
function toSubjectsOf(
  id: string,
  { subjects_of: name, exchange, redirect_uris, metadata }: AccessClientEntry,
  localRas: string | undefined,
  audiences: ReadonlyMap<string, Audience>,
): Audience | undefined {
  if (name === undefined) return undefined;
  const path = `clients.${id}.subjects_of`;
  const audience = audiences.get(name === 'local' ? toLocal(localRas, path) : name);
  if (audience?.subject !== 'pairwise') {
    throw new Problem(
      `${path}: ${name} calls people what everybody does.`,
      'Take it out, or say subject: pairwise there.',
    );
  }
  if (exchange) throw new Problem(`${path}: such a client gets no ID-JAGs.`, 'Drop exchange, or subjects_of.');
  const hosts = new Set(redirect_uris.map((uri) => new URL(uri).host));
  if (metadata === undefined && hosts.size !== 1) {
    throw new Problem(`${path}: its redirect_uris are not on one host.`, 'Make it one client for each host.');
  }
  return audience;
}

/** Two entries that mean one thing would make an answer depend on which is found first. */
function claim(names: Map<string, string>, name: string, path: string, words: string): void {
  const other = names.get(name);
  if (other !== undefined) throw new Problem(`${other} and ${path} ${words}.`, 'Give each its own.');
  names.set(name, path);
}

function toLocal(localRas: string | undefined, path: string): string {
  if (localRas !== undefined) return localRas;
  throw new Problem(
    `${path} says local, but there is no resource authorization server in this program.`,
    'Name the RAS by its issuer: https://...',
  );
}
