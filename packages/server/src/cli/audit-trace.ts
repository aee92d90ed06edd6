import { Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import type { ReadRecord } from '../audit/personal.ts';
import {
  type Missing,
  type Trace,
  type TracedGrant,
  type TracedPolicy,
  type TracedRedemption,
  type TraceOrigins,
  trace,
} from '../audit/trace.ts';
import { Problem } from '../problem.ts';
import type { Store } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { type InstallationFlags, readIssuers, type Served, withStore } from './with-store.ts';

/** `credence audit trace ID`: from a tool call back to whoever published the rule, and forward to what followed. */
export function auditTraceCommand(): Command {
  return new Command('trace')
    .description('follow an id back to the rule and who published it, and forward to the calls that came of it')
    .argument('<id>', 'reference of a record (d_...), jti of an ID-JAG or access token, or the trace id of a run')
    .addOption(homeOption())
    .option('--json', 'as one JSON object, the same that the API answers')
    .addHelpText('after', '\nExample:\n  credence audit trace d_3qk0Zc9m1o2VtG8xk2b3Wg')
    .action((id: string, flags: InstallationFlags & { readonly json?: boolean }) =>
      withStore(flags, async (store) => {
        const found = await trace(store, id, originsOf(await readIssuers(flags)));
        if (!found) {
          throw new Problem(
            `Nothing on the record is called ${toPrintable(id)}.`,
            'Look for it with: credence audit list --from 1d',
          );
        }
        if (flags.json) process.stdout.write(`${toVisibleJson(found)}\n`);
        else process.stdout.write(`${(await toStory(store, found)).map(toPrintable).join('\n')}\n`);
      }),
    );
}

/** The issuers whose record is in this store. */
function originsOf({ idp, ras, roles }: Served): TraceOrigins {
  return { idp: roles.includes('idp') ? idp : undefined, ras: roles.includes('ras') ? ras : undefined };
}

const words: Readonly<Record<Missing, string>> = {
  issued_elsewhere: 'not here: issued by an identity provider with a record of its own; ask there for this jti',
  redeemed_elsewhere: 'not here: given by an authorization server with a record of its own; ask there for this jti',
  never_issued: 'MISSING: redeemed here, and never issued. Somebody else has the key, or the record was changed (T13)',
  never_redeemed: 'MISSING: used here, and never given out. Somebody else has the key, or the record was changed (T13)',
  before_the_record: 'not here any more: from before the oldest line that is kept',
  version_unknown: 'this version is not in the store',
  publication_unknown: 'no line says who published it: older than the record that is kept',
};

type NameOf = (record: ReadRecord) => Promise<string>;

async function toStory(store: Store, { id, as, record, grants, others }: Trace): Promise<string[]> {
  const names = new Map<string, string>();
  const nameOf: NameOf = async ({ person, subject, erased }) => {
    const who = person ?? subject;
    if (who === undefined) return erased ? 'somebody who was erased' : 'nobody';
    const known = names.get(who) ?? (await store.people.find(who))?.email ?? who;
    names.set(who, known);
    return known;
  };
  const lines = [`${id}  ${kinds[as]}`];
  if (record) lines.push('', await toRecordLine(record, nameOf));
  for (const grant of grants) lines.push('', ...(await toGrantLines(grant, nameOf)));
  if (others.length > 0) lines.push('', 'Beside it');
  for (const other of others) lines.push(`  ${await toRecordLine(other, nameOf)}`);
  if (grants.length === 0) lines.push('', 'No ID-JAG and no access token came of it.');
  return lines;
}

const kinds: Readonly<Record<Trace['as'], string>> = {
  record: 'a record',
  id_jag: 'an ID-JAG',
  access_token: 'an access token',
  correlation: 'a run',
};

/** Back in time: calls, the token, the ID-JAG, the decision, the policy. */
async function toGrantLines(grant: TracedGrant, nameOf: NameOf): Promise<string[]> {
  const lines: string[] = [];
  for (const redemption of grant.redemptions) lines.push(...(await toRedemptionLines(redemption, nameOf)));
  if (grant.redemptions.length === 0) lines.push('access token   none was given for it here');
  for (const other of grant.others) lines.push(`              ${await toRecordLine(other, nameOf)}`);
  if (grant.idJag === undefined) return lines;
  lines.push(`ID-JAG        ${grant.idJag}`);
  for (const what of grant.missing) lines.push(`              ${words[what]}`);
  const { issuance } = grant;
  if (!issuance) return lines;
  const scopes = (issuance.scopesGranted ?? []).join(' ');
  lines.push(
    `              issued ${toTime(issuance)} to ${issuance.client ?? '-'} for ${await nameOf(issuance)}, ${issuance.server ?? issuance.audience ?? '-'}: ${scopes}  ${issuance.id}`,
  );
  if (issuance.decision) {
    const { effect, because } = issuance.decision;
    lines.push(`decision      ${effect}, by ${because.join(', ') || 'no rule'}`);
  }
  return [...lines, ...toPolicyLines(grant.policy)];
}

async function toRedemptionLines(traced: TracedRedemption, nameOf: NameOf): Promise<string[]> {
  const { accessToken, redemption, calls, callsLeftOut, missing, policy } = traced;
  const lines = [`tool calls    ${calls.length === 0 ? 'none' : calls.length + callsLeftOut}`];
  for (const call of calls) lines.push(`              ${await toRecordLine(call, nameOf)}`);
  if (callsLeftOut > 0) lines.push(`              and ${callsLeftOut} more`);
  lines.push(`access token  ${accessToken}`);
  for (const what of missing) lines.push(`              ${words[what]}`);
  if (!redemption) return lines;
  const scopes = (redemption.scopesGranted ?? []).join(' ');
  lines.push(
    `              given ${toTime(redemption)} to ${redemption.client ?? '-'} for ${await nameOf(redemption)}, ${redemption.server ?? '-'}: ${scopes}  ${redemption.id}`,
  );
  return [...lines, ...toPolicyLines(policy)];
}

function toPolicyLines(policy: TracedPolicy | undefined): string[] {
  if (!policy) return [];
  const { kind, version, publishedAtMs, author, publication, rules, missing } = policy;
  const when = publishedAtMs === undefined ? '' : `, published ${new Date(publishedAtMs).toISOString()}`;
  const lines = [`policy        ${kind} version ${version}${when}${author ? ` by ${publication?.by ?? author}` : ''}`];
  if (publication) lines.push(`              ${publication.detail ?? ''}  ${publication.id}`.trimEnd());
  if (missing) lines.push(`              ${words[missing]}`);
  for (const { id, rule } of rules) {
    lines.push(`              rule ${id}  ${rule === undefined ? 'is not in that document' : JSON.stringify(rule)}`);
  }
  return lines;
}

async function toRecordLine(record: ReadRecord, nameOf: NameOf): Promise<string> {
  const what = record.tool ?? (record.scopesGranted ?? record.scopesAsked ?? []).join(' ');
  const parts = [
    toTime(record),
    record.kind,
    record.outcome,
    await nameOf(record),
    record.client,
    record.server ?? record.audience,
    what,
    record.reason,
    record.id,
  ];
  return parts.filter((part) => part !== undefined && part !== '').join('  ');
}

function toTime({ timeMs }: ReadRecord): string {
  return new Date(timeMs).toISOString();
}
