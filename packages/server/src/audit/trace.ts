import type { PolicyKind, Store } from '../store/store.ts';
import { type ReadRecord, readRecord } from './personal.ts';

/** Why something that belongs to a trace is not in it. */
export type Missing =
  /** The ID-JAG is of an identity provider that is not part of this installation: its record has the rest. */
  | 'issued_elsewhere'
  /** The token is of an authorization server that is not part of this installation. */
  | 'redeemed_elsewhere'
  /** Ours, redeemed, and never issued: somebody else has our key, or the record was changed (T13). */
  | 'never_issued'
  /** Ours, used, and never given out: as above. */
  | 'never_redeemed'
  /** From before the first line that is still kept. */
  | 'before_the_record'
  /** The version of the policy is not in the store. */
  | 'version_unknown'
  /** Nothing shows that this version was published: older than the record that is kept, or put there by hand. */
  | 'publication_unknown';

/** A rule of a version, as its document has it. */
export interface TracedRule {
  readonly id: string;
  /** As published; absent when the document of that version has no such rule. */
  readonly rule?: unknown;
}

/** The version of a policy that something rests on, and how it came about. */
export interface TracedPolicy {
  readonly kind: PolicyKind;
  readonly version: number;
  readonly publishedAtMs?: number;
  readonly author?: string;
  /** The line that was written with the publication: who, from where, who approved. */
  readonly publication?: ReadRecord;
  /** Rules that spoke in the decision. */
  readonly rules: readonly TracedRule[];
  readonly missing?: Missing;
}

/** One ID-JAG, from the decision to the last call, or as much of that as there is here. */
export interface TracedGrant {
  readonly idJag?: string;
  readonly issuance?: ReadRecord;
  readonly policy?: TracedPolicy;
  readonly redemptions: readonly TracedRedemption[];
  /** Other lines about it: refusals, alerts. */
  readonly others: readonly ReadRecord[];
  readonly missing: readonly Missing[];
}

/** One access token, and what it was used for. */
export interface TracedRedemption {
  readonly accessToken: string;
  readonly redemption?: ReadRecord;
  readonly policy?: TracedPolicy;
  /** The first of them, oldest first. */
  readonly calls: readonly ReadRecord[];
  readonly callsLeftOut: number;
  readonly missing: readonly Missing[];
}

/** Everything that hangs together with one id. What `credence audit trace --json` prints, and the API answers. */
export interface Trace {
  readonly id: string;
  readonly as: 'record' | 'id_jag' | 'access_token' | 'correlation';
  /** The line that was asked for. */
  readonly record?: ReadRecord;
  readonly grants: readonly TracedGrant[];
  /** Lines of a correlation id that belong to no grant: sign-ins, refusals. */
  readonly others: readonly ReadRecord[];
}

/** Who the installation is: issuers of the roles that it plays on this store, as far as it plays them. */
export interface TraceOrigins {
  readonly idp: string | undefined;
  readonly ras: string | undefined;
}

/** A correlation id is one run of one agent; and so many calls of one token are shown. */
const [maxLines, maxCalls] = [1000, 200];

/** Follows an id of a record, an ID-JAG, an access token or a run in both directions; `undefined` when nothing here knows it. */
export async function trace(store: Store, id: string, origins: TraceOrigins): Promise<Trace | undefined> {
  const line = await store.audit.find(id);
  const record = line && readRecord(line);
  if (record) {
    const { others, grants } = await follow(store, [record], origins);
    return { id, as: 'record', record, grants, others: others.filter((one) => one.id !== id) };
  }
  const lines = (await store.audit.findByToken(id)).map(readRecord);
  if (lines.length > 0) {
    const as = lines[0]?.idJag === id ? 'id_jag' : 'access_token';
    return { id, as, ...(await follow(store, lines, origins)) };
  }
  const { rows } = await store.auditSearch.find({ correlation: [id] }, { limit: maxLines });
  if (rows.length === 0) return undefined;
  return { id, as: 'correlation', ...(await follow(store, rows.map(readRecord).reverse(), origins)) };
}

/** From some lines to whole grants: what names an ID-JAG leads to all of it, what names only a token to where that came from. */
async function follow(
  store: Store,
  records: readonly ReadRecord[],
  origins: TraceOrigins,
): Promise<Pick<Trace, 'grants' | 'others'>> {
  const read = createReader(store, origins);
  const idJags = new Set<string>();
  const strayTokens = new Set<string>();
  const others: ReadRecord[] = [];
  for (const record of records) {
    const { idJag, accessToken } = record;
    if (idJag !== undefined) idJags.add(idJag);
    else if (accessToken !== undefined) {
      const from = (await read.linesOf(accessToken)).find(({ kind }) => kind === 'redemption')?.idJag;
      if (from === undefined) strayTokens.add(accessToken);
      else idJags.add(from);
    } else others.push(record);
  }
  const grants: TracedGrant[] = [];
  for (const idJag of idJags) grants.push(await read.grant(idJag));
  for (const token of strayTokens) {
    grants.push({ redemptions: [await read.redemption(token, undefined)], others: [], missing: [] });
  }
  return { grants, others };
}

function createReader(store: Store, origins: TraceOrigins) {
  const policies = new Map<string, Promise<TracedPolicy>>();
  let first: Promise<number> | undefined;
  /** Whether what came before this moment may have been removed from the record since. */
  const isBeforeTheRecord = async (timeMs: number) => {
    first ??= store.audit.read(0, 1).then(([line]) => (line && line.seq > 1 ? line.timeMs : 0));
    return timeMs - longestTokenMs < (await first);
  };

  const linesOf = async (jti: string) => (await store.audit.findByToken(jti)).map(readRecord);

  const policyOf = async ({ policy, decision }: ReadRecord): Promise<TracedPolicy | undefined> => {
    if (!policy) return undefined;
    const key = `${policy.kind} ${policy.version} ${decision?.because.join(' ') ?? ''}`;
    let known = policies.get(key);
    if (!known) {
      known = readPolicy(store, policy, decision?.because ?? []);
      policies.set(key, known);
    }
    return known;
  };

  const redemption = async (accessToken: string, found: ReadRecord | undefined): Promise<TracedRedemption> => {
    const lines = (await linesOf(accessToken)).filter(({ kind }) => kind !== 'redemption');
    const policy = found && (await policyOf(found));
    const missing: Missing[] = [];
    const used = lines[0];
    if (!found) {
      if (lines.some(({ orphan }) => orphan === 'access_token')) missing.push('never_redeemed');
      else if (origins.ras === undefined) missing.push('redeemed_elsewhere');
      else missing.push(used && (await isBeforeTheRecord(used.timeMs)) ? 'before_the_record' : 'never_redeemed');
    }
    return {
      accessToken,
      ...(found && { redemption: found }),
      ...(policy && { policy }),
      calls: lines.slice(0, maxCalls),
      callsLeftOut: Math.max(0, lines.length - maxCalls),
      missing,
    };
  };

  const grant = async (idJag: string): Promise<TracedGrant> => {
    const lines = await linesOf(idJag);
    const issuance = lines.find(({ kind }) => kind === 'issuance');
    const redemptions: TracedRedemption[] = [];
    for (const line of lines) {
      if (line.kind !== 'redemption' || line.accessToken === undefined) continue;
      redemptions.push(await redemption(line.accessToken, line));
    }
    const policy = issuance && (await policyOf(issuance));
    const missing: Missing[] = [];
    if (!issuance) {
      const shown = lines.find(({ issuer }) => issuer !== undefined);
      // Whoever raised the alarm knew whose it was.
      if (lines.some(({ orphan }) => orphan === 'id_jag')) missing.push('never_issued');
      else if (origins.idp === undefined || shown?.issuer !== origins.idp) missing.push('issued_elsewhere');
      else missing.push((await isBeforeTheRecord(shown.timeMs)) ? 'before_the_record' : 'never_issued');
    }
    return {
      idJag,
      ...(issuance && { issuance }),
      ...(policy && { policy }),
      redemptions,
      others: lines.filter(({ kind }) => kind !== 'issuance' && kind !== 'redemption'),
      missing,
    };
  };
  return { linesOf, redemption, grant };
}

/** No ID-JAG or token of ours lives longer: what is missing for longer was not removed with what is old. */
const longestTokenMs = 86_400_000;

/** A version, the line of its publication, and the rules of it that are named. */
async function readPolicy(
  store: Store,
  { kind, version }: { readonly kind: PolicyKind; readonly version: number },
  because: readonly string[],
): Promise<TracedPolicy> {
  const found = await store.policies.read(kind, version);
  if (!found) return { kind, version, rules: because.map((id) => ({ id })), missing: 'version_unknown' };
  const publishedAtMs = found.publishedAt * 1000;
  const publication = await findPublication(store, kind, version, publishedAtMs);
  const { rules } = JSON.parse(found.document) as { rules?: unknown };
  const ruleOf = (id: string) => (Array.isArray(rules) ? rules : []).find((rule: { id?: unknown }) => rule?.id === id);
  return {
    kind,
    version,
    publishedAtMs,
    author: found.author,
    ...(publication && { publication }),
    rules: because.map((id) => ({ id, ...(ruleOf(id) !== undefined && { rule: ruleOf(id) }) })),
    ...(!publication && { missing: 'publication_unknown' as const }),
  };
}

/** The line that was written in the same step as the version. */
async function findPublication(
  { auditSearch }: Store,
  kind: PolicyKind,
  version: number,
  publishedAtMs: number,
): Promise<ReadRecord | undefined> {
  const around = { fromMs: publishedAtMs - aroundMs, toMs: publishedAtMs + aroundMs };
  let before: number | undefined;
  do {
    const { rows, next } = await auditSearch.find({ kind: ['policy'], ...around }, { before, limit: 100 });
    const found = rows.map(readRecord).find(({ policy }) => policy?.kind === kind && policy.version === version);
    if (found) return found;
    before = next;
  } while (before !== undefined);
  return undefined;
}

const aroundMs = 60_000;
