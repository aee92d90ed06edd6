import type { Origins } from '../in-force.ts';
import type { AccessDocument } from '../policy/access-document.ts';
import { type AccessIndex, compileAccess } from '../policy/compile.ts';
import { type AffectedServer, affectedServers } from '../policy/diff/affected.ts';
import { changedEntries, type EntryChange, type Json } from '../policy/diff/entries.ts';
import { widenings, wideningsOf } from '../policy/diff/widened.ts';
import { digestOf } from '../store/drafts.ts';
import type { PolicyHead, PolicyKind, Store } from '../store/store.ts';
import { keptText, readText } from './compiled.ts';
import { lastUsed } from './last-used.ts';

/** What the texts of two documents differ in, whoever the people are: of the same two texts it is always the same. */
export interface Comparison {
  /** Version that it is compared with; 0 where there is none. */
  readonly from: number;
  readonly entries: readonly EntryChange[];
  readonly widens: readonly string[];
  /** The version in force asks for a second person; the newer one does not decide that. */
  readonly asksSecondPerson: boolean;
  readonly access?: AccessComparison;
}

export interface AccessComparison {
  readonly before: AccessIndex;
  readonly after: AccessIndex;
  readonly affected: readonly AffectedServer[];
}

type Policies = Pick<Store, 'policies'>;

/** Comparisons that are kept: of each draft that somebody is looking at. */
const kept = lastUsed<Comparison>(4);

/**
 * Compares a document with the version in force.
 * @param document - JSON text of a document that was found good
 */
export async function compare(
  { policies }: Policies,
  kind: PolicyKind,
  document: string,
  origins: Origins,
): Promise<Comparison> {
  const inForce = (await policies.heads(kind)).at(-1);
  const key = keyOf(kind, inForce, digestOf(document), origins);
  const known = kept.get(key);
  if (known) return known;
  const made = await (kind === 'access' ? compareAccess : compareResource)({ policies }, inForce, document, origins);
  kept.set(key, made);
  return made;
}

/**
 * The same of a document that is known by its digest alone; `undefined` where its text is needed for it.
 * @param digest - as it stands in a part of the store that is covered (T24)
 */
export async function comparedBefore(
  { policies }: Policies,
  kind: PolicyKind,
  digest: string,
  origins: Origins,
): Promise<Comparison | undefined> {
  return kept.get(keyOf(kind, (await policies.heads(kind)).at(-1), digest, origins));
}

/** Everything that a comparison depends on: the two texts, and what `local` stands for in them. */
function keyOf(kind: PolicyKind, inForce: PolicyHead | undefined, digest: string, { ras }: Origins): string {
  return JSON.stringify([kind, inForce?.version, inForce?.digest, digest, ras]);
}

async function compareAccess(
  { policies }: Policies,
  inForce: PolicyHead | undefined,
  document: string,
  origins: Origins,
): Promise<Comparison> {
  const from = inForce?.version ?? 0;
  const old = inForce && (keptText(inForce.digest, origins) ?? readText(await textOf(policies, inForce), origins));
  const next = readText(document, origins);
  const [before, after] = [old?.as(from) ?? emptyAccess(origins), next.as(from + 1)];
  const entries = changedEntries(old?.document ?? {}, next.document);
  const widens = wideningsOf('access', entries, before, after);
  const access = { before, after, affected: affectedServers(before, after) };
  return { from, entries, widens, asksSecondPerson: before.secondPerson, access };
}

async function compareResource(
  { policies }: Policies,
  inForce: PolicyHead | undefined,
  document: string,
): Promise<Comparison> {
  const before = (inForce ? JSON.parse(await textOf(policies, inForce)) : {}) as Json;
  const after = JSON.parse(document) as Json;
  const widens = widenings('resource', { document: before }, { document: after });
  const asksSecondPerson = before.second_person === 'required';
  return { from: inForce?.version ?? 0, entries: changedEntries(before, after), widens, asksSecondPerson };
}

async function textOf(policies: Store['policies'], { kind, version }: PolicyHead): Promise<string> {
  const found = await policies.read(kind, version);
  if (!found) throw new Error(`version ${version} of the ${kind} policy is gone`);
  return found.document;
}

function emptyAccess({ ras }: Origins): AccessIndex {
  const nothing: AccessDocument = {
    servers: {},
    clients: {},
    audiences: {},
    networks: {},
    rules: [],
    never_together: [],
  };
  return compileAccess(nothing, { version: 0, localRas: ras });
}
