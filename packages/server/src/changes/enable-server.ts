import { catalogue } from '../catalogue/catalogue.ts';
import type { Edit } from '../policy/diff/edits.ts';
import { applyEdits } from '../policy/diff/edits.ts';
import { entriesOf, type Json } from '../policy/diff/entries.ts';
import type { Risk } from '../policy/model.ts';
import { beginDraft, discardDraft, editDraft, type Ground, type PolicyDraft } from './drafts.ts';
import { editsToGuard } from './guard-server.ts';
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
  /** Where one of ours really is, behind the gateway here. */
  readonly upstream?: { readonly http: string } | undefined;
}

/** What was made: who reaches it, and for one of ours what the resource document needs beside it, where it lacks anything. */
export interface Enabled {
  readonly draft: PolicyDraft;
  readonly guard: PolicyDraft | undefined;
}

/**
 * A draft of the access document in which a server is reached: its entry, the clients through which, and one rule. Into the draft that is
 * given, or a new one. Where its authorization server is ours and the resource document is managed here, a draft of that as well: each is
 * published by whoever may, for itself. Nothing is in force by them.
 */
export async function enableServer(
  ground: Ground,
  wanted: Enabling,
  into: PolicyDraft | undefined,
): Promise<Outcome<Enabled>> {
  const { store, origins } = ground;
  if (into?.kind === 'resource') {
    return refused('api_value_invalid', { detail: 'Who reaches what is said in a draft of the access document.' });
  }
  const begun = JSON.parse((into ?? (await store.policies.latest('access')))?.document ?? '{}') as Json;
  const edits = editsToEnable(begun, wanted, origins.ras);
  if (!edits.ok) return edits;
  const guard = await beginGuard(ground, wanted, applyEdits(begun, edits.value));
  if (!guard.ok) return guard;
  const made = into ? await editDraft(ground, into, { edits: edits.value }) : await beginAccess(ground, wanted);
  if (made.ok) return done({ draft: made.value, guard: guard.value });
  if (guard.value) await discardDraft(ground, guard.value);
  return made;
}

function beginAccess(ground: Ground, wanted: Enabling): Promise<Outcome<PolicyDraft>> {
  return beginDraft(ground, {
    kind: 'access',
    name: `Enable ${wanted.name ?? wanted.id}`,
    // Of the version that the draft stands on: another may have been published meanwhile.
    change: (document) => {
      const edits = editsToEnable(document, wanted, ground.origins.ras);
      return edits.ok ? done(applyEdits(document, edits.value)) : edits;
    },
  });
}

/** The draft of the resource document, where it is ours to change and something is missing in it. */
async function beginGuard(ground: Ground, wanted: Enabling, access: Json): Promise<Outcome<PolicyDraft | undefined>> {
  const { store, origins } = ground;
  const isHere = wanted.ras === origins.ras && (await store.policies.heads('resource')).length > 0;
  if (!isHere) {
    if (!wanted.upstream) return done(undefined);
    return refused('api_value_invalid', { detail: 'Only a server behind the gateway here has an upstream here.' });
  }
  const clients = wanted.through.map(({ id }) => {
    const { name, client_ids: ids = {} } = entriesOf(access.clients).get(id) as { name?: string; client_ids?: Json };
    return { id, name, idHere: String(ids[nameOfRas(ids, wanted.ras, origins.ras)]) };
  });
  const toEdits = (document: Json) => editsToGuard(document, { ...wanted, clients }, origins);
  const latest = await store.policies.latest('resource');
  const edits = toEdits(JSON.parse(latest?.document ?? '{}') as Json);
  if (!edits.ok) return edits;
  if (edits.value.length === 0) return done(undefined);
  return beginDraft(ground, {
    kind: 'resource',
    name: `Guard ${wanted.name ?? wanted.id}`,
    change: (document) => {
      const anew = toEdits(document);
      return anew.ok ? done(applyEdits(document, anew.value)) : anew;
    },
  });
}

/** What a client calls our own authorization server: `local` where it says so already. */
function nameOfRas(ids: Json, ras: string, ours: string): string {
  return ras === ours && ids.local !== undefined ? 'local' : ras;
}

/** The entries that make it so, in a document that has none of this server. */
export function editsToEnable(document: Json, wanted: Enabling, ours: string): Outcome<readonly Edit[]> {
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
    const at = nameOfRas(ids, ras, ours);
    const clientId = client.clientId ?? ids[at] ?? made.metadata ?? client.id;
    if (known && ids[at] === clientId) continue;
    // An id that is there already is what other servers of that authorization server rest on.
    if (ids[at] !== undefined && ids[at] !== clientId) {
      return refused('api_conflict', { detail: `${client.id} is called ${ids[at]} at ${ras} already.` });
    }
    edits.push({ section: 'clients', id: client.id, value: { ...made, client_ids: { ...ids, [at]: clientId } } });
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
  let id = wanted;
  for (let count = 2; taken.has(id); count += 1) id = `${wanted}-${count}`;
  return id;
}
