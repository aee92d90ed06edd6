import type { AccessIndex } from '../compile.ts';
import { lostClients, narrowedServers } from '../narrowed.ts';
import type { DocumentKind } from '../parse.ts';
import { changedEntries, type EntryChange, isEntry, type Json } from './entries.ts';

/** One side of a comparison: a document as it is published, and the index of an access document. */
export interface Side {
  readonly document: Json;
  readonly access?: AccessIndex | undefined;
}

/**
 * Why the newer document grants somebody more, or lets in something that the older did not; empty when it cannot. It may name
 * what widens nothing in the end, and leaves out nothing that does: every change that is not known to take away counts.
 */
export function widenings(kind: DocumentKind, before: Side, after: Side): readonly string[] {
  const { access } = before;
  const words = wideningsOf(kind, changedEntries(before.document, after.document), access, after.access);
  return kind === 'resource' ? [...words, ...newlyReusable(before.document, after.document)] : words;
}

/** MCP servers that go: an ID-JAG that reaches none any more may be good until it expires, where an issuer's are (RAS-12). */
function newlyReusable(before: Json, after: Json): string[] {
  const entries = (section: unknown) => Object.entries(isEntry(section) ? section : {});
  if (!entries(after.trust).some(([, entry]) => isEntry(entry) && reuses(entry))) return [];
  const left = new Set(entries(after.servers).map(([id]) => id));
  const gone = entries(before.servers).filter(([id, entry]) => !left.has(id) && isEntry(entry) && isMcp(entry));
  return gone.map(([id]) => `servers.${id} is gone`);
}

function isMcp({ upstream, tools }: Json): boolean {
  return upstream !== undefined || (isEntry(tools) && Object.keys(tools).length > 0);
}

function reuses({ replay }: Json): boolean {
  return replay === 'until_expiry';
}

/** The same where it is known already what the documents differ in. */
export function wideningsOf(
  kind: DocumentKind,
  entries: readonly EntryChange[],
  before: AccessIndex | undefined,
  after: AccessIndex | undefined,
): readonly string[] {
  const words = entries.filter((change) => !onlyTakes(kind, change)).map(toReason);
  if (kind === 'resource' || !before || !after) return words;
  return [...words, ...wideningsOfAccess(before, after)];
}

function wideningsOfAccess(before: AccessIndex, after: AccessIndex): string[] {
  // What grants less the other way round grants more.
  const servers = narrowedServers(after, before).map(({ server }) => `rules on ${server.id} grant more`);
  const clients = lostClients(after, before).map(({ ras, clientId }) => `a client is ${clientId} at ${ras} now`);
  return [...servers, ...clients];
}

/** Sections whose entries let somebody in: without them nobody is. */
const granting: ReadonlySet<string> = new Set(['servers', 'clients', 'trust']);

/** Rules of either kind and networks are judged by what they do; of everything else, entries that go where an entry grants, and names. */
function onlyTakes(kind: DocumentKind, { section, before, after, keys, id }: EntryChange): boolean {
  if (kind === 'access' && (section === 'networks' || section === 'never_together')) return true;
  if (kind === 'access' && section === 'rules') return [before, after].every(isJudged);
  if (section === 'second_person') return after !== undefined;
  if (after === undefined) return granting.has(section) && id !== '';
  // Of a new entry there are no keys that differ.
  return keys.length > 0 && keys.every((key) => takesAway(kind, section, key, before, after));
}

function takesAway(kind: DocumentKind, section: string, key: string, before: unknown, after: unknown): boolean {
  const [old, now] = [(before as Json)[key], (after as Json)[key]];
  if (key === 'name') return true;
  // Clients of a RAS that are new there are told of by what they are called there.
  if (kind === 'access' && section === 'clients' && key === 'client_ids') return true;
  if (kind === 'access' && section === 'clients' && key === 'distributed') return now === true;
  if (kind === 'access' && section === 'servers' && key === 'enabled') return now === false;
  if (kind === 'resource' && section === 'servers' && key === 'require_bound_tokens') return now === true;
  if (kind === 'resource' && section === 'trust') return takesTrust(key, old, now, reuses(after as Json));
  return false;
}

function takesTrust(key: string, old: unknown, now: unknown, isReused: boolean): boolean {
  if (key === 'clients') return isPart(now, old);
  // An ID-JAG that reaches no MCP server any more would be good more than once from then on.
  if (isReused) return false;
  if (key === 'servers') return isLess(old, now);
  // What is said of an issuer and of a tenant of it is taken away in the same ways.
  if (key !== 'tenants' || !isEntry(old) || !isEntry(now)) return false;
  return changedEntries({ trust: old }, { trust: now }).every((change) => onlyTakes('resource', change));
}

/** Whether an issuer may give no more by the newer `servers`; without the key it may give all. */
function isLess(old: unknown, now: unknown): boolean {
  if (!isEntry(now)) return false;
  if (!isEntry(old)) return true;
  return Object.entries(now).every(([id, choice]) => old[id] === 'all' || isPart(choice, old[id]));
}

/** A rule of a kind that {@link narrowedServers} knows; of any other, whatever is done to it counts. */
function isJudged(rule: unknown): boolean {
  return rule === undefined || ['allow', 'deny', 'require'].some((effect) => (rule as Json)[effect] !== undefined);
}

function isPart(some: unknown, all: unknown): boolean {
  return Array.isArray(some) && Array.isArray(all) && some.every((each) => all.includes(each));
}

function toReason({ section, id, before, after, keys }: EntryChange): string {
  if (section === 'second_person') return 'a second person is no longer asked';
  const what = id === '' ? section : `${section}.${id}`;
  if (before === undefined) return `${what} is new`;
  if (after === undefined) return `${what} is gone`;
  return `${what} says something else${keys.length > 0 ? ` of ${keys.join(', ')}` : ''}`;
}
