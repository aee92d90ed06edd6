import { type IdJag, no, ok, type Result } from '@credence/mcp/protocol';
import { toRow } from '../audit/record.ts';
import { type Call, eventId, randomId } from '../call.ts';
import type { AccountRule, TrustedIssuer } from '../policy/model.ts';
import type { Account, CutOff, Store } from '../store/store.ts';

/**
 * The one local account of a subject (RAS-23): by issuer, tenant and subject. A subject without one may be given an account
 * that was made beforehand, where the issuer is trusted to say so, and keeps it from then on. An account that has a subject
 * is never given to another, and none of another issuer or tenant is even looked at (RAS-24, T11).
 */
export async function resolveAccount(
  call: Call,
  idJag: IdJag,
  { accounts, accountErrorIsGrant }: TrustedIssuer,
  store: Store,
): Promise<Result<Account>> {
  const named = accounts.byAudSub ? idJag.audSub : undefined;
  const known = await findBySubject(call, idJag, store);
  // Before anything is made or linked for a subject that gets nothing anyway.
  const cutOff = known ? known.cutOff : await store.cutOffs.find(idJag);
  const standing = checkCutOff(idJag, cutOff, accountErrorIsGrant);
  if (!standing.ok) return standing;
  const found =
    known ??
    (named === undefined
      ? await linkByEmail(call, idJag, accounts, store)
      : await linkByAudSub(call, idJag, named, store));
  // Whoever names an account means this one: two answers to the question who it is are none.
  if (named !== undefined && found?.id !== named) return no('account_named_other');
  if (!found && accounts.unknown === 'refuse') {
    return no(accountErrorIsGrant ? 'account_unknown_to_old_client' : 'account_unknown');
  }
  const account = found ?? (await store.accounts.findOrCreate(idJag, randomId('a_')));
  if (account.active) return ok(account);
  return no(accountErrorIsGrant ? 'account_inactive_to_old_client' : 'account_inactive');
}

/**
 * What the issuer itself has cut off gets nothing: an ID-JAG from before the event (B70), and a disabled account whatever the
 * time in the ID-JAG, since a clock that is fast, or a node that has not heard yet, may have issued it after the event (T19).
 */
function checkCutOff({ issuedAt }: IdJag, cutOff: CutOff | undefined, errorIsGrant: boolean): Result<undefined> {
  if (!cutOff) return ok(undefined);
  if (cutOff.blocked) return no(errorIsGrant ? 'subject_blocked_to_old_client' : 'subject_blocked');
  return issuedAt <= cutOff.grantsBefore ? no('id_jag_revoked') : ok(undefined);
}

async function findBySubject(call: Call, idJag: IdJag, store: Store): Promise<Account | undefined> {
  const account = await store.accounts.find(idJag);
  if (account) call.note({ accountBy: 'subject' });
  return account;
}

function linkByAudSub(call: Call, idJag: IdJag, id: string, store: Store): Promise<Account | undefined> {
  return link(call, idJag, id, 'aud_sub', store);
}

async function linkByEmail(
  call: Call,
  idJag: IdJag,
  accounts: AccountRule,
  store: Store,
): Promise<Account | undefined> {
  const email = trustedEmail(idJag, accounts);
  const waiting = email === undefined ? undefined : await store.accounts.findByEmail(idJag, email);
  return waiting && waiting.subject === undefined ? link(call, idJag, waiting.id, 'email', store) : undefined;
}

/**
 * The address, if this issuer may link an account by it: in a domain that the resource document says it owns, and verified.
 * ASCII only: in other alphabets two different addresses can be one when their case is ignored.
 */
function trustedEmail({ email, emailVerified }: IdJag, accounts: AccountRule): string | undefined {
  const [, domain = ''] = /^[\x21-\x3F\x41-\x7E]{1,64}@([A-Za-z0-9.-]{1,255})$/.exec(email ?? '') ?? [];
  if (!accounts.emailDomains.has(domain.toLowerCase())) return undefined;
  const isVerified = emailVerified ?? accounts.emailVerified === 'issuer';
  return isVerified ? email : undefined;
}

/** Pins the account to the subject; then reads who has it, since another request may have been first. */
async function link(
  call: Call,
  idJag: IdJag,
  id: string,
  by: 'email' | 'aud_sub',
  store: Store,
): Promise<Account | undefined> {
  const { issuer, tenant, subject } = idJag;
  const record = toRow({
    v: 2,
    id: eventId('l_'),
    kind: 'admin',
    domain: 'ras',
    timeMs: call.now * 1000,
    outcome: 'allowed',
    issuer,
    ...(tenant !== undefined && { tenant }),
    subject,
    person: id,
    detail: `account linked by ${by}, redemption ${call.id}`,
  });
  if (!(await store.accounts.link(id, idJag, [record]))) return findBySubject(call, idJag, store);
  call.note({ accountBy: by });
  return store.accounts.find(idJag);
}
