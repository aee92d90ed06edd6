import type { Refusal } from '@credence/mcp/protocol';
import type { Store } from '../store/store.ts';
import { type ReadRecord, readRecord } from './personal.ts';

/** Refusals of calls that a page explains to the person whose agent it was; of the others they could do nothing with it. */
const explained: ReadonlySet<Refusal> = new Set(['tool_scope_missing', 'tool_not_listed', 'token_revoked']);

export function isExplainedCall(refusal: Refusal): boolean {
  return explained.has(refusal);
}

/**
 * The line of the ID-JAG that an access token was given for: there where this identity provider has issued it, and both lines are in this
 * record. Each step is one line that is looked up by what the one before it says, and believed only where it says so itself.
 * @param idp - our issuer: the `jti` of another's ID-JAG may be the same
 */
export async function issuanceBehind(
  { audit }: Pick<Store, 'audit'>,
  accessToken: string,
  idp: string,
): Promise<ReadRecord | undefined> {
  const redeemed = await audit.findGiven('access_token', accessToken);
  const redemption = redeemed && readRecord(redeemed);
  const isOurs = redemption?.domain === 'ras' && redemption.accessToken === accessToken && redemption.issuer === idp;
  if (!isOurs || redemption.idJag === undefined) return undefined;
  const issued = await audit.findGiven('id_jag', redemption.idJag);
  const issuance = issued && readRecord(issued);
  return issuance?.domain === 'idp' && issuance.idJag === redemption.idJag ? issuance : undefined;
}

/**
 * A refused call as its person is told of it: what was refused and when, of the gateway's line, and for the rest the decision that the
 * token came from, in the names of the identity provider. `undefined` where it is nobody's of ours, or somebody else's.
 */
export async function refusedCall(
  store: Pick<Store, 'audit'>,
  line: ReadRecord,
  { personId, idp }: { readonly personId: string; readonly idp: string },
): Promise<ReadRecord | undefined> {
  const { id, timeMs, domain, kind, outcome, reason, accessToken, tool, scopesAsked } = line;
  if (accessToken === undefined || reason === undefined || !isExplainedCall(reason)) return undefined;
  const issuance = await issuanceBehind(store, accessToken, idp);
  if (issuance?.person !== personId) return undefined;
  const call = { id, timeMs, domain, kind, outcome, reason, ...(tool !== undefined && { tool }) };
  if (reason === 'tool_scope_missing' && scopesAsked) return { ...issuance, ...call, scopesAsked };
  // Nothing that a rule could give: so nothing of what rules decide by.
  const { inputs: _, scopesAsked: __, ...rest } = issuance;
  return { ...rest, ...call };
}
