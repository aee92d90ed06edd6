import { createHash } from 'node:crypto';
import { type EpochSeconds, type JsonObject, type Jwk, no, ok, type Result } from '@credence/mcp/protocol';
import { createFetched, createIssuerKeys, hasKeyFor, toKeys } from '@credence/mcp/resource';
import type { Egress, EgressLimits } from '../egress.ts';
import type { ClientDocument, ClientProof } from '../policy/model.ts';
import { toFreshSeconds } from './freshness.ts';
import { toClientDocument } from './metadata-document.ts';

/** What is fetched of clients: metadata documents, keys behind a `jwks_uri`, keys of the issuers of workload tokens. */
export interface RemoteClients {
  /**
   * The client with everything that is fetched filled in: at once where it is at hand, a promise where it is not.
   * @param header - of the assertion it showed, if it showed one: keys are needed then, this one among them
   */
  complete<Client extends RemoteClient>(client: Client, header?: JsonObject): Result<Client> | Promise<Result<Client>>;
}

/** `public` says what a client may be: with a metadata document, that decides whether it is. */
type RemoteClient = ClientProof & { readonly public?: boolean };

export interface RemoteClientsOptions {
  readonly egress: Pick<Egress, 'getJson' | 'fetchJson'>;
  readonly now: () => EpochSeconds;
  /** Told of what cannot be fetched or is not in order; the caller of the endpoint never is. */
  readonly onFault: (url: string, fault: unknown) => void;
  /** Told of every document and key set that was fetched; what it throws makes the fetch fail. */
  readonly onFetched: (seen: Seen) => Promise<void>;
}

/** Something that was fetched and is in order; the digest changes when what matters in it does. */
export interface Seen {
  readonly what: 'metadata' | 'keys';
  readonly url: string;
  /** Metadata documents of clients that say the keys lie there. */
  readonly saidBy: readonly string[];
  readonly digest: string;
}

/** CIMD §6.6. */
const documentBytes = 5 * 1024;

/** True for a client of which something has to be fetched before it can prove itself. */
export function isRemote({ metadata, jwksUri, workload }: ClientProof): boolean {
  return metadata !== undefined || jwksUri !== undefined || workload !== undefined;
}

export function createRemoteClients(options: RemoteClientsOptions): RemoteClients {
  const { egress, now, onFault, onFetched } = options;

  const documents = createFetched<ClientDocument>({
    fetch: async (url) => {
      const { value, headers } = await egress.fetchJson(url, { maxBytes: documentBytes });
      const document = toClientDocument(url, value);
      await onFetched({ what: 'metadata', url, saidBy: [], digest: digestOf(document) });
      return { value: document, freshSeconds: toFreshSeconds(headers, now()) };
    },
    now,
    onFault,
  });

  /** Where the documents last said that keys lie, by document: the policy of the client does not know it. */
  const keysSaid = new Map<string, string>();
  const createKeySets = (limits: EgressLimits) =>
    createFetched<readonly Jwk[]>({
      fetch: async (url) => {
        const keys = toKeys(await egress.getJson(url, limits));
        const saidBy = [...keysSaid].flatMap(([document, jwksUri]) => (jwksUri === url ? [document] : []));
        await onFetched({ what: 'keys', url, saidBy, digest: digestOf(keys) });
        return { value: keys };
      },
      now,
      onFault,
    });
  // What an administrator wrote may lie inside; where a stranger's document points to is outside, or beside the document.
  const keySets = createKeySets({});
  const keySetsOfStrangers = createKeySets({ publicOnly: true });

  const workloadKeys = createIssuerKeys({ getJson: (url) => egress.getJson(url), now, onFault });

  function withKeys<Client extends RemoteClient>(client: Client, header: JsonObject | undefined) {
    const { jwksUri, metadata, workload } = client;
    if (!header) return ok(client);
    const fill = (jwks: readonly Jwk[] | undefined) => (jwks ? ok({ ...client, jwks }) : no('client_keys_unavailable'));
    if (workload) return whenHere(workloadKeys.keysOf(workload, header), fill);
    if (jwksUri === undefined) return ok(client);
    if (metadata !== undefined) keysSaid.set(metadata, jwksUri);
    const isNamedInside = metadata === undefined || new URL(metadata).origin === new URL(jwksUri).origin;
    const sets = isNamedInside ? keySets : keySetsOfStrangers;
    return whenHere(
      sets.get(jwksUri, (keys) => hasKeyFor(header, keys)),
      fill,
    );
  }

  return {
    complete(client, header) {
      if (client.metadata === undefined) return withKeys(client, header);
      const suffices = ({ jwks }: ClientDocument) => !header || !jwks || hasKeyFor(header, jwks);
      return whenHere(documents.get(client.metadata, suffices), (document) =>
        document ? withKeys(describe(client, document), header) : no('client_metadata_unavailable'),
      );
    },
  };
}

/** The client as its document describes it, within what the policy lets it be. */
function describe<Client extends RemoteClient>(client: Client, document: ClientDocument): Client {
  const { method, jwks, jwksUri } = document;
  return { ...client, document, jwks, jwksUri, public: client.public === true && method === 'none' };
}

/** What is at hand is used at once: only who has to wait for a fetch waits. */
function whenHere<Value, Next>(
  value: Value | Promise<Value>,
  next: (value: Value) => Next | Promise<Next>,
): Next | Promise<Next> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** The same whatever order keys and members come in. */
function digestOf(value: ClientDocument | readonly Jwk[]): string {
  const sorted = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map((item) => JSON.stringify(sorted(item))).sort();
    if (typeof part !== 'object' || part === null) return part;
    return Object.entries(part)
      .map(([name, item]) => [name, sorted(item)])
      .sort();
  };
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('base64url');
}
