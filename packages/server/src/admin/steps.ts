import { strictest } from '../changes/guard-server.ts';
import { hasSecret } from '../clients/authenticate.ts';
import type { AccessIndex, ResourceIndex } from '../policy/compile.ts';
import { isClientIdUrl, id as nameId } from '../policy/document-words.ts';
import { speaksFor } from '../policy/issuer-servers.ts';
import type { AccessClient, AccessServer } from '../policy/model.ts';
import { mayExchange } from '../policy/reach.ts';
import { serverHere } from '../policy/resource-uri.ts';
import type { ClientSecret } from '../store/store.ts';
import type { Installation } from './api/services.ts';
import { quote } from './set-up.ts';

/** Something that no document can do: a person does it, here or at somebody else's. */
export interface RemainingStep {
  readonly about: 'trust_there' | 'client_there' | 'publish_here' | 'guard_here' | 'client_here' | 'secret' | 'set_up';
  readonly title: string;
  readonly words: string;
  /** To be typed, pasted or told, as it is; `null` where there is nothing. */
  readonly text: string | null;
  /** The client in whose page it is done, where it is. */
  readonly client: string | null;
  /** The draft that is to be published, where it is one. */
  readonly draft?: string;
}

interface Around {
  readonly installation: Pick<Installation, 'idp' | 'ras'>;
  readonly resource: ResourceIndex | undefined;
  /** A draft of the resource document that does some of it: what it does not do remains. */
  readonly drafted?: { readonly id: string; readonly name: string; readonly index: ResourceIndex } | undefined;
  /** Secrets that there are, of clients of the identity provider. */
  readonly secrets: readonly Pick<ClientSecret, 'clientId'>[];
}

/**
 * What remains to be done by hand before agents reach a server, in the order in which it is done. What can be seen from here is left out
 * once it is done; what is done at somebody else's cannot be seen, and stays.
 */
export function remainingSteps(index: AccessIndex, server: AccessServer, around: Around): readonly RemainingStep[] {
  const clients = [...index.clients.values()].filter(
    (client) => client.clientIds.has(server.ras) && mayExchange(client),
  );
  const isHere = server.ras === around.installation.ras;
  return [
    ...(isHere ? stepsHere(server, clients, around) : stepsThere(server, clients, around)),
    ...clients.filter((client) => lacksSecret(client, around)).map(toSecret),
    ...clients.map((client) => toSetUp(client, server)),
  ];
}

/** The authorization server is somebody else's. */
function stepsThere(
  { ras, name, resource }: AccessServer,
  clients: readonly AccessClient[],
  { installation: { idp } }: Around,
): RemainingStep[] {
  const trust: RemainingStep = {
    about: 'trust_there',
    title: `At ${ras}: take ID-JAGs of this identity provider`,
    words: `Whoever administers ${name} enters this where its documentation says so.`,
    text: [`Issuer:   ${idp}`, `Keys:     ${idp}/jwks`, `Audience: ${ras}`, `Resource: ${resource}`].join('\n'),
    client: null,
  };
  return [trust, ...clients.map((client) => toClientThere(client, ras))];
}

function toClientThere({ id, name, clientIds }: AccessClient, ras: string): RemainingStep {
  return {
    about: 'client_there',
    title: `At ${ras}: register ${name}`,
    words: 'By this id; what it proves itself with there is between the two, and nothing of it is kept here.',
    text: `client_id: ${clientIds.get(ras)}`,
    client: id,
  };
}

/** The authorization server and the gateway are ours. */
function stepsHere(
  server: AccessServer,
  clients: readonly AccessClient[],
  { installation: { idp, ras }, resource: inForce, drafted }: Around,
): RemainingStep[] {
  if (!inForce) return [];
  // A draft that is behind lacks what was published after it was begun: done is what is so in either.
  const either = drafted ? [drafted.index, inForce] : [inForce];
  const publish: RemainingStep[] = drafted
    ? [
        {
          about: 'publish_here',
          title: `Publish “${drafted.name}”, the draft of the resource document, first`,
          words: 'It lets the gateway and the authorization server here know of it. It is approved for itself.',
          text: null,
          client: null,
          draft: drafted.id,
        },
      ]
    : [];
  const [known] = either.flatMap((of) => of.serversByResource.get(server.resource) ?? []);
  const isReached = either.some((of) => mayReach(of, server.resource, idp));
  const guard = isReached ? [] : [known ? toSpeak(known.id) : toGuard(server, ras)];
  const there = clients.flatMap((client): RemainingStep[] => {
    const idThere = client.clientIds.get(server.ras) ?? client.id;
    if (either.some((of) => mayRedeem(of, idThere, idp))) return [];
    const [known] = either.flatMap((of) => of.clientsByClientId.get(idThere) ?? []);
    const title = `Let ${client.name} redeem at the authorization server here`;
    const said = known ? toTrust(known.id) : toKnow(client.id, idThere);
    return [{ about: 'client_here', title, ...said, client: client.id }];
  });
  return [...publish, ...guard, ...there];
}

function toGuard(server: AccessServer, ras: string): RemainingStep {
  const idHere = serverHere(ras, server.resource);
  return {
    about: 'guard_here',
    title: 'Put it behind the gateway here',
    words:
      idHere === undefined
        ? `Nobody would answer there: the gateway has servers at ${ras}/NAME/mcp, and nowhere else.`
        : 'The resource document has no server of this address yet: nobody would answer there.',
    text:
      idHere === undefined
        ? null
        : `servers:\n  ${JSON.stringify(idHere)}: { upstream: { http: URL }, scopes: ${toYaml(server)}, tools: { "*": ${JSON.stringify(strictest(server.scopes))} } }`,
    client: null,
  };
}

/** Whether a client is known here by this id, and the identity provider may speak for it. */
export function mayRedeem(of: ResourceIndex, idHere: string, idp: string): boolean {
  const known = of.clientsByClientId.get(idHere);
  return (
    known !== undefined && [...(of.trust.get(idp)?.values() ?? [])].some(({ clients }) => clients.includes(known.id))
  );
}

/** Whether a server is known here, and the identity provider, where it is trusted, may speak for it. */
export function mayReach(of: ResourceIndex, resource: string, idp: string): boolean {
  const known = of.serversByResource.get(resource);
  const speakers = [...(of.trust.get(idp)?.values() ?? [])];
  return known !== undefined && (speakers.length === 0 || speakers.some((speaker) => speaksFor(speaker, known)));
}

/** For a server that the resource document knows, and the issuer is not let speak for. */
function toSpeak(id: string): RemainingStep {
  return {
    about: 'guard_here',
    title: 'Let the identity provider here speak for it',
    words:
      'The resource document knows it, and takes nothing for it of the identity provider here: add it to trust.local.servers.',
    text: `${JSON.stringify(id)}: all`,
    client: null,
  };
}

/** For a client that the resource document knows: the issuer must be let speak for it as well. */
function toTrust(id: string): Pick<RemainingStep, 'words' | 'text'> {
  const words =
    'The resource document knows it, and takes nothing for it of the identity provider here: add it to trust.local.clients.';
  return { words, text: JSON.stringify(id) };
}

/** What an id is there decides how the document says it; one that is neither a name nor the URL of a document cannot be said at all. */
function toKnow(id: string, idThere: string): Pick<RemainingStep, 'words' | 'text'> {
  const where = 'The resource document does not know it: under clients, and under trust.local.clients.';
  if (isClientIdUrl(idThere)) {
    const words = `${where} Where its document names no credentials, with public: true as well.`;
    return { words, text: `clients:\n  ${JSON.stringify(id)}: { metadata: ${JSON.stringify(idThere)} }` };
  }
  if (!nameId.safeParse(idThere).success) {
    const words =
      'It is called there what nobody can be called here: give it another id for this authorization server.';
    return { words, text: null };
  }
  const text = `clients:\n  ${JSON.stringify(idThere)}: {}\n\ncredence client secret new ras ${quote(idThere)}`;
  return { words: `${where} Then it needs a secret there.`, text };
}

function lacksSecret(client: AccessClient, { secrets }: Around): boolean {
  return hasSecret(client) && !secrets.some(({ clientId }) => clientId === client.id);
}

function toSecret({ id, name }: AccessClient): RemainingStep {
  return {
    about: 'secret',
    title: `Make the secret of ${name}`,
    words: 'It proves itself by it when it signs people in. It is shown once.',
    text: `credence client secret new idp ${id}`,
    client: id,
  };
}

function toSetUp({ id, name }: AccessClient, server: AccessServer): RemainingStep {
  return {
    about: 'set_up',
    title: `Tell ${name} of ${server.name}`,
    words: 'Its page has the commands and settings to paste.',
    text: null,
    client: id,
  };
}

function toYaml({ scopes }: AccessServer): string {
  const each = [...scopes].map(
    ([scope, risk]) => `${JSON.stringify(scope)}: ${risk === 'low' ? '{}' : `{ risk: ${risk} }`}`,
  );
  return `{ ${each.join(', ')} }`;
}
