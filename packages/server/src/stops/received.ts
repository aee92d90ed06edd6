import { createHash } from 'node:crypto';
import type { EpochSeconds, StopSaid } from '@credence/mcp/protocol';
import type { TrustedIssuer } from '../policy/model.ts';
import { cutAt, type Hit, type Stop, untilOf } from '../store/stop.ts';
import type { RevokedToken, Store } from '../store/store.ts';
import { issuerMark } from './descent.ts';

/** What a stop is judged by at the RAS that hears of it. */
interface Hearing {
  readonly now: EpochSeconds;
  /** By the clock of the issuer. */
  readonly happenedAt: EpochSeconds;
  readonly ras: { readonly maxIdJagLifetimeSeconds: number; readonly skewSeconds: number };
}

/**
 * A stop as its issuer says it, so that it concerns nothing but what descends from that issuer (T09). It has two clocks, as a
 * cut-off has (ADR 0024): ID-JAGs go by theirs; tokens by ours, as far back as an ID-JAG from before could have become one.
 */
export function toReceivedStop(
  said: StopSaid,
  issuer: TrustedIssuer,
  { now, happenedAt, ras }: Hearing,
): Omit<Stop, 'position'> {
  const mark = issuerMark(issuer.issuer, issuer.tenant);
  const value = said.what === 'everything' ? mark : (said.value ?? '');
  const hit: Hit =
    said.what === 'everything'
      ? { at: 'ras', what: 'issuer', value }
      : { at: 'ras', what: said.what, value, from: mark };
  const ended = said.resumedAt;
  return {
    id: receivedStopId(issuer, said.id),
    kind: said.what === 'id_jag' ? 'token' : said.what === 'everything' ? 'issuer' : said.what,
    target: said.what === 'everything' ? issuer.issuer : value,
    hits: [hit],
    origin: issuer.issuer,
    reason: 'its issuer says so',
    by: issuer.issuer,
    at: Math.ceil(happenedAt),
    // Of one ID-JAG nothing is left after an hour: what stood for ever would be read by everybody for ever.
    endsAt: said.what === 'id_jag' ? untilOf(now) : undefined,
    resumed:
      ended === undefined
        ? undefined
        : {
            at: now,
            by: issuer.issuer,
            reason: 'its issuer says so',
            grantsBefore: Math.ceil(ended),
            tokensBefore: Math.min(cutAt(now), Math.ceil(ended) + ras.maxIdJagLifetimeSeconds + 2 * ras.skewSeconds),
            until: untilOf(now),
          },
  };
}

/** The same at every node, and for whatever is said of it later; of two issuers never the same. */
export function receivedStopId({ issuer, tenant }: Pick<TrustedIssuer, 'issuer' | 'tenant'>, id: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([issuer, tenant ?? '', id]))
    .digest('base64url');
  return `sr_${digest.slice(0, 22)}`;
}

/**
 * Access tokens that the record knows under this `jti`, their own or that of their ID-JAG.
 * @param of - only those given for an ID-JAG of this issuer: a `jti` is unique with its issuer, and nobody speaks for another (T09)
 */
export async function tokensInRecord(
  jti: string,
  { audit }: Pick<Store, 'audit'>,
  of?: Pick<TrustedIssuer, 'issuer' | 'tenant'>,
): Promise<readonly RevokedToken[]> {
  const found = new Map<string, RevokedToken>();
  for (const { body } of await audit.findByToken(jti)) {
    const line = JSON.parse(body) as RedemptionLine;
    const { kind, accessToken: id, resource, timeMs } = line;
    if (of && (line.idJag !== jti || line.issuer !== of.issuer || line.tenant !== of.tenant)) continue;
    if (kind !== 'redemption' || id === undefined || resource === undefined || timeMs === undefined) continue;
    found.set(id, { id, resource, until: untilOf(Math.floor(timeMs / 1000)) });
  }
  return [...found.values()];
}

interface RedemptionLine {
  readonly kind?: string;
  readonly idJag?: string;
  readonly accessToken?: string;
  readonly resource?: string;
  readonly timeMs?: number;
  readonly issuer?: string;
  readonly tenant?: string;
}

/** The last moment of an access token: introspection, gateways and guards refuse it from now on. */
export async function revokeTokens(tokens: readonly RevokedToken[], store: Pick<Store, 'cutOffs' | 'commit'>) {
  for (const token of tokens) {
    // Guards hear of it first: should the rest fail, it is done again.
    await store.cutOffs.revokeToken(token);
    const { id, until } = token;
    await store.commit({ marks: [{ kind: 'token_revoked', id, until }], records: [] });
  }
}
