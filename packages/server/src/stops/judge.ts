import { type AccessToken, descendsFrom, type EpochSeconds, type Marks, type Refusal } from '@credence/mcp/protocol';
import { type Hit, type Standing, type Stop, standingOf } from '../store/stop.ts';

/** What is stopped, in memory, as both token endpoints, introspection and the gateway ask it. */
export interface StopIndex {
  /** Nothing is: then nobody need ask further. */
  readonly none: boolean;
  /** Side A: by what and value. */
  readonly issuing: ReadonlyMap<string, Omit<Standing, 'tokensBefore'>>;
  /** Side B, in the order in which they were made. */
  readonly redeeming: readonly RasHit[];
  /** How many there are of each issuer that says them, by its mark. */
  readonly saidBy: ReadonlyMap<string, number>;
}

interface RasHit extends Standing {
  readonly hit: Hit;
}

export function toStopIndex(stops: readonly Stop[]): StopIndex {
  const issuing = new Map<string, Omit<Standing, 'tokensBefore'>>();
  const redeeming: RasHit[] = [];
  const saidBy = new Map<string, number>();
  for (const stop of stops) {
    for (const hit of stop.hits) {
      const standing = standingOf(stop, hit);
      if (hit.at === 'ras') {
        redeeming.push({ hit, ...standing });
        const by = hit.from ?? (hit.what === 'issuer' ? hit.value : undefined);
        if (by !== undefined) saidBy.set(by, (saidBy.get(by) ?? 0) + 1);
      }
      if (hit.at !== 'idp') continue;
      const key = keyOf(hit.what, hit.value);
      const known = issuing.get(key);
      issuing.set(key, {
        stands: standing.stands || known?.stands === true,
        grantsBefore: Math.max(standing.grantsBefore, known?.grantsBefore ?? 0),
      });
    }
  }
  return { none: issuing.size === 0 && redeeming.length === 0, issuing, redeeming, saidBy };
}

function keyOf(what: Hit['what'], value: string): string {
  return `${what}\n${value}`;
}

/** Who asks for an ID-JAG, and with what. */
export interface Asking {
  /** As requests name it. */
  readonly client: string;
  readonly person: string;
  readonly session: string;
  /** Key of an ID Token; a refresh token has none. */
  readonly kid: string | undefined;
  /** Of the ID Token or refresh token. */
  readonly issuedAt: EpochSeconds;
}

/** Side A, as soon as it is known who asks. */
export function checkAsking({ issuing }: StopIndex, asking: Asking): Refusal | undefined {
  const { client, person, session, kid, issuedAt } = asking;
  const asked = [
    ['everything', '', 'everything_stopped'],
    ['key', kid, 'key_stopped'],
    ['client', client, 'client_stopped'],
    ['person', person, 'person_stopped'],
    ['session', session, 'session_stopped'],
  ] as const;
  for (const [what, value, refusal] of asked) {
    const found = value === undefined ? undefined : issuing.get(keyOf(what, value));
    if (found?.stands) return refusal;
    if (found && issuedAt <= found.grantsBefore) return 'subject_token_before_stop';
  }
  return undefined;
}

/** Side A, when it is decided: what would be granted, on which rules it rests, and which key would sign. */
export function checkGrant(
  { issuing }: StopIndex,
  grant: { readonly server: string; readonly because: readonly string[]; readonly kid: string },
): Refusal | undefined {
  if (issuing.get(keyOf('server', grant.server))?.stands) return 'server_stopped';
  if (grant.because.some((rule) => issuing.get(keyOf('rule', rule))?.stands)) return 'rule_stopped';
  return issuing.get(keyOf('key', grant.kid))?.stands ? 'key_stopped' : undefined;
}

/** Whether somebody may not sign in, or a client not be signed in to. */
export function isStoppedAtSignIn({ issuing }: StopIndex, what: 'person' | 'client', value: string): boolean {
  return issuing.get(keyOf(what, value))?.stands === true;
}

/** An ID-JAG that was verified, and what it would be redeemed for. */
export interface Redeeming {
  readonly marks: Marks;
  readonly idJag: string;
  /** By the clock of its issuer. */
  readonly issuedAt: EpochSeconds;
  readonly client: string;
  readonly resource: string;
  /** Once it is known. */
  readonly account: string | undefined;
}

/** Side B. */
export function checkRedeeming({ redeeming }: StopIndex, asked: Redeeming): Refusal | undefined {
  for (const { hit, stands, grantsBefore } of redeeming) {
    if (!concernsIdJag(hit, asked)) continue;
    if (stands) return refusalOf[hit.what];
    if (asked.issuedAt <= grantsBefore) return 'id_jag_before_stop';
  }
  return undefined;
}

/** What has no row of its own at side B is none of its matters, and never a hit there. */
const refusalOf: Readonly<Record<Hit['what'], Refusal>> = {
  person: 'person_stopped',
  account: 'person_stopped',
  client: 'client_stopped',
  server: 'server_stopped',
  rule: 'rule_stopped',
  session: 'session_stopped',
  id_jag: 'id_jag_stopped',
  issuer: 'issuer_stopped',
  key: 'key_stopped',
  everything: 'everything_stopped',
};

function concernsIdJag({ what, value, from }: Hit, { marks, idJag, client, resource, account }: Redeeming): boolean {
  const isOf = (mark: string) => mark === marks.issuer || mark === marks.tenant || mark === marks.key;
  if (from !== undefined && !isOf(from)) return false;
  if (what === 'everything') return true;
  if (what === 'issuer' || what === 'key') return isOf(value);
  return value === { client, server: resource, account, id_jag: idJag }[what as 'client'];
}

/** Side B: whether an access token of ours is dead, at introspection and at the gateway. */
export function isTokenStopped(
  { redeeming }: StopIndex,
  token: Pick<AccessToken, 'clientId' | 'resource' | 'subject' | 'lineage' | 'issuedAt'>,
): boolean {
  return redeeming.some(
    ({ hit, stands, tokensBefore }) => concernsToken(hit, token) && (stands || token.issuedAt <= tokensBefore),
  );
}

/** Side B: whether any stop is about tokens for this resource, be it only those from before. */
export function isResourceStopped({ redeeming }: StopIndex, resource: string): boolean {
  return redeeming.some(({ hit: { what, value } }) => what !== 'id_jag' && (what !== 'server' || value === resource));
}

function concernsToken(
  { what, value, from }: Hit,
  token: Pick<AccessToken, 'clientId' | 'resource' | 'subject' | 'lineage'>,
): boolean {
  if (from !== undefined && !descendsFrom(token.lineage, from)) return false;
  if (what === 'everything') return true;
  if (what === 'issuer' || what === 'key') return descendsFrom(token.lineage, value);
  return value === { client: token.clientId, server: token.resource, account: token.subject }[what as 'client'];
}
