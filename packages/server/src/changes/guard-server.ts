import type { Edit } from '../policy/diff/edits.ts';
import { entriesOf, isEntry, type Json } from '../policy/diff/entries.ts';
import { isClientIdUrl, id as nameId } from '../policy/document-words.ts';
import type { Risk } from '../policy/model.ts';
import { serverHere } from '../policy/resource-uri.ts';
import { done, type Outcome, refused } from './outcome.ts';

/** A server whose authorization server is ours, as the resource document has to know it before anybody reaches it. */
export interface Guarding {
  readonly name?: string | undefined;
  readonly resource: string;
  readonly scopes: readonly { readonly name: string; readonly risk: Risk }[];
  /** Where it really is; absent = that is said by hand. */
  readonly upstream?: { readonly http: string } | undefined;
  /** What clients are called here, and in the access document. */
  readonly clients: readonly { readonly idHere: string; readonly id: string; readonly name: string | undefined }[];
}

/**
 * What the resource document lacks: the server behind the gateway, clients that redeem, and our identity provider's word for either. What
 * only a person can decide is left to them: where a server is, or whether an issuer is trusted at all.
 */
export function editsToGuard(
  document: Json,
  wanted: Guarding,
  origins: { readonly idp: string; readonly ras: string },
): Outcome<readonly Edit[]> {
  const server = editsOfServer(document, wanted, origins.ras);
  if (!server.ok) return server;
  const id = serverHere(origins.ras, wanted.resource);
  const isThere = id !== undefined && (server.value.length > 0 || entriesOf(document.servers).has(id));
  const { edits, speaksFor } = editsOfClients(document, wanted.clients);
  const trust = editsOfTrust(document, { speaksFor, server: isThere ? id : undefined }, origins.idp);
  return done([...server.value, ...edits, ...trust]);
}

function editsOfServer(
  document: Json,
  { name, resource, scopes, upstream }: Guarding,
  ras: string,
): Outcome<readonly Edit[]> {
  const id = serverHere(ras, resource);
  const isKnown = id !== undefined && entriesOf(document.servers).has(id);
  if (!upstream) return done([]);
  if (id === undefined)
    return refused('api_value_invalid', {
      detail: `The gateway here has servers at ${ras}/NAME/mcp, and nowhere else.`,
    });
  if (isKnown) return refused('api_conflict', { detail: `The resource document has a server ${id} already.` });
  const value = {
    ...(name !== undefined && { name }),
    upstream,
    scopes: Object.fromEntries(scopes.map((scope) => [scope.name, scope.risk === 'low' ? {} : { risk: scope.risk }])),
    // Until somebody has said what each tool needs, every tool needs the most.
    tools: { '*': strictest(scopes.map((scope) => [scope.name, scope.risk])) },
  };
  return done([{ section: 'servers', id, value }]);
}

function editsOfClients(document: Json, wanted: Guarding['clients']) {
  const clients = entriesOf(document.clients);
  const edits: Edit[] = [];
  const speaksFor: string[] = [];
  for (const { idHere, id, name } of wanted) {
    const known = [...clients].find(([key, entry]) => ((entry as Json).metadata ?? key) === idHere)?.[0];
    const isUrl = isClientIdUrl(idHere);
    const key = known ?? (isUrl ? id : idHere);
    if (known === undefined) {
      // Another client is called that, or nobody can be: a person has to look.
      if (clients.has(key) || !nameId.safeParse(key).success) continue;
      const value = { ...(name !== undefined && { name }), ...(isUrl && { metadata: idHere }) };
      edits.push({ section: 'clients', id: key, value });
    }
    speaksFor.push(key);
  }
  return { edits, speaksFor };
}

/** Our identity provider may speak for these clients, and for the server where it may not speak for all of them. */
function editsOfTrust(
  document: Json,
  { speaksFor, server }: { readonly speaksFor: readonly string[]; readonly server: string | undefined },
  idp: string,
): readonly Edit[] {
  const trust = entriesOf(document.trust);
  const issuer = ['local', idp].find((key) => trust.has(key));
  const entry = issuer === undefined ? undefined : (trust.get(issuer) as Json);
  if (issuer === undefined || !Array.isArray(entry?.clients)) return [];
  const missing = speaksFor.filter((key) => !(entry.clients as unknown[]).includes(key));
  const isLeftOut = server !== undefined && isEntry(entry.servers) && !Object.hasOwn(entry.servers, server);
  if (missing.length === 0 && !isLeftOut) return [];
  const clients = [...entry.clients, ...missing];
  const servers = isLeftOut && { servers: { ...(entry.servers as Json), [server]: 'all' } };
  return [{ section: 'trust', id: issuer, value: { ...entry, clients, ...servers } }];
}

/** The scope with the highest risk; of several the first. */
export function strictest(scopes: Iterable<readonly [name: string, risk: Risk]>): string {
  const all = [...scopes];
  const last = ['high', 'medium', 'low'].flatMap((risk) => all.filter(([, of]) => of === risk))[0];
  return last?.[0] ?? '';
}
