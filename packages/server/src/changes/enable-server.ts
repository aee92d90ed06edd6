import { catalogue } from '../catalogue/catalogue.ts';
import type { Edit } from '../policy/diff/edits.ts';
import { applyEdits } from '../policy/diff/edits.ts';
import { entriesOf, type Json } from '../policy/diff/entries.ts';
import type { Risk } from '../policy/model.ts';
import { beginDraft, editDraft, type Ground, type PolicyDraft } from './drafts.ts';
import { done, type Outcome, refused } from './outcome.ts';

/** A server that is to be reached, by whom and through what. */
export interface Enabling {
  readonly id: string;
  readonly name?: string | undefined;
  readonly resource: string;
  /** Issuer of the authorization server that guards it. */
  readonly ras: string;
  readonly scopes: readonly { readonly name: string; readonly risk: Risk; readonly given: boolean }[];
  /** Whom the rule allows the scopes that are given. */
  readonly to: readonly string[];
  /** Clients that are there, or that the catalogue knows. */
  readonly through: readonly {
    readonly id: string;
    /** What the authorization server calls it; absent = as it is called there already, or else by its own id. */
    readonly clientId?: string | undefined;
    /** Of one that is new: its secret is on many machines. Absent = it is where it comes back to the machine it runs on (T02). */
    readonly distributed?: boolean | undefined;
  }[];
}

/**
 * A draft of the access document in which a server is reached: its entry, the clients through which, and one rule. Into the draft that is
 * given, or a new one. Nothing is in force by it.
 */
export async function enableServer(
  ground: Ground,
  wanted: Enabling,
  into: PolicyDraft | undefined,
): Promise<Outcome<PolicyDraft>> {
  if (into?.kind === 'resource') {
    return refused('api_value_invalid', { detail: 'Who reaches what is said in a draft of the access document.' });
  }
  if (into) {
    const edits = editsToEnable(JSON.parse(into.document) as Json, wanted);
    return edits.ok ? editDraft(ground, into, { edits: edits.value }) : edits;
  }
  const name = `Enable ${wanted.name ?? wanted.id}`;
  return beginDraft(ground, {
    kind: 'access',
    name,
    change: (document) => {
      const edits = editsToEnable(document, wanted);
      return edits.ok ? done(applyEdits(document, edits.value)) : edits;
    },
  });
}

/** The entries that make it so, in a document that has none of this server. */
export function editsToEnable(document: Json, wanted: Enabling): Outcome<readonly Edit[]> {
  const { id, name, resource, ras, scopes, to, through } = wanted;
  const [servers, clients] = [entriesOf(document.servers), entriesOf(document.clients)];
  if (servers.has(id)) return refused('api_conflict', { detail: `There is a server ${id} already.` });
  const edits: Edit[] = [];
  const entry = { resource, ras, scopes: Object.fromEntries(scopes.map((scope) => [scope.name, toRisk(scope.risk)])) };
  edits.push({ section: 'servers', id, value: { ...(name !== undefined && { name }), ...entry } });
  for (const client of through) {
    const known = clients.get(client.id) as Json | undefined;
    const made = known ?? fromCatalogue(client.id, client.distributed);
    if (!made) return refused('api_value_invalid', { detail: `Neither the draft nor the catalogue has ${client.id}.` });
    const ids = (made.client_ids ?? {}) as Json;
    const clientId = client.clientId ?? ids[ras] ?? made.metadata ?? client.id;
    if (known && ids[ras] === clientId) continue;
    // An id that is there already is what other servers of that authorization server rest on.
    if (ids[ras] !== undefined && ids[ras] !== clientId) {
      return refused('api_conflict', { detail: `${client.id} is called ${ids[ras]} at ${ras} already.` });
    }
    edits.push({ section: 'clients', id: client.id, value: { ...made, client_ids: { ...ids, [ras]: clientId } } });
  }
  const allow = scopes.filter(({ given }) => given).map((scope) => scope.name);
  const rule = { allow, on: id, to: [...to], through: through.map((client) => client.id) };
  return done([...edits, { section: 'rules', id: freshId(document, id, to[0] ?? ''), value: rule }]);
}

function toRisk(risk: Risk) {
  return risk === 'low' ? {} : { risk };
}

/** A client that is new here, as far as it is publicly known how it comes back; it proves itself with a secret that is made later. */
function fromCatalogue(id: string, distributed: boolean | undefined): Json | undefined {
  const known = catalogue.clients.find((client) => client.id === id);
  if (!known) return undefined;
  const uris = known.redirectUris?.value ?? [];
  const runsHere = uris.some((uri) => /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(uri));
  const proof = uris.length > 0 ? { redirect_uris: uris } : known.metadata && { metadata: known.metadata.value };
  if (!proof) return undefined;
  return { name: known.name, ...proof, ...((distributed ?? runsHere) && { distributed: true }) };
}

/** Says what the rule is about, and no rule has it. */
function freshId(document: Json, server: string, subject: string): string {
  const taken = entriesOf(document.rules);
  const whom = subject
    .replace(/^\w+:/, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const wanted = `${whom}-${server}`.slice(0, 56).replace(/^-+/, '');
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? wanted : `${wanted}-${count}`;
    if (!taken.has(id)) return id;
  }
}
